// Convolutions of bytes, dense and depthwise, by our own kernels: QuantizedBodies.hpp.
#include <algorithm>
#include <cmath>

#include "Parallel.hpp"
#include "Plan.hpp"
#include "Quantized.hpp"
#include "Winograd.hpp"

using namespace cinference;

namespace {

constexpr int64_t floatBytes = sizeof(float);

template <typename Step>
ConvolutionShape shapeOf(const Step &step) {
    const auto &from = step.source, &to = step.destination;
    return {from.height, from.width, to.height, to.width, step.stride, step.pad_top, step.pad_left};
}

/// Where a step's results go, its place aside.
struct Output : QuantizedOutput {
    Output(const CInferenceTensor &to, int32_t activation)
        : QuantizedOutput{nullptr, to.type, activation, 1 / to.scale, float(to.zero), nullptr, 0} {
        if (to.type != CInferenceUint8 || activation != CInferenceSilu) return;
        // From where hardly anything is left of a SiLU to where it leaves the bytes' range.
        auto byte = [&](double x) { return x / (1 + std::exp(-x)) / to.scale + to.zero; };
        // SiLU(x + 1/2) is nowhere below a positive x.
        const double high = (255 - to.zero) * double(to.scale) + 0.5;
        double low = -4;
        while (to.zero - byte(low) > 0.125) low -= 0.25;
        const double part = (high - low) / parts;
        for (int i = 0; i < parts; ++i) {
            // The line through the part's Chebyshev nodes.
            const double middle = low + (i + 0.5) * part, reach = part / 2 / std::sqrt(2.0);
            const double before = byte(middle - reach), after = byte(middle + reach);
            const double slope = (after - before) / (2 * reach) * part;
            lines.base[i] = rounded(((before + after) / 2 - slope / 2) * 128 + 64);
            lines.slope[i] = rounded(slope * 128);
        }
        lines.factor = float(512 / part);
        lines.offset = float(-low * 512 / part);
        table = &lines;
    }
    Output(const Output &) = delete;

private:
    static constexpr int parts = 64;
    static int16_t rounded(double x) { return int16_t(std::lround(std::min(32767.0, std::max(-32768.0, x)))); }
    ActivationTable lines;
};

class QuantizedConvolutionStep final : public Step {
public:
    QuantizedConvolutionStep(const CInferenceConvolution &step, const CInferencePlan &plan)
        : step(step), output(step.destination, step.activation), threads(plan.threads), blocks(step.destination.channels / 16),
          steps(step.kernel_height * step.kernel_width * ((step.source.channels + 3) / 4)), bias(step.bias, step.destination.channels) {
        if (!quantizedKernels()) throw Unsupported("no instructions for bytes");
        const bool isImage = !step.source.blocked, fits = isImage ? step.source.channels <= 4 && step.stride == 2 : step.stride <= 2;
        if (!fits || step.groups != 1 || step.kernel_height * step.kernel_width > mostQuantizedTaps)
            throw Unsupported("a convolution that no kernel for bytes is made for");
        implementation = std::string("quantized:") + quantizedKernels()->name;
        packed = Buffer(int64_t(blocks) * steps * 64 * floatBytes);
        pack();
        if (step.accumulates && step.summand.type == CInferenceUint8)
            for (int o = 0; o < step.destination.channels; ++o)
                bias.floats()[o] -= step.summand.scale * float(step.summand.zero);
        if (step.gated) return;
        Buffer all(roundedBytes());
        quantize(all.data(), nullptr, plan.threads);
        rounded = plan.arena->keep(std::move(all), roundedBytes());
        packed = Buffer();
    }

    void execute(const Run &run) override {
        QuantizedArguments a = arguments(run);
        a.output.destination = run.at(step.destination);
        quantizedKernels()->convolution(a);
    }

    /// All that a run needs but the place of its results.
    QuantizedArguments arguments(const Run &run) const {
        if (step.gated) quantize(run.scratch, static_cast<const float *>(run.at(step.gate)), run.threads);
        const auto &from = step.source;
        QuantizedArguments a = arguments();
        a.weights = weights(step.gated ? run.scratch : rounded->memory.data());
        if (from.blocked) a.source = run.at(from);
        else a.image = static_cast<const float *>(run.at(from));
        if (step.accumulates) a.summand = run.at(step.summand);
        a.output = output;
        a.threads = run.threads;
        a.patches = reinterpret_cast<uint8_t *>(run.scratch) + gatedBytes();
        return a;
    }

    size_t scratchBytes() const override {
        return size_t(gatedBytes() + QuantizedPatch(arguments(), !step.source.blocked).bytes * threads);
    }
    int64_t weightBytes() const override { return packed.bytes() + bias.bytes() + (rounded ? rounded->memory.bytes() : 0); }

private:
    /// Bytes, scales and bias, one after another.
    int64_t roundedBytes() const { return int64_t(blocks) * (int64_t(steps) * 64 + 2 * 16 * floatBytes); }
    int64_t gatedBytes() const { return step.gated ? (roundedBytes() + 63) / 64 * 64 : 0; }

    QuantizedWeights weights(char *memory) const {
        const int64_t bytes = int64_t(blocks) * steps * 64;
        float *scales = reinterpret_cast<float *>(memory + bytes);
        return {reinterpret_cast<int8_t *>(memory), scales, scales + blocks * 16};
    }

    void pack() {
        const int inputs = step.source.channels, taps = step.kernel_height * step.kernel_width, inputSteps = (inputs + 3) / 4;
        const BlockGroups groups(blocks);
        std::memset(packed.data(), 0, size_t(packed.bytes()));
        for (int group = 0; group < groups.count; ++group) {
            const int first = groups.first(group), size = groups.size(group);
            float *to = packed.floats() + int64_t(first) * steps * 64;
            for (int o = first * 16; o < (first + size) * 16; ++o)
                for (int i = 0; i < inputs; ++i)
                    for (int tap = 0; tap < taps; ++tap)
                        to[((int64_t(tap) * inputSteps + i / 4) * size + o / 16 - first) * 64 + o % 16 * 4 + i % 4] =
                            step.weights[(int64_t(o) * inputs + i) * taps + tap];
        }
        step.weights = step.bias = nullptr;
    }

    void quantize(char *memory, const float *gate, int threads) const {
        const QuantizedWeights to = weights(memory);
        quantizedKernels()->quantize({
            packed.floats(), gate, bias.floats(), step.source.scale, step.source.zero, blocks, steps,
            const_cast<int8_t *>(to.bytes), const_cast<float *>(to.scales), const_cast<float *>(to.bias), threads,
        });
    }

    QuantizedArguments arguments() const {
        QuantizedArguments a{shapeOf(step)};
        a.imageInverse = 1 / step.source.scale;
        a.sourceZero = step.source.zero;
        a.summandType = step.summand.type;
        a.summandScale = step.summand.scale;
        a.inputs = step.source.channels;
        a.blocks = blocks;
        a.kernelHeight = step.kernel_height;
        a.kernelWidth = step.kernel_width;
        return a;
    }

    CInferenceConvolution step;
    Output output;
    int threads, blocks, steps;
    /// The weights as floats in the bytes' order, while they are needed.
    Buffer packed, bias;
    std::shared_ptr<const Weights> rounded;
};

class QuantizedWinogradStep final : public Step {
public:
    QuantizedWinogradStep(const CInferenceConvolution &step, const CInferencePlan &plan)
        : step(step), output(step.destination, step.activation), bias(step.bias, step.destination.channels),
          threads(plan.threads), blocks(step.destination.channels / 16), inputs(step.source.channels) {
        if (!quantizedKernels()) throw Unsupported("no instructions for bytes");
        const std::string side = std::to_string(Algorithm::outputs);
        implementation = "winograd_" + side + "x" + side + ":" + quantizedKernels()->name;
        const float factor = output.table ? output.table->factor : 1, offset = output.table ? output.table->offset : 0;
        const bool addsBytes = step.accumulates && step.summand.type == CInferenceUint8;
        for (int o = 0; o < step.destination.channels; ++o) {
            if (addsBytes) bias.floats()[o] -= step.summand.scale * float(step.summand.zero);
            bias.floats()[o] = bias.floats()[o] * factor + offset;
        }
        const float *last = step.weights + int64_t(blocks) * 16 * inputs * 9;
        for (int i = 0; i < inputs; ++i)
            for (const float *taps = step.weights + i * 9; taps < last; taps += inputs * 9)
                if (std::any_of(taps, taps + 9, [](float tap) { return tap != 0; })) channels = i + 1;
        rounded = plan.arena->keep(transformed(factor), roundedBytes());
        this->step.weights = this->step.bias = nullptr;
    }

    void execute(const Run &run) override {
        QuantizedWinogradArguments a = arguments();
        a.source = run.at(step.source);
        if (step.accumulates) a.summand = run.at(step.summand);
        a.output = output;
        a.output.destination = run.at(step.destination);
        a.threads = threads;
        a.patches = reinterpret_cast<uint8_t *>(run.scratch);
        quantizedKernels()->winograd(a);
    }

    size_t scratchBytes() const override {
        const QuantizedWinogradArguments a = arguments();
        return size_t(WinogradBlocking(matrices<Algorithm>, a, 1).scratchBytes(a, threads) + int64_t(products) * inputs * 2 * threads);
    }
    int64_t weightBytes() const override { return rounded->memory.bytes() + bias.bytes(); }

private:
    using Algorithm = WinogradFor<1>;
    static constexpr int products = Algorithm::points * Algorithm::points;

    /// Bytes of all points, their scales, their bias.
    int64_t roundedBytes() const { return int64_t(products) * blocks * 16 * (inputs + 2 * floatBytes); }
    QuantizedWeights weights(char *memory, int point) const {
        const int64_t outputs = int64_t(blocks) * 16, all = products * outputs;
        float *scales = reinterpret_cast<float *>(memory + all * inputs) + point * outputs;
        return {reinterpret_cast<int8_t *>(memory) + point * outputs * inputs, scales, scales + all};
    }

    /// The weights at all points as bytes; results are `factor` times what they are.
    Buffer transformed(float factor) const {
        const Algorithm &algorithm = matrices<Algorithm>;
        const BlockGroups groups(blocks);
        const int64_t apart = int64_t(inputs) * blocks * 16;
        Buffer result(roundedBytes()), values(products * apart * floatBytes), none(int64_t(blocks) * 16 * floatBytes);
        std::memset(none.data(), 0, size_t(none.bytes()));
        for (int group = 0; group < groups.count; ++group) {
            const int64_t first = groups.first(group), size = groups.size(group);
            parallel(threads, size * 16, [&](int64_t o) {
                for (int64_t i = 0; i < inputs; ++i) {
                    const int64_t place = (i / 4 * size + o / 16) * 64 + o % 16 * 4 + i % 4;
                    float *to = values.floats() + first * 16 * inputs + place - apart;
                    algorithm.transformTaps(
                        step.weights + ((first * 16 + o) * inputs + i) * 9, [&](float value) { *(to += apart) = value; });
                }
            });
        }
        for (int point = 0; point < products; ++point) {
            const QuantizedWeights to = weights(result.data(), point);
            const double unit = algorithm.largest(point / Algorithm::points) * algorithm.largest(point % Algorithm::points) * 1024;
            quantizedKernels()->quantize({
                values.floats() + point * apart, nullptr, none.floats(), float(step.source.scale * factor * unit), 128, blocks, inputs / 4,
                const_cast<int8_t *>(to.bytes), const_cast<float *>(to.scales), const_cast<float *>(to.bias), threads,
            });
        }
        return result;
    }

    QuantizedWinogradArguments arguments() const {
        QuantizedWinogradArguments a{};
        static_cast<ConvolutionShape &>(a) = shapeOf(step);
        a.sourceZero = step.source.zero;
        if (rounded) a.weights = weights(rounded->memory.data(), 0);
        a.bias = bias.floats();
        a.summandType = step.summand.type;
        a.summandScale = step.summand.scale;
        a.inputs = inputs;
        a.channels = channels;
        a.blocks = blocks;
        return a;
    }

    CInferenceConvolution step;
    Output output;
    Buffer bias;
    int threads, blocks, inputs, channels = 0;
    std::shared_ptr<const Weights> rounded;
};

class QuantizedDepthwiseStep final : public Step {
public:
    QuantizedDepthwiseStep(const CInferenceDepthwise &step, const CInferencePlan &plan)
        : QuantizedDepthwiseStep(step, plan, nullptr, 0) {}

    /// The same of the map that `expansion` makes.
    QuantizedDepthwiseStep(
        const CInferenceDepthwise &step, const CInferencePlan &plan, std::unique_ptr<QuantizedConvolutionStep> expansion,
        int expandedInputs)
        : step(step), output(step.destination, step.activation), threads(plan.threads), expansion(std::move(expansion)),
          expandedInputs(expandedInputs) {
        const int kernel = step.kernel_height, channels = step.source.channels;
        if (!quantizedKernels()) throw Unsupported("no instructions for bytes");
        if (kernel != step.kernel_width || (kernel != 3 && kernel != 5) || step.stride < 1 || step.stride > 2
            || step.destination.type != CInferenceUint8)
            throw Unsupported("a depthwise convolution that no kernel for bytes is made for");
        implementation = std::string("quantized:") + quantizedKernels()->name;
        const int parts = (kernel + 3) / 4;
        const int64_t used = int64_t(channels) * kernel * parts * 4;
        Buffer packed(used);
        scales = Buffer(channels * floatBytes);
        bias = Buffer(step.bias, channels);
        std::memset(packed.data(), 0, size_t(used));
        for (int c = 0; c < channels; ++c) {
            const float *taps = step.weights + c * kernel * kernel;
            float most = 0;
            for (int tap = 0; tap < kernel * kernel; ++tap) most = std::max(most, std::fabs(taps[tap]));
            const float scale = most / 127 * step.source.scale;
            int sum = 0;
            for (int tap = 0; tap < kernel * kernel; ++tap) {
                const int whole = most > 0 ? int(std::lrint(taps[tap] / most * 127)) : 0, kx = tap % kernel;
                const int place = (c / 16 * kernel + tap / kernel) * parts + kx / 4;
                reinterpret_cast<int8_t *>(packed.data())[place * 64 + c % 16 * 4 + kx % 4] = int8_t(whole);
                sum += whole;
            }
            scales.floats()[c] = scale;
            bias.floats()[c] -= scale * float(sum) * float(step.source.zero);
        }
        bytes = plan.arena->keep(std::move(packed), used);
        this->step.weights = this->step.bias = nullptr;
    }

    void execute(const Run &run) override {
        QuantizedDepthwiseArguments a = arguments();
        QuantizedArguments expanded;
        if (expansion) {
            expanded = expansion->arguments(run);
            a.expansion = &expanded;
        } else {
            a.source = run.at(step.source);
        }
        a.output = output;
        a.output.destination = run.at(step.destination);
        if (step.pools) a.pooled = static_cast<float *>(run.at(step.pooled));
        a.partial = reinterpret_cast<int32_t *>(run.scratch);
        a.rings = reinterpret_cast<uint8_t *>(run.scratch + partialBytes());
        a.threads = run.threads;
        quantizedKernels()->depthwise(a);
    }

    size_t scratchBytes() const override { return size_t(partialBytes() + arguments().scratchBytes() * threads); }
    int64_t weightBytes() const override {
        return bytes->memory.bytes() + scales.bytes() + bias.bytes() + (expansion ? expansion->weightBytes() : 0);
    }

private:
    int64_t partialBytes() const {
        const QuantizedDepthwiseArguments a = arguments();
        return step.pools ? int64_t(a.across()) * a.down() * step.source.channels * 4 : 0;
    }

    QuantizedDepthwiseArguments arguments() const {
        QuantizedDepthwiseArguments a{shapeOf(step)};
        a.expandedInputs = expandedInputs;
        a.sourceZero = step.source.zero;
        a.weights = {reinterpret_cast<const int8_t *>(bytes->memory.data()), scales.floats(), bias.floats()};
        a.pooledScale = step.destination.scale;
        a.blocks = step.source.channels / 16;
        a.kernel = step.kernel_height;
        return a;
    }

    CInferenceDepthwise step;
    Output output;
    int threads;
    std::unique_ptr<QuantizedConvolutionStep> expansion;
    int expandedInputs;
    std::shared_ptr<const Weights> bytes;
    Buffer scales, bias;
};

}  // namespace

std::unique_ptr<Step> cinference::makeQuantizedDepthwise(const CInferenceDepthwise &step, const CInferencePlan &plan) {
    return std::make_unique<QuantizedDepthwiseStep>(step, plan);
}

std::unique_ptr<Step> cinference::makeQuantizedExpandedDepthwise(
    const CInferenceExpandedDepthwise &step, const CInferencePlan &plan) {
    CInferenceConvolution expansion{};
    expansion.source = step.source;
    expansion.destination = step.depthwise.source;
    expansion.weights = step.weights;
    expansion.bias = step.bias;
    expansion.groups = expansion.kernel_height = expansion.kernel_width = expansion.stride = 1;
    expansion.activation = step.activation;
    return std::make_unique<QuantizedDepthwiseStep>(
        step.depthwise, plan, std::make_unique<QuantizedConvolutionStep>(expansion, plan), step.inputs);
}

std::unique_ptr<Step> cinference::makeQuantizedConvolution(const CInferenceConvolution &step, const CInferencePlan &plan) {
    if (isWinograd(step)) return std::make_unique<QuantizedWinogradStep>(step, plan);
    return std::make_unique<QuantizedConvolutionStep>(step, plan);
}
