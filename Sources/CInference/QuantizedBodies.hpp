// Convolutions of bytes by products of four pairs at once. Included by KernelsVNNI.cpp, inside its namespace.

/// What a tile of the result reads: neighbours that stand `pixelBytes` apart.
struct TileSource {
    const uint8_t *first;
    int64_t planeBytes;
    int planes, lastSteps;  // of 16 input channels; steps of 4 in the last of them
    const int64_t *taps;
    int tapCount;
};

/// Sums over all inputs and taps for `Pixels` pixels of `Blocks` blocks: exact, in whatever order.
template <int Blocks, int Pixels, int PixelBytes>
static inline __attribute__((always_inline)) void multiply(const TileSource &s, const int8_t *weights, __m512i *sum) {
    auto step = [&](const uint8_t *source) __attribute__((always_inline)) {
        __m512i taps[Blocks];
#pragma clang loop unroll(full)
        for (int b = 0; b < Blocks; ++b) taps[b] = _mm512_loadu_si512(weights + b * 64);
        weights += Blocks * 64;
#pragma clang loop unroll(full)
        for (int p = 0; p < Pixels; ++p) {
            int32_t four;
            std::memcpy(&four, source + p * PixelBytes, sizeof four);
            const __m512i inputs = _mm512_set1_epi32(four);
#pragma clang loop unroll(full)
            for (int b = 0; b < Blocks; ++b)
                sum[p * Blocks + b] = _mm512_dpbusd_epi32(sum[p * Blocks + b], inputs, taps[b]);
        }
    };
#pragma clang loop unroll(full)
    for (int i = 0; i < Blocks * Pixels; ++i) sum[i] = _mm512_setzero_si512();
    for (int tap = 0; tap < s.tapCount; ++tap) {
        const uint8_t *source = s.first + s.taps[tap];
        for (int plane = 1; plane < s.planes; ++plane, source += s.planeBytes) {
#pragma clang loop unroll(full)
            for (int k = 0; k < 16; k += 4) step(source + k);
        }
        for (int k = 0; k < s.lastSteps; ++k) step(source + 4 * k);
    }
}

/// Scales, adds, activates and stores a tile that begins at pixel `pixel` of block `block`.
template <int Blocks, int Pixels>
static inline __attribute__((always_inline)) void finish(
    const QuantizedArguments &a, int block, int64_t pixel, const __m512i *sum) {
    const int64_t area = int64_t(a.height) * a.width;
#pragma clang loop unroll(full)
    for (int b = 0; b < Blocks; ++b) {
        const int64_t place = ((block + b) * area + pixel) * 16;
        const Vector scale = load(a.weights.scales + (block + b) * 16), bias = load(a.weights.bias + (block + b) * 16);
        Vector value[Pixels];
#pragma clang loop unroll(full)
        for (int p = 0; p < Pixels; ++p)
            value[p] = __builtin_bit_cast(Vector, _mm512_cvtepi32_ps(sum[p * Blocks + b])) * scale + bias;
        auto add = [&](const auto *summand, float scale) __attribute__((always_inline)) {
#pragma clang loop unroll(full)
            for (int p = 0; p < Pixels; ++p) value[p] += load(summand + place + p * 16) * all(scale);
        };
        if (a.summand) {
            if (a.summandType == CInferenceUint8) add(static_cast<const Byte *>(a.summand), a.summandScale);
            else if (a.summandType == CInferenceFloat32) add(static_cast<const float *>(a.summand), 1);
            else add(static_cast<const Bfloat16 *>(a.summand), 1);
        }
        activateAll<Pixels>(value, a.activation);
        if (a.type == CInferenceUint8) {
            Byte *to = static_cast<Byte *>(a.destination) + place;
#pragma clang loop unroll(full)
            for (int p = 0; p < Pixels; ++p) store(to + p * 16, value[p] * all(a.inverse) + all(a.zero));
        } else if (a.type == CInferenceFloat32) {
            for (int p = 0; p < Pixels; ++p) store(static_cast<float *>(a.destination) + place + p * 16, value[p]);
        } else {
            Bfloat16 *to = static_cast<Bfloat16 *>(a.destination) + place;
            for (int p = 0; p < Pixels; ++p) store(to + p * 16, value[p]);
        }
    }
}

/// `count` pixels from `pixel` on: tiles of `Pixels`, then smaller ones.
template <int Blocks, int Pixels, int PixelBytes>
static void runPixels(
    const QuantizedArguments &a, TileSource source, const int8_t *weights, int block, int64_t pixel, int count) {
    while (count >= Pixels) {
        __m512i sum[Blocks * Pixels];
        multiply<Blocks, Pixels, PixelBytes>(source, weights, sum);
        finish<Blocks, Pixels>(a, block, pixel, sum);
        source.first += Pixels * PixelBytes;
        pixel += Pixels;
        count -= Pixels;
    }
    if constexpr (Pixels > 1)
        if (count > 0) runPixels<Blocks, (Pixels > 6 ? Pixels / 2 : Pixels > 2 ? 2 : 1), PixelBytes>(
            a, source, weights, block, pixel, count);
}

/// The same for the group of blocks that begins at `block`: as many pixels as there are registers for.
template <int PixelBytes>
static void runGroup(
    const QuantizedArguments &a, const TileSource &source, const int8_t *weights, int block, int blocks, int64_t pixel,
    int count) {
    switch (blocks) {
        case 1: return runPixels<1, 24, PixelBytes>(a, source, weights, block, pixel, count);
        case 2: return runPixels<2, 12, PixelBytes>(a, source, weights, block, pixel, count);
        case 3: return runPixels<3, 8, PixelBytes>(a, source, weights, block, pixel, count);
        default: return runPixels<4, 6, PixelBytes>(a, source, weights, block, pixel, count);
    }
}

/// `count` pixels of the image from `place` on, four bytes each; channels that it lacks are zero.
static void quantizePixels(const QuantizedArguments &a, int64_t place, int count, uint8_t *to) {
    const int64_t area = int64_t(a.sourceHeight) * a.sourceWidth;
    const __m512i most = _mm512_set1_epi32(255), none = _mm512_setzero_si512();
    for (int x = 0; x < count; x += 16) {
        const __mmask16 inside = count - x < 16 ? __mmask16((1 << (count - x)) - 1) : __mmask16(0xffff);
        __m512i pixels = none;
        for (int channel = 0; channel < a.inputs; ++channel) {
            const __m512 value = _mm512_maskz_loadu_ps(inside, a.image + channel * area + place + x);
            const Vector scaled = __builtin_bit_cast(Vector, value) * all(a.imageInverse) + all(float(a.sourceZero));
            const __m512i whole = _mm512_cvtps_epi32(__builtin_bit_cast(__m512, scaled));
            const __m512i byte = _mm512_min_epi32(_mm512_max_epi32(whole, none), most);
            pixels = _mm512_or_si512(pixels, _mm512_slli_epi32(byte, 8 * channel));
        }
        _mm512_mask_storeu_epi32(to + x * 4, inside, pixels);
    }
}

/// Copies `patch.sourceRows` rows of the source from `top` on, with the border.
static void fillPatch(const QuantizedArguments &a, const QuantizedPatch &patch, int top, uint8_t *to) {
    const int left = a.padLeft < patch.columns ? a.padLeft : patch.columns;
    const int room = patch.columns - left, inside = a.sourceWidth < room ? a.sourceWidth : room;
    const int64_t area = int64_t(a.sourceHeight) * a.sourceWidth;
    const int bytes = patch.pixelBytes;
    for (int plane = 0; plane < patch.planes; ++plane) {
        for (int row = 0; row < patch.sourceRows; ++row, to += int64_t(patch.columns) * bytes) {
            const int y = top + row;
            if (y < 0 || y >= a.sourceHeight) {
                std::memset(to, a.sourceZero, size_t(patch.columns) * bytes);
                continue;
            }
            std::memset(to, a.sourceZero, size_t(left) * bytes);
            std::memset(to + int64_t(left + inside) * bytes, a.sourceZero, size_t(room - inside) * bytes);
            uint8_t *middle = to + int64_t(left) * bytes;
            const int64_t place = int64_t(y) * a.sourceWidth;
            if (!a.image) {
                std::memcpy(middle, static_cast<const uint8_t *>(a.source) + (plane * area + place) * 16, size_t(inside) * 16);
                continue;
            }
            quantizePixels(a, place, inside, middle);
        }
    }
}

static void convolution(const QuantizedArguments &a) {
    const QuantizedPatch patch(a, a.image != nullptr);
    const QuantizedGroups groups(a.blocks);
    const int taps = a.kernelHeight * a.kernelWidth, steps = (a.inputs + 3) / 4;
    const int64_t blockBytes = int64_t(taps) * steps * 64;
    auto run = [&](const TileSource &source, int group, int64_t pixel, int count, int pixelBytes) {
        const int first = groups.first(group), size = groups.size(group);
        const int8_t *weights = a.weights.bytes + first * blockBytes;
        switch (pixelBytes) {
            case 8: return runGroup<8>(a, source, weights, first, size, pixel, count);
            case 16: return runGroup<16>(a, source, weights, first, size, pixel, count);
            default: return runGroup<32>(a, source, weights, first, size, pixel, count);
        }
    };
    const int planes = patch.planes, lastSteps = steps - 4 * (planes - 1);
    if (patch.direct) {
        const int64_t area = int64_t(a.height) * a.width, runs = (area + patch.pixels - 1) / patch.pixels, none = 0;
        parallel(a.threads, runs * groups.count, [&](int64_t task) {
            const int64_t pixel = task / groups.count * patch.pixels;
            const int64_t left = area - pixel, count = left < patch.pixels ? left : patch.pixels;
            run({static_cast<const uint8_t *>(a.source) + pixel * 16, area * 16, planes, lastSteps, &none, 1}, int(task % groups.count), pixel, int(count), 16);
        });
        return;
    }
    int64_t offsets[mostQuantizedTaps];
    for (int tap = 0; tap < taps; ++tap)
        offsets[tap] = (int64_t(tap / a.kernelWidth) * patch.columns + tap % a.kernelWidth) * patch.pixelBytes;
    const int64_t bands = (a.height + patch.rows - 1) / patch.rows;
    parallel(a.threads, bands * groups.count, [&](int64_t task) {
        const int y = int(task / groups.count) * patch.rows;
        uint8_t *copy = a.patches + threadIndex() * patch.bytes;
        fillPatch(a, patch, y * a.stride - a.padTop, copy);
        for (int row = 0; row < patch.rows && y + row < a.height; ++row) {
            const uint8_t *first = copy + int64_t(row) * a.stride * patch.columns * patch.pixelBytes;
            const int64_t planeBytes = int64_t(patch.sourceRows) * patch.columns * patch.pixelBytes;
            run({first, planeBytes, planes, lastSteps, offsets, taps}, int(task % groups.count), int64_t(y + row) * a.width, a.width,
                patch.pixelBytes * a.stride);
        }
    });
}

/// The largest (or the sum) of each four neighbours, in all four.
static inline Vector largestOfFour(Vector v) {
    const __m512 pairs = _mm512_max_ps(__builtin_bit_cast(__m512, v), _mm512_permute_ps(__builtin_bit_cast(__m512, v), 0xb1));
    return __builtin_bit_cast(Vector, _mm512_max_ps(pairs, _mm512_permute_ps(pairs, 0x4e)));
}
static inline __m512i sumOfFour(__m512i v) {
    const __m512i pairs = _mm512_add_epi32(v, _mm512_shuffle_epi32(v, _MM_PERM_CDAB));
    return _mm512_add_epi32(pairs, _mm512_shuffle_epi32(pairs, _MM_PERM_BADC));
}

static void quantize(const QuantizeArguments &a) {
    const QuantizedGroups groups(a.blocks);
    parallel(a.threads, a.blocks, [&](int64_t block) {
        int group = 0;
        while (groups.first(group + 1) <= block) ++group;
        const int size = groups.size(group);
        const int64_t first = (int64_t(groups.first(group)) * a.steps + block - groups.first(group)) * 64;
        // Four outputs a vector, four inputs of each.
        for (int quarter = 0; quarter < 4; ++quarter) {
            auto weightsOf = [&](int step) {
                const Vector plain = load(a.weights + first + int64_t(step) * size * 64 + quarter * 16);
                if (!a.gate) return plain;
                const __m512 gate = _mm512_broadcast_f32x4(_mm_loadu_ps(a.gate + step * 4));
                return plain * __builtin_bit_cast(Vector, gate);
            };
            Vector most{};
            for (int step = 0; step < a.steps; ++step) {
                const Vector w = weightsOf(step);
                most = larger(most, larger(w, -w));
            }
            most = largestOfFour(most);
            const Vector scale = most / all(127.0f);
            const Vector inverse = most > all(0.0f) ? all(127.0f) / most : all(0.0f);
            __m512i sum = _mm512_setzero_si512();
            for (int step = 0; step < a.steps; ++step) {
                const __m512i whole = _mm512_cvtps_epi32(__builtin_bit_cast(__m512, weightsOf(step) * inverse));
                sum = _mm512_add_epi32(sum, whole);
                _mm_storeu_si128(
                    reinterpret_cast<__m128i *>(a.bytes + first + int64_t(step) * size * 64 + quarter * 16),
                    _mm512_cvtsepi32_epi8(whole));
            }
            alignas(64) float scales[16], sums[16];
            store(scales, scale * all(a.sourceScale));
            store(sums, __builtin_bit_cast(Vector, _mm512_cvtepi32_ps(sumOfFour(sum))));
            for (int output = 0; output < 4; ++output) {
                const int64_t channel = block * 16 + quarter * 4 + output;
                a.scales[channel] = scales[output * 4];
                a.newBias[channel] = a.bias[channel] - scales[output * 4] * sums[output * 4] * float(a.sourceZero);
            }
        }
    });
}

template <typename From, typename To>
static void convertOf(const ConvertArguments &a, float factor, float offset) {
    constexpr int64_t run = 1 << 14;
    parallel(a.threads, (a.count + run - 1) / run, [&](int64_t task) {
        const int64_t end = (task + 1) * run < a.count ? (task + 1) * run : a.count;
        for (int64_t i = task * run; i < end; i += 16)
            store(static_cast<To *>(a.destination) + i, load(static_cast<const From *>(a.source) + i) * all(factor) + all(offset));
    });
}

static void convert(const ConvertArguments &a) {
    const float inverse = 1 / a.scale;
    if (a.sourceType == CInferenceUint8)
        return a.type == CInferenceFloat32 ? convertOf<Byte, float>(a, a.scale, -a.zero * a.scale)
                                           : convertOf<Byte, Bfloat16>(a, a.scale, -a.zero * a.scale);
    a.sourceType == CInferenceFloat32 ? convertOf<float, Byte>(a, inverse, a.zero)
                                      : convertOf<Bfloat16, Byte>(a, inverse, a.zero);
}
