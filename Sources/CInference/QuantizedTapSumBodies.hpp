// Sums of taps of which one source is a 1x1 convolution of bytes. Included by KernelsVNNI.cpp, after
// QuantizedBodies.hpp.

/// The taps of one block at row `y` of the convolution's source.
static void makeTaps(const QuantizedTapSumArguments &a, int64_t block, int y, float *taps) {
    const int64_t width = a.width / a.factor, planeBytes = a.height / a.factor * width * 16;
    const uint8_t *const pixels = static_cast<const uint8_t *>(a.source) + y * width * 16;
    const TileSource source{pixels, planeBytes, a.inputs / 16, 4, &onlyTap, 1, pixels + width * 16};
    const FloatResults<false> row{
        a.weights.scales + block * 9 * 16, a.weights.bias + block * 9 * 16, taps, int(width), nullptr,
    };
    const BlockGroups groups(9);
    for (int group = 0; group < groups.count; ++group) {
        const int first = groups.first(group);
        const int8_t *weights = a.weights.bytes + (block * 9 + first) * 16 * a.inputs;
        runGroup<16>(row, source, weights, first, groups.size(group), 0, int(width));
    }
}

/// Each block band by band; of what a band's rows need, three rows of taps are kept.
template <typename From, typename To>
static void quantizedTapSumOf(const QuantizedTapSumArguments &a) {
    const int height = a.height / a.factor, width = a.width / a.factor, bands = a.bands();
    const int64_t row = int64_t(a.width) * 16, tapRow = int64_t(width) * 16;
    parallel(a.threads, int64_t(a.blocks) * bands, [&](int64_t task) {
        const int64_t block = task % a.blocks, band = task / a.blocks;
        float *sums = a.rows + threadIndex() * a.rowFloats(), *ring = sums + row;
        auto kept = [&](int y) { return ring + y % 3 * 9 * tapRow; };
        const int first = int(band * height / bands), end = int((band + 1) * height / bands);
        int next = first > 0 ? first - 1 : 0;
        for (int y = first * a.factor; y < end * a.factor; ++y) {
            for (; next < height && next <= (y + 1) / a.factor; ++next) makeTaps(a, block, next, kept(next));
            beginSums<Bfloat16>(a, block * a.height + y, sums);
            for (int s = 0; s < a.count; ++s) addTaps<From>(a, s, block, y, sums);
            const float *taps[9];
            for (int tap = 0; tap < 9; ++tap) {
                const int at = y + tap / 3 - 1;
                taps[tap] = at < 0 || at >= a.height ? nullptr : kept(at / a.factor) + tap * tapRow;
            }
            addTaps(taps, a.factor, width, sums);
            To *destination = static_cast<To *>(a.destination) + (block * a.height + y) * row;
            for (int64_t i = 0; i < row; i += 16) store(destination + i, load(sums + i) * all(a.scale) + all(a.zero));
        }
    });
}

static void quantizedTapSum(const QuantizedTapSumArguments &a) {
    auto to = [&](auto from) {
        using From = decltype(from);
        switch (a.type) {
            case CInferenceFloat32: return quantizedTapSumOf<From, float>(a);
            case CInferenceBfloat16: return quantizedTapSumOf<From, Bfloat16>(a);
            default: return quantizedTapSumOf<From, Byte>(a);
        }
    };
    a.sourceType == CInferenceFloat32 ? to(float()) : to(Bfloat16());
}
