// What the steps of convolutions of bytes share.
#pragma once

#include <algorithm>
#include <cmath>

#include "CInference.h"
#include "Quantized.hpp"

namespace cinference {

constexpr int64_t floatBytes = sizeof(float);

template <typename Step>
ConvolutionShape shapeOf(const Step &step) {
    const auto &from = step.source, &to = step.destination;
    return {from.height, from.width, to.height, to.width, step.stride, step.pad_top, step.pad_left,
            {{0, to.height}, {0, to.width}}};
}

/// Where a step's results go, its place aside.
struct Output : QuantizedOutput {
    Output(const CInferenceTensor &to, int32_t activation)
        : QuantizedOutput{nullptr, to.type, activation, 1 / to.scale, float(to.zero), 1, 0, nullptr, false, 0, 0} {
        if (to.type != CInferenceUint8) return;
        // Bytes below the one of 0 there are not: the rounding is a ReLU too.
        isByte = activation == CInferenceIdentity || (activation == CInferenceRelu && to.zero == 0);
        if (isByte) factor = inverse, offset = zero;
        if (activation == CInferenceSilu) makeTable(to);
    }
    Output(const Output &) = delete;

    /// Adds bytes of `summand` in 16 bits, where they are not so large that what a result is held within would show.
    void add(const CInferenceTensor &summand) {
        const double parts = std::round(double(summand.scale) * factor * 8192);
        if (!isByte || summand.type != CInferenceUint8 || !(parts >= 1 && parts < 32768)) return;
        summandParts = int(parts);
        factor *= summandUnit;
        // Halves of the units that shifting and multiplying cut off.
        offset = offset * summandUnit + summandUnit / 2 + 0.5f;
    }

private:
    void makeTable(const CInferenceTensor &to) {
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
        factor = float(512 / part);
        offset = float(-low * 512 / part);
        table = &lines;
    }

    static constexpr int parts = 64;
    static int16_t rounded(double x) { return int16_t(std::lround(std::min(32767.0, std::max(-32768.0, x)))); }
    ActivationTable lines;
};

}  // namespace cinference
