// Dense and grouped convolutions, by oneDNN.
#include "Parallel.hpp"
#include "Plan.hpp"

using namespace cinference;
using dnnl::memory;

namespace {

memory::data_type dataType(const CInferenceTensor &t) {
    return t.type == CInferenceFloat32 ? memory::data_type::f32 : memory::data_type::bf16;
}

memory::desc mapDescriptor(const CInferenceTensor &t) {
    using Tag = memory::format_tag;
    const Tag blocked = kernels().block == 16 ? Tag::nChw16c : Tag::nChw8c;
    return {{1, t.channels, t.height, t.width}, dataType(t), t.blocked ? blocked : Tag::nchw};
}

using Primitive = dnnl::convolution_forward::primitive_desc;

/// oneDNN's F(4x4,3x3), for the number of threads that is set; it has others, and picks among them by that number.
Primitive winograd(
    const dnnl::convolution_forward::desc &descriptor, const dnnl::primitive_attr &attributes, const CInferencePlan &plan) {
    Primitive primitive(descriptor, attributes, plan.engine);
    while (!std::strstr(primitive.impl_info_str(), "wino_4x3"))
        if (!primitive.next_impl()) throw Unsupported("oneDNN has no F(4x4,3x3) here");
    return primitive;
}

/// The most threads, up to the plan's, with which Winograd adds up the input channels in the same blocks as with one:
/// oneDNN cuts them by the number of threads, and the result must not depend on it.
int steadyThreads(
    const dnnl::convolution_forward::desc &descriptor, const dnnl::primitive_attr &attributes, const CInferencePlan &plan) {
    auto blocks = [&](int threads) {
        omp_set_num_threads(threads);
        const auto weights = winograd(descriptor, attributes, plan).weights_desc().data;
        omp_set_num_threads(plan.threads);
        const auto &wino = weights.format_desc.wino_desc;
        return std::make_pair(int(wino.ic_block), int(wino.ic2_block));
    };
    const auto wanted = blocks(1);
    for (int threads = plan.threads; threads > 1; --threads) {
        try {
            if (blocks(threads) == wanted) return threads;
        } catch (const Unsupported &) {
            continue;
        }
    }
    return 1;
}

/// Where tile (point, o, i) of Winograd weights stands: oneDNN's OBaaIBOIio, which cuts both channels in blocks of tiles.
struct TileOrder {
    explicit TileOrder(const memory::desc &layout) : wino(layout.data.format_desc.wino_desc) {}

    int64_t operator()(int64_t point, int64_t o, int64_t i) const {
        const int64_t outer = o / wino.oc2_block * points() + point, inner = inputs() / wino.ic2_block;
        return ((outer * inner + i / wino.ic2_block) * wino.oc2_block + o % wino.oc2_block) * wino.ic2_block
            + i % wino.ic2_block;
    }
    int64_t points() const { return int64_t(wino.alpha) * wino.alpha; }
    int64_t outputs() const { return wino.oc / wino.oc_block; }
    int64_t inputs() const { return wino.ic / wino.ic_block; }
    size_t bytes() const { return sizeof(float) * size_t(wino.oc_block) * size_t(wino.ic_block); }

    /// Calls `body` with the place of each tile in both orders, side by side.
    template <typename Body>
    static void forEach(const TileOrder &one, const TileOrder &other, int threads, const Body &body) {
        parallel(threads, one.points() * one.outputs(), [&](int64_t index) {
            const int64_t point = index % one.points(), o = index / one.points();
            for (int64_t i = 0; i < one.inputs(); ++i)
                body(one(point, o, i) * one.bytes(), other(point, o, i) * one.bytes());
        });
    }

    const dnnl_wino_desc_t &wino;
};

bool haveEqualTiles(const memory::desc &one, const memory::desc &other) {
    const auto &a = one.data, &b = other.data;
    if (a.format_kind != dnnl_format_kind_wino || b.format_kind != dnnl_format_kind_wino) return false;
    const auto &x = a.format_desc.wino_desc, &y = b.format_desc.wino_desc;
    return x.wino_format == dnnl_wino_wei_OBaaIBOIio && y.wino_format == x.wino_format && x.alpha == y.alpha
        && x.oc == y.oc && x.ic == y.ic && x.oc_block == y.oc_block && x.ic_block == y.ic_block && x.size == y.size;
}

class ConvolutionStep final : public Step {
public:
    ConvolutionStep(const CInferenceConvolution &step, const CInferencePlan &plan)
        : source(step.source), destination(step.destination), gate(step.gate), gated(step.gated), threads(plan.threads) {
        using Tag = memory::format_tag;
        const auto f32 = memory::data_type::f32, type = dataType(source);
        const memory::dim groups = step.groups, out = destination.channels, in = source.channels;
        const memory::dim height = step.kernel_height, width = step.kernel_width;
        const memory::dims weightShape = groups == 1 ? memory::dims{out, in, height, width}
                                                     : memory::dims{groups, out / groups, in / groups, height, width};
        const memory::desc plain(weightShape, f32, groups == 1 ? Tag::oihw : Tag::goihw);
        // The gate is multiplied into the weights, so their layout must be known.
        const Tag floatTag = kernels().block == 16 ? Tag::OIhw16i16o : Tag::OIhw8i8o;
        const Tag gatedTag = type == f32 ? floatTag : Tag::OIhw8i16o2i;
        const memory::desc wanted(weightShape, type, gated ? gatedTag : Tag::any);

        // dpbf16ps does not tell an overflow, and a ReLU makes a number of it: our own kernel looks at the sums first.
        if (type == memory::data_type::bf16 && destination.type == CInferenceBfloat16
            && (step.activation == CInferenceIdentity || step.activation == CInferenceRelu))
            own = kernels(CInferenceBfloat16);
        activation = step.activation;
        dnnl::post_ops postOps;
        if (step.accumulates) postOps.append_sum();
        switch (own ? int32_t(CInferenceIdentity) : activation) {
            case CInferenceRelu: postOps.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0); break;
            case CInferenceSilu: postOps.append_eltwise(1, dnnl::algorithm::eltwise_swish, 1, 0); break;
            case CInferenceSigmoid: postOps.append_eltwise(1, dnnl::algorithm::eltwise_logistic, 0, 0); break;
            default: break;
        }
        dnnl::primitive_attr attributes;
        attributes.set_post_ops(postOps);
        attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);

        const auto algorithm =
            step.winograd ? dnnl::algorithm::convolution_winograd : dnnl::algorithm::convolution_direct;
        const dnnl::convolution_forward::desc descriptor(
            dnnl::prop_kind::forward_inference, algorithm, mapDescriptor(source), wanted,
            memory::desc({out}, f32, Tag::x), mapDescriptor(destination), {step.stride, step.stride},
            {step.pad_top, step.pad_left}, {step.pad_bottom, step.pad_right});
        dnnl::convolution_forward::primitive_desc primitive(descriptor, attributes, plan.engine);
        if (step.winograd) {
            threads = steadyThreads(descriptor, attributes, plan);
            omp_set_num_threads(threads);
            primitive = winograd(descriptor, attributes, plan);
            omp_set_num_threads(plan.threads);
        }
        implementation = primitive.impl_info_str();
        if (cinference_has_fast_kernels() && implementation.compare(0, 3, "ref") == 0)
            throw Unsupported("oneDNN has only its reference kernel, " + implementation);

        const memory::desc kept = gated ? memory::desc(weightShape, f32, floatTag) : primitive.weights_desc();
        weights = plan.arena->keep({reorder(step.weights, plain, kept, plan), kept});
        bias = Buffer(step.bias, out);
        relaid = weights->layout != kept;
        laidBytes = gated || relaid ? (primitive.weights_desc().get_size() + 63) / 64 * 64 : 0;
        libraryBytes = primitive.scratchpad_desc().get_size();
        convolution = dnnl::convolution_forward(primitive);
        arguments = {
            {DNNL_ARG_SRC, memory(primitive.src_desc(), plan.engine, nullptr)},
            {DNNL_ARG_WEIGHTS, memory(primitive.weights_desc(), plan.engine, weights->memory.data())},
            {DNNL_ARG_BIAS, memory(primitive.bias_desc(), plan.engine, bias.data())},
            {DNNL_ARG_DST, memory(primitive.dst_desc(), plan.engine, nullptr)},
            {DNNL_ARG_SCRATCHPAD, memory(primitive.scratchpad_desc(), plan.engine, nullptr)},
        };
    }

    void execute(const Run &run) override {
        if (gated) {
            const int block = kernels().block;
            kernels(source.type)->scaleWeights(
                {weights->memory.floats(), static_cast<const float *>(run.at(gate)), run.scratch,
                 destination.channels / block, source.channels / block, false, run.threads});
        }
        if (relaid) layTiles(*weights, arguments.at(DNNL_ARG_WEIGHTS).get_desc(), run.scratch, run.threads);
        if (laidBytes > 0) arguments.at(DNNL_ARG_WEIGHTS).set_data_handle(run.scratch);
        arguments.at(DNNL_ARG_SRC).set_data_handle(run.at(source));
        arguments.at(DNNL_ARG_DST).set_data_handle(run.at(destination));
        arguments.at(DNNL_ARG_SCRATCHPAD).set_data_handle(run.scratch + laidBytes);
        if (threads != run.threads) omp_set_num_threads(threads);
        convolution.execute(run.stream, arguments);
        run.stream.wait();
        if (threads != run.threads) omp_set_num_threads(run.threads);
        if (!own) return;
        MapArguments map{};
        map.source = map.destination = run.at(destination);
        map.blocks = destination.channels / own->block;
        map.height = destination.height;
        map.width = destination.width;
        map.activation = activation;
        map.threads = run.threads;
        own->activate(map);
    }

    size_t scratchBytes() const override { return laidBytes + libraryBytes; }
    int64_t weightBytes() const override { return weights->memory.bytes() + bias.bytes(); }

private:
    static Buffer reorder(
        const float *values, const memory::desc &from, const memory::desc &to, const CInferencePlan &plan) {
        Buffer result(int64_t(to.get_size()));
        memory source(from, plan.engine, const_cast<float *>(values)), target(to, plan.engine, result.data());
        dnnl::stream stream(plan.engine);
        dnnl::reorder(source, target).execute(stream, source, target);
        stream.wait();
        return result;
    }

    CInferenceTensor source, destination, gate;
    bool gated;
    int threads, activation;
    /// What activates the map apart; null where oneDNN does it.
    const Kernels *own = nullptr;
    std::shared_ptr<const Weights> weights;
    Buffer bias;
    /// Whether another plan keeps the weights in its own layout, and each run lays them anew.
    bool relaid;
    /// Scratchpad for weights multiplied by the gate or laid anew, and oneDNN's own.
    size_t laidBytes, libraryBytes;
    dnnl::convolution_forward convolution;
    std::unordered_map<int, memory> arguments;
};

}  // namespace

bool Weights::equals(const Weights &other) const {
    if (layout == other.layout) return !std::memcmp(memory.data(), other.memory.data(), layout.get_size());
    // The first tile stands first in every layout.
    if (!haveEqualTiles(layout, other.layout)
        || std::memcmp(memory.data(), other.memory.data(), TileOrder(layout).bytes()))
        return false;
    bool equal = true;
    TileOrder::forEach(TileOrder(layout), TileOrder(other.layout), 1, [&](int64_t mine, int64_t others) {
        equal = equal && !std::memcmp(memory.data() + mine, other.memory.data() + others, TileOrder(layout).bytes());
    });
    return equal;
}

void cinference::layTiles(const Weights &from, const memory::desc &layout, char *to, int threads) {
    const TileOrder source(from.layout), target(layout);
    TileOrder::forEach(target, source, threads, [&](int64_t place, int64_t origin) {
        std::memcpy(to + place, from.memory.data() + origin, target.bytes());
    });
}

std::unique_ptr<Step> cinference::makeConvolution(const CInferenceConvolution &step, const CInferencePlan &plan) {
    return std::make_unique<ConvolutionStep>(step, plan);
}
