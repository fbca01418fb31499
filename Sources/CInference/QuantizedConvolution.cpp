// Convolutions of bytes, dense and depthwise, by our own kernels: QuantizedBodies.hpp.
#include "Parallel.hpp"
#include "Plan.hpp"
#include "QuantizedOutput.hpp"

using namespace cinference;

namespace {

class QuantizedConvolutionStep final : public Step {
public:
    QuantizedConvolutionStep(const CInferenceConvolution &step, const CInferencePlan &plan)
        : step(step), output(step.destination, step.activation), threads(plan.threads), blocks(step.destination.channels / 16),
          steps(tapSteps() * step.kernel_height * (isImage() ? 1 : step.kernel_width)),
          bias(step.bias, step.destination.channels) {
        if (!quantizedKernels()) throw Unsupported("no instructions for bytes");
        const bool fits = isImage() ? step.source.channels <= imagePixelBytes && step.stride == 2 : step.stride <= 2;
        if (!fits || step.groups != 1 || step.kernel_height * step.kernel_width > mostQuantizedTaps)
            throw Unsupported("a convolution that no kernel for bytes is made for");
        implementation = std::string("quantized:") + quantizedKernels()->name;
        packed = Buffer(int64_t(blocks) * steps * 64 * floatBytes);
        pack();
        if (step.accumulates) output.add(step.summand);
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
        a.region = run.region;
        quantizedKernels()->convolution(a);
    }

    RegionUnit regionUnit() const override {
        // Whole tiles of the pixels that are multiplied together.
        return step.gated ? RegionUnit{} : RegionUnit{24 / BlockGroups(blocks).size(0), 1};
    }

    /// All that a run needs but the place of its results.
    QuantizedArguments arguments(const Run &run) const {
        if (step.gated) quantize(run.scratch, static_cast<const float *>(run.at(step.gate)), run.threads);
        const auto &from = step.source;
        QuantizedArguments a = arguments();
        a.weights = weights(step.gated ? run.scratch : rounded->memory.data());
        if (from.blocked) a.source = run.at(from);
        else a.image = static_cast<const float *>(run.at(from));
        if (step.joins) a.second = run.at(step.second);
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
    int inputs() const { return step.source.channels + (step.joins ? step.second.channels : 0); }
    bool isImage() const { return !step.source.blocked; }
    /// Products of four bytes at a tap; of an image at a row of taps, pixel by pixel.
    int tapSteps() const { return ((isImage() ? step.kernel_width * imagePixelBytes : inputs()) + 3) / 4; }
    /// Bytes, scales and bias, one after another.
    int64_t roundedBytes() const { return int64_t(blocks) * (int64_t(steps) * 64 + 2 * 16 * floatBytes); }
    int64_t gatedBytes() const { return step.gated ? (roundedBytes() + 63) / 64 * 64 : 0; }

    QuantizedWeights weights(char *memory) const {
        const int64_t bytes = int64_t(blocks) * steps * 64;
        float *scales = reinterpret_cast<float *>(memory + bytes);
        return {reinterpret_cast<int8_t *>(memory), scales, scales + blocks * 16};
    }

    void pack() {
        const int inputs = this->inputs(), taps = step.kernel_height * step.kernel_width, tapSteps = this->tapSteps();
        const int across = isImage() ? step.kernel_width : 1;
        // The second source's weights are as large as its bytes are beside the first's.
        const float ratio = step.joins ? step.second.scale / step.source.scale : 1;
        const BlockGroups groups(blocks);
        std::memset(packed.data(), 0, size_t(packed.bytes()));
        for (int group = 0; group < groups.count; ++group) {
            const int first = groups.first(group), size = groups.size(group);
            float *to = packed.floats() + int64_t(first) * steps * 64;
            for (int o = first * 16; o < (first + size) * 16; ++o)
                for (int i = 0; i < inputs; ++i)
                    for (int tap = 0; tap < taps; ++tap) {
                        const int place = tap % across * imagePixelBytes + i;
                        const int64_t part = (int64_t(tap / across) * tapSteps + place / 4) * size + o / 16 - first;
                        to[part * 64 + o % 16 * 4 + place % 4] =
                            step.weights[(int64_t(o) * inputs + i) * taps + tap] * (i < step.source.channels ? 1 : ratio);
                    }
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
        a.secondInputs = inputs() - step.source.channels;
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
    return std::make_unique<QuantizedConvolutionStep>(step, plan);
}
