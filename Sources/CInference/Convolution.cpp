// Dense and grouped convolutions, by oneDNN.
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

class ConvolutionStep final : public Step {
public:
    ConvolutionStep(const CInferenceConvolution &step, const CInferencePlan &plan)
        : source(step.source), destination(step.destination), gate(step.gate), gated(step.gated) {
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

        const dnnl::convolution_forward::desc descriptor(
            dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, mapDescriptor(source), wanted,
            memory::desc({out}, f32, Tag::x), mapDescriptor(destination), {step.stride, step.stride},
            {step.pad_top, step.pad_left}, {step.pad_bottom, step.pad_right});
        const dnnl::convolution_forward::primitive_desc primitive(descriptor, attributes, plan.engine);
        implementation = primitive.impl_info_str();
        if (cinference_has_fast_kernels() && implementation.compare(0, 3, "ref") == 0)
            throw Unsupported("oneDNN has only its reference kernel, " + implementation);

        const memory::desc kept = gated ? memory::desc(weightShape, f32, floatTag) : primitive.weights_desc();
        weights = plan.arena->keep({reorder(step.weights, plain, kept, plan), kept});
        bias = Buffer(step.bias, out);
        gatedBytes = gated ? (primitive.weights_desc().get_size() + 63) / 64 * 64 : 0;
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
        const std::lock_guard lock(mutex);
        if (gated) {
            const int block = kernels().block;
            kernels(source.type)->scaleWeights(
                {weights->memory.floats(), static_cast<const float *>(run.at(gate)), run.scratch,
                 destination.channels / block, source.channels / block, false, run.threads});
            arguments.at(DNNL_ARG_WEIGHTS).set_data_handle(run.scratch);
        }
        arguments.at(DNNL_ARG_SRC).set_data_handle(run.at(source));
        arguments.at(DNNL_ARG_DST).set_data_handle(run.at(destination));
        arguments.at(DNNL_ARG_SCRATCHPAD).set_data_handle(run.scratch + gatedBytes);
        convolution.execute(run.stream, arguments);
        run.stream.wait();
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

    size_t scratchBytes() const override { return gatedBytes + libraryBytes; }
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
    int activation;
    /// What activates the map apart; null where oneDNN does it.
    const Kernels *own = nullptr;
    std::shared_ptr<const Weights> weights;
    Buffer bias;
    /// Scratchpad for weights multiplied by the gate, and oneDNN's own.
    size_t gatedBytes, libraryBytes;
    dnnl::convolution_forward convolution;
    /// Of `arguments` and the plan's stream.
    std::mutex mutex;
    std::unordered_map<int, memory> arguments;
};

}  // namespace

std::unique_ptr<Step> cinference::makeConvolution(const CInferenceConvolution &step, const CInferencePlan &plan) {
    return std::make_unique<ConvolutionStep>(step, plan);
}
