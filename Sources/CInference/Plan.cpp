#include "Plan.hpp"

#include <algorithm>
#include <chrono>

#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include <sys/mman.h>

#include "Margins.hpp"
#include "Parallel.hpp"
#include "Quantized.hpp"

using namespace cinference;

CInferencePlan::CInferencePlan(int threads, int streams) : threads(threads), streams(streams) {}
CInferencePlan::~CInferencePlan() = default;

Buffer::Buffer(int64_t bytes) {
    constexpr size_t page = size_t(2) << 20;
    const size_t wanted = size_t(bytes);
    const size_t alignment = wanted >= page ? page : 64;
    const size_t rounded = (wanted + alignment - 1) / alignment * alignment;
    if (rounded == 0) return;
    memory.reset(std::aligned_alloc(alignment, rounded));
    if (!memory) throw std::bad_alloc();
    if (alignment == page) madvise(memory.get(), rounded, MADV_HUGEPAGE);
    size = int64_t(rounded);
}

std::shared_ptr<const Weights> Arena::keep(Weights made) {
    for (const auto &known : weights)
        if (auto other = known.lock(); other && *other == made) return other;
    weights.erase(
        std::remove_if(weights.begin(), weights.end(), [](const auto &known) { return known.expired(); }),
        weights.end());
    auto kept = std::make_shared<const Weights>(std::move(made));
    weights.push_back(kept);
    return kept;
}

void Arena::reserve(int64_t bytes, int count) {
    wanted = std::max(wanted, bytes);
    // New ones, that no plan has used: another may have stood at the address of the one that is made.
    spaces = std::vector<Space>(size_t(count));
    for (Space &space : spaces) space.memory = Buffer(wanted);
}

Arena::Space &Arena::take() {
    std::unique_lock lock(mutex);
    for (;;) {
        for (Space &space : spaces) {
            if (space.isTaken) continue;
            space.isTaken = true;
            return space;
        }
        returned.wait(lock);
    }
}

void Arena::giveBack(Space &space) {
    const std::lock_guard lock(mutex);
    space.isTaken = false;
    returned.notify_one();
}

int64_t Arena::bytes() const {
    int64_t sum = 0;
    for (const Space &space : spaces) sum += space.memory.bytes();
    return sum;
}

const Kernels *cinference::kernels(int32_t type) {
#if defined(__x86_64__)
    bool hasBfloat16 = false;
    switch (dnnl::get_effective_cpu_isa()) {
        case dnnl::cpu_isa::all:
        case dnnl::cpu_isa::avx512_core_bf16:
        case dnnl::cpu_isa::avx512_core_amx: hasBfloat16 = true; [[fallthrough]];
        case dnnl::cpu_isa::avx512_core_vnni:
            if (type == CInferenceUint8) return &byteKernels;
            [[fallthrough]];
        case dnnl::cpu_isa::avx512_core:
            if (type == CInferenceBfloat16 && hasBfloat16) return &bfloat16Kernels;
            return type == CInferenceFloat32 ? &avx512Kernels : nullptr;
        case dnnl::cpu_isa::avx2:
        case dnnl::cpu_isa::avx2_vnni: return type == CInferenceFloat32 ? &avx2Kernels : nullptr;
        default: break;
    }
#endif
    return type == CInferenceFloat32 ? &baselineKernels : nullptr;
}

const QuantizedKernels *cinference::quantizedKernels() {
#if defined(__x86_64__)
    if (kernels(CInferenceUint8)) return &vnniKernels;
#endif
    return nullptr;
}

const Kernels &cinference::kernelsFor(const CInferenceTensor &map) {
    if (const Kernels *found = kernels(map.type)) return *found;
    throw Unsupported("no instructions for this element type");
}

int32_t cinference_has_type(int32_t type) {
    return kernels(type) != nullptr;
}

int32_t cinference_joins(int32_t type) {
    const Kernels *own = kernels(type);
    return type == CInferenceUint8 ? quantizedKernels() != nullptr : own && own->pointwise;
}

int32_t cinference_block(void) {
    return kernels().block;
}

const char *cinference_instruction_set(void) {
#if defined(__aarch64__)
    // oneDNN 2.6 has no enumerators for these: the numbers are its own, and stand for other instructions on x86-64.
    switch (int(dnnl::get_effective_cpu_isa())) {
        case 0x1: return "asimd";
        case 0x1f: return "sve_512";
        default: return "unknown";
    }
#else
    switch (dnnl::get_effective_cpu_isa()) {
        case dnnl::cpu_isa::all: return "all";
        case dnnl::cpu_isa::sse41: return "sse41";
        case dnnl::cpu_isa::avx: return "avx";
        case dnnl::cpu_isa::avx2: return "avx2";
        case dnnl::cpu_isa::avx2_vnni: return "avx2_vnni";
        case dnnl::cpu_isa::avx512_core: return "avx512_core";
        case dnnl::cpu_isa::avx512_core_vnni: return "avx512_core_vnni";
        case dnnl::cpu_isa::avx512_core_bf16: return "avx512_core_bf16";
        case dnnl::cpu_isa::avx512_core_amx: return "avx512_core_amx";
        default: return "unknown";
    }
#endif
}

double cinference_peak(int32_t threads, int32_t type) {
    using Clock = std::chrono::steady_clock;
    const Kernels *own = kernels(type);
    if (!own) return 0;
    double best = 0;
    // Long enough for the scheduler to give each thread a core.
    for (int trial = 0; trial < 30; ++trial) {
        std::atomic<int64_t> operations{0};
        const auto before = Clock::now();
        onEachThread(threads, [&] {
            float sink[16];
            operations += own->multiplyAdd(1 << 19, sink);
        });
        const double seconds = std::chrono::duration<double>(Clock::now() - before).count();
        best = std::max(best, double(operations) / seconds * 1e-9);
    }
    return best;
}

int32_t cinference_has_fast_kernels(void) {
    return &kernels() != &baselineKernels;
}

int32_t cinference_plan_create(
    int32_t threads, int32_t streams, const CInferencePlan *sharing, CInferencePlan **plan,
    CInferenceMessage *message) {
    return guarded(message, [&] {
        omp_set_num_threads(threads);
        auto made = std::make_unique<CInferencePlan>(threads, streams);
        if (sharing) made->arena = sharing->arena;
        // Preparing weights takes memory of its own meanwhile.
        made->arena->release();
        *plan = made.release();
    });
}

void cinference_plan_destroy(CInferencePlan *plan) {
    delete plan;
}

static void append(
    CInferencePlan *plan, std::unique_ptr<Step> step, const CInferenceTensor &result, std::vector<Reading> reads) {
    step->result = result;
    step->reads = std::move(reads);
    plan->steps.push_back(std::move(step));
}

int32_t cinference_plan_add_convolution(
    CInferencePlan *plan, const CInferenceConvolution *step, CInferenceMessage *message) {
    return guarded(message, [&] {
        const auto make = isWinograd(*step) ? (step->quantized ? makeQuantizedWinograd : makeWinograd)
            : step->quantized               ? makeQuantizedConvolution
            : isPointwise(*step)            ? makePointwise
            : isImage(*step)                ? makeImage
                                            : makeConvolution;
        const int32_t kernel = step->kernel_height == step->kernel_width ? step->kernel_height : 0;
        std::vector<Reading> reads{{step->source, kernel, step->stride, step->pad_top, step->pad_left}};
        if (step->joins) reads.push_back({step->second});
        if (step->accumulates) reads.push_back({step->summand});
        if (step->gated) reads.push_back({step->gate, 0});
        append(plan, make(*step, *plan), step->destination, std::move(reads));
    });
}

int32_t cinference_plan_add_depthwise(CInferencePlan *plan, const CInferenceDepthwise *step, CInferenceMessage *message) {
    return guarded(message, [&] {
        const bool quantized = step->source.type == CInferenceUint8;
        append(
            plan, (quantized ? makeQuantizedDepthwise : makeDepthwise)(*step, *plan), step->destination,
            {{step->source, 0}});
    });
}

int32_t cinference_plan_add_expanded_depthwise(
    CInferencePlan *plan, const CInferenceExpandedDepthwise *step, CInferenceMessage *message) {
    return guarded(message, [&] {
        const bool quantized = step->source.type == CInferenceUint8;
        append(
            plan, (quantized ? makeQuantizedExpandedDepthwise : makeExpandedDepthwise)(*step, *plan),
            step->depthwise.destination, {{step->source, 0}});
    });
}

int32_t cinference_plan_add_map_step(CInferencePlan *plan, const CInferenceMapStep *step, CInferenceMessage *message) {
    return guarded(message, [&] {
        std::vector<Reading> reads{{step->source}};
        Reading &reading = reads[0];
        if (step->kind == CInferenceMaxPool) reading = {step->source, step->kernel, step->stride, step->pad, step->pad};
        // Neighbouring pixels of a shuffle come from other channels each: no line is like the next.
        if (step->kind == CInferenceMean || (step->kind == CInferenceShuffle && step->factor > 1)) reading.kernel = 0;
        if (step->kind == CInferenceUpsample) reading.factor = step->factor;
        if (step->kind == CInferenceAdd) reads.push_back({step->second});
        if (step->kind == CInferenceScale) reads.push_back({step->second, 0});
        // What else a concatenation holds stays.
        const int32_t block = kernels().block, copied = (step->channels + block - 1) / block * block;
        if (step->kind == CInferenceCopyChannels && (step->first_channel > 0 || copied < step->destination.channels))
            reads.push_back({step->destination});
        append(plan, makeMapStep(*step), step->destination, std::move(reads));
    });
}

int32_t cinference_plan_add_tap_sum(CInferencePlan *plan, const CInferenceTapSum *step, CInferenceMessage *message) {
    return guarded(message, [&] {
        std::vector<Reading> reads;
        for (int i = 0; i < step->count; ++i) {
            const bool isLast = step->convolution && i + 1 == step->count;
            reads.push_back({isLast ? step->convolution->source : step->sources[i], 3, 1, 1, 1, step->factors[i]});
        }
        if (step->accumulates) reads.push_back({step->summand});
        append(
            plan, (step->convolution ? makeQuantizedTapSum : makeTapSum)(*step, *plan), step->destination,
            std::move(reads));
    });
}

const char *cinference_plan_implementation(const CInferencePlan *plan, int32_t index) {
    return plan->steps[size_t(index)]->implementation.c_str();
}

int64_t cinference_plan_scratch(const CInferencePlan *plan, int32_t index) {
    return int64_t(plan->steps[size_t(index)]->scratchBytes());
}

int32_t cinference_plan_finish(
    CInferencePlan *plan, const CInferencePlace *places, int32_t tensors, const int64_t *scratch, int64_t bytes,
    const float *padding, int32_t channels, CInferenceMessage *message) {
    return guarded(message, [&] {
        plan->places.assign(places, places + tensors);
        plan->scratch.assign(scratch, scratch + plan->steps.size());
#if defined(__GLIBC__)
        // The weights as they were before they were reordered are free by now; keep them from adding to the peak.
        malloc_trim(0);
#endif
        plan->arenaBytes = bytes;
        plan->arena->reserve(bytes, plan->streams);
        plan->margins = std::make_unique<Margins>(*plan, std::vector(padding, padding + channels));
    });
}

int64_t cinference_plan_bytes(const CInferencePlan *plan) {
    int64_t bytes = plan->arena->bytes() + (plan->margins ? plan->margins->bytes() : 0);
    for (const auto &step : plan->steps) bytes += step->weightBytes();
    return bytes;
}

/// A space of the plan's arena while an image is computed. All zero where another plan has used it or none: lanes
/// beyond a tensor's channels are read, times zero, and must never hold a NaN.
struct TakenSpace {
    explicit TakenSpace(const CInferencePlan &plan) : arena(*plan.arena), space(arena.take()) {
        if (space.user == &plan) return;
        constexpr int64_t part = int64_t(4) << 20;
        parallel(plan.threads, (plan.arenaBytes + part - 1) / part, [&](int64_t index) {
            std::memset(data() + index * part, 0, size_t(std::min(part, plan.arenaBytes - index * part)));
        });
        space.user = &plan;
    }
    ~TakenSpace() { arena.giveBack(space); }
    TakenSpace(const TakenSpace &) = delete;
    char *data() const { return space.memory.data(); }

    Arena &arena;
    Arena::Space &space;
};

int32_t cinference_plan_execute(
    CInferencePlan *plan, const float *input, float *output, double *seconds, double *shares, int32_t *overflowed,
    CInferenceMessage *message) {
    *overflowed = -1;
    const int32_t code = guarded(message, [&] {
        using Clock = std::chrono::steady_clock;
        omp_set_num_threads(plan->threads);
        const TakenSpace taken(*plan);
        char *const arena = taken.data();
        Run run{{arena, reinterpret_cast<char *>(const_cast<float *>(input)),
                 reinterpret_cast<char *>(output)},
                plan->places.data(), nullptr, plan->threads,
                plan->stream};
        const Region content = plan->margins->content(input);
        const EmptyCanvas *const canvas = plan->margins->canvas(content, run);
        clearOverflow(plan->threads);
        auto before = Clock::now();
        PartialMaps maps(*plan, content, canvas);
        for (size_t i = 0; i < plan->steps.size(); ++i) {
            maps.execute(i, run);
            if (!seconds) continue;
            const auto now = Clock::now();
            seconds[i] = std::chrono::duration<double>(now - before).count();
            const CInferenceTensor &result = plan->steps[i]->result;
            shares[i] = double(run.region.pixels()) / double(whole(result).pixels());
            before = now;
        }
        if (!hasOverflowed(plan->threads)) return;
        // Once more, to tell which step it was.
        PartialMaps again(*plan, content, canvas);
        for (size_t i = 0; i < plan->steps.size() && *overflowed < 0; ++i) {
            clearOverflow(plan->threads);
            again.execute(i, run);
            if (hasOverflowed(plan->threads)) *overflowed = int32_t(i);
        }
    });
    return code == CInferenceDone && *overflowed >= 0 ? int32_t(CInferenceOverflowed) : code;
}

void cinference_activate(float *values, int64_t count, int32_t activation) {
    kernels().activateArray(values, count, activation);
}

void cinference_parallel(int32_t threads, int64_t count, void *context, void (*body)(void *context, int64_t index)) {
    parallel(threads, count, [&](int64_t index) { body(context, index); });
}
