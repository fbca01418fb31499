// Convolutions of bytes by products of four pairs at once. Included by KernelsVNNI.cpp, inside its namespace.

/// How many inputs stand together in a plane whose pixels are `pixelBytes` apart.
constexpr int planeInputs(int pixelBytes) {
    return pixelBytes == PackedInputs::together ? PackedInputs::together : 16;
}

/// What a tile of the result reads: neighbours that stand `pixelBytes` apart.
struct TileSource {
    const uint8_t *first;
    int64_t planeBytes;
    int planes, lastSteps;  // of 16 input channels, or of 64; steps of 4 in the last of them
    const int64_t *taps;
    int tapCount;
    const uint8_t *afterRun;  // what is read next, when the run of pixels ends
    const int8_t *nextWeights = nullptr;  // of packed inputs: the next task's
};

/// Adds the products of all inputs and taps for `Pixels` pixels of `Blocks` blocks: exact, in whatever order. Returns
/// where its weights end. Of packed inputs it also fetches a line of `nextWeights` a step.
template <int Blocks, int Pixels, int PixelBytes>
static inline __attribute__((always_inline)) const int8_t *multiply(
    const TileSource &s, const int8_t *weights, __m512i *sum, const uint8_t *nextTile) {
    const int64_t ahead = nextTile - s.first;
    const int8_t *later = s.nextWeights;
    auto step = [&](const uint8_t *source) __attribute__((always_inline)) {
        __m512i taps[Blocks];
#pragma clang loop unroll(full)
        for (int b = 0; b < Blocks; ++b) taps[b] = _mm512_loadu_si512(weights + b * 64);
        weights += Blocks * 64;
        if constexpr (PixelBytes == PackedInputs::together) {
            _mm_prefetch(later, _MM_HINT_T1);
            later += 64;
        }
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
    // What the next tile reads of a plane: a map's stand too far apart for the processor to foresee; a patch, of an
    // image always, is near.
    auto fetch = [&](const uint8_t *next) __attribute__((always_inline)) {
        if (PixelBytes < 16 || s.tapCount > 1) return;
#pragma clang loop unroll(full)
        for (int ahead = 0; ahead < Pixels * PixelBytes; ahead += 64) _mm_prefetch(next + ahead, _MM_HINT_T0);
        _mm_prefetch(next + Pixels * PixelBytes - 1, _MM_HINT_T0);
    };
    constexpr int inputs = planeInputs(PixelBytes);
    auto four = [&](const uint8_t *source) __attribute__((always_inline)) {
#pragma clang loop unroll(full)
        for (int k = 0; k < 16; k += 4) step(source + k);
    };
    for (int tap = 0; tap < s.tapCount; ++tap) {
        const uint8_t *source = s.first + s.taps[tap];
        for (int plane = 1; plane < s.planes; ++plane, source += s.planeBytes) {
            fetch(source + ahead);
            for (int first = 0; first < inputs; first += 16) four(source + first);
        }
        fetch(source + ahead);
        // Of 16 channels a second copy of the four steps would cost more than their loop.
        int k = 0;
        for (; inputs > 16 && k + 4 <= s.lastSteps; k += 4) four(source + 4 * k);
        for (; k < s.lastSteps; ++k) step(source + 4 * k);
    }
    return weights;
}

/// Of two pixels' arguments in the table's steps, their bytes times 128; channels of the two by turns of four.
static inline __m512i lookUp(const ActivationTable &t, __m512i steps) {
    const __m512i held = _mm512_max_epi16(steps, _mm512_setzero_si512()), part = _mm512_srli_epi16(held, 9);
    auto entry = [&](const int16_t *table) {
        return _mm512_permutex2var_epi16(_mm512_loadu_si512(table), part, _mm512_loadu_si512(table + 32));
    };
    const __m512i fraction = _mm512_srli_epi16(_mm512_slli_epi16(held, 7), 1);
    return _mm512_adds_epi16(entry(t.base), _mm512_mulhrs_epi16(entry(t.slope), fraction));
}

/// From four pixels, 16 bytes each, to their channels by turns of four, and back.
static inline __m512i byTurns(__m512i pixels) {
    return _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), pixels);
}

/// Stores `Pixels` neighbouring pixels of a block as bytes, four at once: `bytesOf` what two of them from `p` on,
/// rounded to whole numbers of 16 bits, stand for, channels of the two by turns of four; what is below 0 or above 255
/// is held there.
template <int Pixels, typename BytesOf>
static inline __attribute__((always_inline)) void writeBytes(const Vector *value, Byte *to, const BytesOf &bytesOf) {
#pragma clang loop unroll(full)
    for (int p = 0; p < Pixels; p += 4) {
        __m512i whole[4];
#pragma clang loop unroll(full)
        for (int i = 0; i < 4; ++i)
            whole[i] = _mm512_cvtps_epi32(__builtin_bit_cast(__m512, value[p + i < Pixels ? p + i : Pixels - 1]));
        const __m512i first = bytesOf(_mm512_packs_epi32(whole[0], whole[1]), p);
        const __m512i second = bytesOf(_mm512_packs_epi32(whole[2], whole[3]), p + 2);
        const __m512i bytes = byTurns(_mm512_packus_epi16(first, second));
        if (p + 4 <= Pixels) _mm512_storeu_si512(to + p * 16, bytes);
        else _mm512_mask_storeu_epi32(to + p * 16, __mmask16((1 << (Pixels - p) * 4) - 1), bytes);
    }
}

/// From sums to what `write` takes.
struct Rescaling {
    Vector scale, bias;

    Rescaling(const QuantizedWeights &weights, const QuantizedOutput &o, int block)
        : scale(load(weights.scales + block * 16) * all(o.factor)),
          bias(load(weights.bias + block * 16) * all(o.factor) + all(o.offset)) {}
    Vector operator()(__m512i sum) const { return __builtin_bit_cast(Vector, _mm512_cvtepi32_ps(sum)) * scale + bias; }
};

/// Activates and stores `Pixels` neighbouring pixels of a block, the first at element `place`.
template <int Pixels>
static inline __attribute__((always_inline)) void write(const QuantizedOutput &o, Vector *value, int64_t place) {
    Byte *const bytes = static_cast<Byte *>(o.destination) + place;
    auto itself = [](__m512i whole, int) __attribute__((always_inline)) { return whole; };
    if (o.isByte) return writeBytes<Pixels>(value, bytes, itself);
    if (o.table)
        return writeBytes<Pixels>(value, bytes, [&](__m512i steps, int) __attribute__((always_inline)) {
            return _mm512_srai_epi16(lookUp(*o.table, steps), 7);
        });
    activateAll<Pixels>(value, o.activation);
    auto storeAll = [&](auto *to) __attribute__((always_inline)) {
#pragma clang loop unroll(full)
        for (int p = 0; p < Pixels; ++p) store(to + place + p * 16, value[p]);
    };
    if (o.type == CInferenceUint8) {
#pragma clang loop unroll(full)
        for (int p = 0; p < Pixels; ++p) value[p] = value[p] * all(o.inverse) + all(o.zero);
        writeBytes<Pixels>(value, bytes, itself);
    } else if (o.type == CInferenceFloat32) {
        storeAll(static_cast<float *>(o.destination));
    } else {
        storeAll(static_cast<Bfloat16 *>(o.destination));
    }
}

/// Adds the summand to `Pixels` neighbouring pixels of a block, the first at element `place`, and writes them.
template <int Pixels>
static inline __attribute__((always_inline)) void addAndWrite(const QuantizedArguments &a, Vector *value, int64_t place) {
    const QuantizedOutput &o = a.output;
    if (o.summandParts) {
        const Byte *summand = static_cast<const Byte *>(a.summand) + place;
        const __m512i parts = _mm512_set1_epi16(int16_t(o.summandParts)), none = _mm512_setzero_si512();
        return writeBytes<Pixels>(
            value, static_cast<Byte *>(o.destination) + place, [&](__m512i whole, int p) __attribute__((always_inline)) {
                const int four = p / 4 * 4, left = Pixels - four;
                const __mmask16 mask = __mmask16(left < 4 ? (1 << left * 4) - 1 : 0xffff);
                const __m512i bytes = byTurns(_mm512_maskz_loadu_epi32(mask, summand + four * 16));
                const __m512i high = p % 4 ? _mm512_unpackhi_epi8(none, bytes) : _mm512_unpacklo_epi8(none, bytes);
                const __m512i sum = _mm512_adds_epi16(whole, _mm512_mulhi_epu16(high, parts));
                return _mm512_srai_epi16(sum, __builtin_ctz(summandUnit));
            });
    }
    auto add = [&](const auto *summand, float scale) __attribute__((always_inline)) {
#pragma clang loop unroll(full)
        for (int p = 0; p < Pixels; ++p) value[p] += load(summand + place + p * 16) * all(scale);
    };
    if (a.summand) {
        if (a.summandType == CInferenceUint8) add(static_cast<const Byte *>(a.summand), a.summandScale * o.factor);
        else if (a.summandType == CInferenceFloat32) add(static_cast<const float *>(a.summand), o.factor);
        else add(static_cast<const Bfloat16 *>(a.summand), o.factor);
    }
    write<Pixels>(o, value, place);
}

/// Scales, adds, activates and stores a tile that begins at pixel `pixel` of block `block`.
template <int Blocks, int Pixels>
static inline __attribute__((always_inline)) void finish(
    const QuantizedArguments &a, int block, int64_t pixel, const __m512i *sum) {
    const int64_t area = int64_t(a.height) * a.width;
#pragma clang loop unroll(full)
    for (int b = 0; b < Blocks; ++b) {
        const int64_t place = ((block - a.output.firstBlock + b) * area + pixel) * 16;
        const Rescaling rescale(a.weights, a.output, block + b);
        Vector value[Pixels];
#pragma clang loop unroll(full)
        for (int p = 0; p < Pixels; ++p) value[p] = rescale(sum[p * Blocks + b]);
        addAndWrite<Pixels>(a, value, place);
    }
}

/// Where floats go that are no map yet, (blocks,count,16); each pixel's times a scale of its own where there are such.
template <bool HasPixelScales>
struct FloatResults {
    const float *scales, *bias;  // (blocks,16)
    float *values;
    int count;
    const float *pixelScales;  // (count)
};

template <int Blocks, int Pixels, bool HasPixelScales>
static inline __attribute__((always_inline)) void finish(
    const FloatResults<HasPixelScales> &a, int block, int64_t pixel, const __m512i *sum) {
#pragma clang loop unroll(full)
    for (int b = 0; b < Blocks; ++b) {
        const Vector scale = load(a.scales + (block + b) * 16), bias = load(a.bias + (block + b) * 16);
#pragma clang loop unroll(full)
        for (int p = 0; p < Pixels; ++p) {
            Vector value = __builtin_bit_cast(Vector, _mm512_cvtepi32_ps(sum[p * Blocks + b])) * scale + bias;
            if constexpr (HasPixelScales) value *= all(a.pixelScales[pixel + p]);
            store(a.values + ((block + b) * int64_t(a.count) + pixel + p) * 16, value);
        }
    }
}

/// Other results than maps have nothing added.
template <int Blocks, int Pixels, typename Arguments>
static inline __attribute__((always_inline)) void prefetchSummand(const Arguments &, int, int64_t) {}

/// What `finish` will add to a tile: on its way while the tile is multiplied.
template <int Blocks, int Pixels>
static inline __attribute__((always_inline)) void prefetchSummand(const QuantizedArguments &a, int block, int64_t pixel) {
    if (!a.summand) return;
    const int64_t area = int64_t(a.height) * a.width;
    const int bytes = a.summandType == CInferenceUint8 ? 1 : a.summandType == CInferenceFloat32 ? 4 : 2;
#pragma clang loop unroll(full)
    for (int b = 0; b < Blocks; ++b) {
        const int64_t place = ((block - a.output.firstBlock + b) * area + pixel) * 16;
        const char *first = static_cast<const char *>(a.summand) + place * bytes;
        for (int ahead = 0; ahead < Pixels * 16 * bytes; ahead += 64) _mm_prefetch(first + ahead, _MM_HINT_T0);
    }
}

constexpr int64_t onlyTap = 0;

/// The second source of a run that begins at pixel `pixel`; without planes where there is none.
template <typename Arguments>
static inline TileSource secondSource(const Arguments &, int64_t) { return {}; }
static inline TileSource secondSource(const QuantizedArguments &a, int64_t pixel) {
    if (!a.second) return {};
    const uint8_t *const first = static_cast<const uint8_t *>(a.second) + pixel * 16;
    return {first, int64_t(a.height) * a.width * 16, a.secondInputs / 16, 4, &onlyTap, 1, first};
}

/// Which part of the inputs a run multiplies: one of those between which the sums of its tiles stand at `sums`; or,
/// where that is null, all of both sources.
struct InputPart {
    bool isFirst = true, isLast = true;
    __m512i *sums = nullptr;
};

/// `count` pixels from `pixel` on: tiles of `Pixels`, then smaller ones.
template <int Blocks, int Pixels, int PixelBytes, typename Arguments>
static void runPixels(
    const Arguments &a, TileSource source, const int8_t *weights, int block, int64_t pixel, int count, InputPart part) {
    const int8_t *const nextWeights = source.nextWeights;
    for (int tile = 1; count >= Pixels; ++tile) {
        __m512i sum[Blocks * Pixels];
#pragma clang loop unroll(full)
        for (int i = 0; i < Blocks * Pixels; ++i) sum[i] = part.isFirst ? _mm512_setzero_si512() : part.sums[i];
        if (part.isLast) prefetchSummand<Blocks, Pixels>(a, block, pixel);
        const uint8_t *const next = count > Pixels ? source.first + Pixels * PixelBytes : source.afterRun;
        const int8_t *const end = multiply<Blocks, Pixels, PixelBytes>(source, weights, sum, next);
        if (!part.sums) {
            const TileSource second = secondSource(a, pixel);
            if (second.planes) multiply<Blocks, Pixels, 16>(second, end, sum, second.first + Pixels * 16);
        }
        if (part.isLast) {
            finish<Blocks, Pixels>(a, block, pixel, sum);
        } else {
#pragma clang loop unroll(full)
            for (int i = 0; i < Blocks * Pixels; ++i) part.sums[i] = sum[i];
        }
        if (part.sums) part.sums += Blocks * Pixels;
        source.first += Pixels * PixelBytes;
        if (nextWeights) source.nextWeights = nextWeights + (end - weights) / Blocks * (tile % Blocks);
        pixel += Pixels;
        count -= Pixels;
    }
    if constexpr (Pixels > 1)
        if (count > 0) {
            source.nextWeights = nextWeights;
            runPixels<Blocks, (Pixels > 6 ? Pixels / 2 : Pixels > 2 ? 2 : 1), PixelBytes>(
                a, source, weights, block, pixel, count, part);
        }
}

/// The same; many inputs of a single tap part by part, whose weights stay in the first cache while a few tiles go by.
template <int Blocks, int Pixels, int PixelBytes, typename Arguments>
static void runParts(
    const Arguments &a, const TileSource &source, const int8_t *weights, int block, int64_t pixel, int count) {
    constexpr int partInputs = 256, partPixels = 48;
    const TileSource second = secondSource(a, pixel);
    if (source.tapCount > 1 || source.planes * planeInputs(PixelBytes) + second.planes * 16 <= partInputs)
        return runPixels<Blocks, Pixels, PixelBytes>(a, source, weights, block, pixel, count, {});
    __m512i sums[Blocks * partPixels];
    for (int begin = 0; begin < count; begin += partPixels) {
        const int pixels = count - begin < partPixels ? count - begin : partPixels;
        const int8_t *partWeights = weights;
        auto run = [&](const TileSource &s, auto pixelBytes, bool isLast) {
            constexpr int inputs = planeInputs(pixelBytes), planes = partInputs / inputs;
            for (int plane = 0; plane < s.planes; plane += planes) {
                TileSource part = s;
                part.first += plane * s.planeBytes + begin * pixelBytes;
                const bool isEnd = plane + planes >= s.planes;
                if (isEnd) {
                    part.planes -= plane;
                    if (second.planes > 0) part.afterRun = part.first;
                    else if (begin + pixels < count) part.afterRun = s.first + (begin + pixels) * pixelBytes;
                } else {
                    part.planes = planes;
                    part.lastSteps = inputs / 4;
                    part.afterRun = part.first + planes * s.planeBytes;
                }
                if (s.nextWeights) part.nextWeights += partWeights - weights;
                runPixels<Blocks, Pixels, pixelBytes>(
                    a, part, partWeights, block, pixel + begin, pixels, {partWeights == weights, isLast && isEnd, sums});
                partWeights += ((part.planes - 1) * inputs / 4 + part.lastSteps) * Blocks * 64;
            }
        };
        run(source, std::integral_constant<int, PixelBytes>{}, second.planes == 0);
        if (second.planes > 0) run(second, std::integral_constant<int, 16>{}, true);
    }
}

/// The same for the group of blocks that begins at `block`: as many pixels as there are registers for.
template <int PixelBytes, typename Arguments>
static void runGroup(
    const Arguments &a, const TileSource &source, const int8_t *weights, int block, int blocks, int64_t pixel,
    int count) {
    switch (blocks) {
        case 1: return runParts<1, 24, PixelBytes>(a, source, weights, block, pixel, count);
        case 2: return runParts<2, 12, PixelBytes>(a, source, weights, block, pixel, count);
        case 3: return runParts<3, 8, PixelBytes>(a, source, weights, block, pixel, count);
        default: return runParts<4, 6, PixelBytes>(a, source, weights, block, pixel, count);
    }
}

/// `count` pixels of the image from `place` on, three bytes each; channels that it lacks are zero.
static void quantizePixels(const QuantizedArguments &a, int64_t place, int count, uint8_t *to) {
    const int64_t area = int64_t(a.sourceHeight) * a.sourceWidth;
    const __m512i most = _mm512_set1_epi32(255), none = _mm512_setzero_si512();
    // Of four pixels' 16 bytes the three channels.
    const __m512i channels = _mm512_set4_epi32(-1, 0x0e0d0c0a, 0x09080605, 0x04020100);
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
        const __m512i packed = _mm512_maskz_compress_epi32(0x7777, _mm512_shuffle_epi8(pixels, channels));
        const int bytes = (count - x < 16 ? count - x : 16) * imagePixelBytes;
        _mm512_mask_storeu_epi8(to + x * imagePixelBytes, (__mmask64(1) << bytes) - 1, packed);
    }
}

/// Copies `patch.sourceRows` rows of the source from `top` on, with the border: the columns that the region reads.
static void fillPatch(const QuantizedArguments &a, const QuantizedPatch &patch, int top, uint8_t *to) {
    const int first = a.region.columns.first * a.stride, end = (a.region.columns.end - 1) * a.stride + a.kernelWidth;
    auto held = [&](int column) { return column < first ? first : column > end ? end : column; };
    // Where the source begins and ends.
    const int left = held(a.padLeft), right = held(a.padLeft + a.sourceWidth);
    const int64_t area = int64_t(a.sourceHeight) * a.sourceWidth;
    const int bytes = patch.pixelBytes;
    for (int plane = 0; plane < patch.planes; ++plane) {
        for (int row = 0; row < patch.sourceRows; ++row, to += int64_t(patch.columns) * bytes) {
            const int y = top + row;
            auto fill = [&](int from, int end) {
                std::memset(to + int64_t(from) * bytes, a.sourceZero, size_t(end - from) * bytes);
            };
            if (y < 0 || y >= a.sourceHeight) {
                fill(first, end);
                continue;
            }
            fill(first, left);
            uint8_t *middle = to + int64_t(left) * bytes;
            const int64_t place = int64_t(y) * a.sourceWidth + left - a.padLeft;
            if (a.image) quantizePixels(a, place, right - left, middle);
            else std::memcpy(middle, static_cast<const uint8_t *>(a.source) + (plane * area + place) * 16, size_t(right - left) * 16);
            fill(right, end);
        }
    }
}

static void convolution(const QuantizedArguments &a) {
    const QuantizedPatch patch(a, a.image != nullptr);
    const BlockGroups groups(a.blocks);
    const int64_t blockBytes = int64_t(patch.taps) * (patch.steps + a.secondInputs / 4) * 64;
    auto run = [&](const TileSource &source, int group, int64_t pixel, int count, int pixelBytes) {
        const int first = groups.first(group), size = groups.size(group);
        const int8_t *weights = a.weights.bytes + first * blockBytes;
        switch (pixelBytes) {
            case 2 * imagePixelBytes: return runGroup<2 * imagePixelBytes>(a, source, weights, first, size, pixel, count);
            case 16: return runGroup<16>(a, source, weights, first, size, pixel, count);
            default: return runGroup<32>(a, source, weights, first, size, pixel, count);
        }
    };
    const int planes = patch.planes, lastSteps = patch.steps - 4 * (planes - 1);
    if (patch.direct) {
        const Region &region = a.region;
        const int64_t area = region.pixels(), sourceWidth = int64_t(a.sourceWidth) * a.stride;
        // Pixels that stand evenly apart are a row: with stride 1 all of whole rows.
        const bool isOne = a.stride == 1 && region.columns.count() == a.width;
        const int64_t width = isOne ? area : region.columns.count();
        const int64_t most = isOne ? patch.pixels : (patch.pixels + width - 1) / width * width;
        const int64_t runs = (area + most - 1) / most;
        parallel(a.threads, runs * groups.count, [&](int64_t task) {
            const int64_t begin = task / groups.count * most, end = begin + most < area ? begin + most : area;
            for (int64_t pixel = begin; pixel < end; pixel += width) {
                const int64_t count = end - pixel < width ? end - pixel : width;
                const int64_t y = region.rows.first + pixel / width, x = region.columns.first + pixel % width;
                const int64_t place = y * sourceWidth + x * a.stride;
                const TileSource source{
                    static_cast<const uint8_t *>(a.source) + place * 16, int64_t(a.sourceHeight) * a.sourceWidth * 16,
                    planes, lastSteps, &onlyTap, 1,
                    static_cast<const uint8_t *>(a.source) + (place + (isOne ? count : sourceWidth)) * 16,
                };
                run(source, int(task % groups.count), y * a.width + x, int(count), 16 * a.stride);
            }
        });
        return;
    }
    int64_t offsets[mostQuantizedTaps];
    const int across = patch.taps / a.kernelHeight;
    for (int tap = 0; tap < patch.taps; ++tap)
        offsets[tap] = (int64_t(tap / across) * patch.columns + tap % across) * patch.pixelBytes;
    const Region &region = a.region;
    const int64_t bands = (region.rows.count() + patch.rows - 1) / patch.rows;
    parallel(a.threads, bands * groups.count, [&](int64_t task) {
        const int y = region.rows.first + int(task / groups.count) * patch.rows;
        uint8_t *copy = a.patches + threadIndex() * patch.bytes;
        fillPatch(a, patch, y * a.stride - a.padTop, copy);
        for (int row = 0; row < patch.rows && y + row < region.rows.end; ++row) {
            const uint8_t *first =
                copy + (int64_t(row) * patch.columns + region.columns.first) * a.stride * patch.pixelBytes;
            const int64_t planeBytes = int64_t(patch.sourceRows) * patch.columns * patch.pixelBytes;
            run({first, planeBytes, planes, lastSteps, offsets, patch.taps, first}, int(task % groups.count),
                int64_t(y + row) * a.width + region.columns.first, region.columns.count(), patch.pixelBytes * a.stride);
        }
    });
}

/// Every `stride`-th pixel of a line with the three after it, `columns` of them: the four bytes of a channel side by
/// side.
static void spread(const uint8_t *line, int columns, int stride, uint8_t *to) {
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i turn = _mm512_set4_epi32(0x0f0b0703, 0x0e0a0602, 0x0d090501, 0x0c080400);
    for (int x = 0; x < columns; ++x) {
        const __m512i four = _mm512_permutexvar_epi32(order, _mm512_loadu_si512(line + x * stride * 16));
        _mm512_storeu_si512(to + x * 64, _mm512_shuffle_epi8(four, turn));
    }
}

/// `count` pixels from (`x`, `y`) on of the map that the expansion makes, of the group of blocks that begins at
/// `first`: a line a block, `linePixels` from each other.
static void expandLines(
    const QuantizedDepthwiseArguments &a, int first, int blocks, int y, int x, int count, uint8_t *lines, int linePixels) {
    QuantizedArguments e = *a.expansion;
    const int steps = (a.expandedInputs + 3) / 4, planes = (steps + 3) / 4;
    const int64_t blockBytes = int64_t((e.inputs + 3) / 4) * 64;
    const uint8_t *source = static_cast<const uint8_t *>(e.source) + (int64_t(y) * a.sourceWidth + x) * 16;
    e.height = 1;
    e.width = linePixels;
    e.output.destination = lines;
    e.output.firstBlock = first;
    runGroup<16>(
        e, {source, int64_t(a.sourceHeight) * a.sourceWidth * 16, planes, steps - 4 * (planes - 1), &onlyTap, 1, source},
        e.weights.bytes + first * blockBytes, first, blocks, 0, count);
}

/// `Pixels` neighbouring results from rows that `spread` made.
template <int Kernel, int Stride, int Pixels>
static inline __attribute__((always_inline)) void depthwiseOfSpread(
    const QuantizedDepthwiseArguments &a, const uint8_t *const *rows, int x, const int8_t *weights, const Rescaling &rescale,
    int64_t place) {
    constexpr int parts = (Kernel + 3) / 4;
    __m512i sum[Pixels];
    for (int p = 0; p < Pixels; ++p) sum[p] = _mm512_setzero_si512();
#pragma clang loop unroll(full)
    for (int ky = 0; ky < Kernel; ++ky)
#pragma clang loop unroll(full)
        for (int part = 0; part < parts; ++part) {
            const __m512i taps = _mm512_loadu_si512(weights + (ky * parts + part) * 64);
#pragma clang loop unroll(full)
            for (int p = 0; p < Pixels; ++p)
                sum[p] = _mm512_dpbusd_epi32(sum[p], _mm512_loadu_si512(rows[ky] + (x + p + 4 / Stride * part) * 64), taps);
        }
    Vector value[Pixels];
    for (int p = 0; p < Pixels; ++p) value[p] = rescale(sum[p]);
    write<Pixels>(a.output, value, place);
}

template <int Kernel, int Stride>
static void quantizedDepthwiseOf(const QuantizedDepthwiseArguments &a) {
    const BlockGroups groups(a.blocks);
    const int across = a.across(), down = a.down(), tiles = across * down;
    const int most = a.stripColumns(), linePixels = a.linePixels(), lineBytes = linePixels * 16;
    const int rowBytes = a.spreadColumns() * 64, ringBytes = Kernel * rowBytes;
    parallel(a.threads, int64_t(a.expansion ? groups.count : a.blocks) * tiles, [&](int64_t task) {
        const int group = int(task / tiles), tile = int(task % tiles), left = tile % across * most;
        const int from = tile / across * a.height / down, to = (tile / across + 1) * a.height / down;
        const int first = a.expansion ? groups.first(group) : group, blocks = a.expansion ? groups.size(group) : 1;
        const int width = a.width - left < most ? a.width - left : most;
        const int columns = width + (Kernel > 4 ? 4 / Stride : 0);
        // The source's columns that are wanted, and which of them lie inside it.
        const int origin = left * Stride - a.padLeft, begin = origin < 0 ? -origin : 0;
        const int wanted = (columns - 1) * Stride + 4;
        const int end = a.sourceWidth - origin < wanted ? a.sourceWidth - origin : wanted;
        uint8_t *rings = a.rings + threadIndex() * a.scratchBytes(), *lines = rings + a.mostBlocks() * ringBytes;
        // Pixels beyond the border are never written.
        std::memset(lines, a.sourceZero, size_t(blocks) * lineBytes);
        auto fill = [&](int y, uint8_t *row) {
            const bool isInside = y >= 0 && y < a.sourceHeight && end > begin;
            if (isInside && a.expansion)
                expandLines(a, first, blocks, y, origin + begin, end - begin, lines + begin * 16, linePixels);
            for (int b = 0; b < blocks; ++b, row += ringBytes) {
                if (!isInside) {
                    std::memset(row, a.sourceZero, size_t(columns) * 64);
                    continue;
                }
                const uint8_t *line = lines + b * lineBytes;
                if (!a.expansion) {
                    const int64_t place = (int64_t(first + b) * a.sourceHeight + y) * a.sourceWidth + origin + begin;
                    const uint8_t *source = static_cast<const uint8_t *>(a.source) + place * 16;
                    if (begin == 0 && end == wanted) line = source;
                    else std::memcpy(lines + begin * 16, source, size_t(end - begin) * 16);
                }
                spread(line, columns, Stride, row);
            }
        };
        __m512i totals[BlockGroups::most];
        for (__m512i &total : totals) total = _mm512_setzero_si512();
        int next = from * Stride - a.padTop;
        for (int y = from; y < to; ++y) {
            const int top = y * Stride - a.padTop;
            for (next = next < top ? top : next; next < top + Kernel; ++next)
                fill(next, rings + (next + a.padTop) % Kernel * rowBytes);
            for (int b = 0; b < blocks; ++b) {
                const int block = first + b;
                const int8_t *weights = a.weights.bytes + int64_t(block) * Kernel * ((Kernel + 3) / 4) * 64;
                const Rescaling rescale(a.weights, a.output, block);
                const uint8_t *rows[Kernel];
                for (int ky = 0; ky < Kernel; ++ky)
                    rows[ky] = rings + b * ringBytes + (top + ky + a.padTop) % Kernel * rowBytes;
                const int64_t place = ((int64_t(block) * a.height + y) * a.width + left) * 16;
                int x = 0;
                for (; x + 8 <= width; x += 8)
                    depthwiseOfSpread<Kernel, Stride, 8>(a, rows, x, weights, rescale, place + x * 16);
                for (; x < width; ++x) depthwiseOfSpread<Kernel, Stride, 1>(a, rows, x, weights, rescale, place + x * 16);
                if (!a.pooled) continue;
                const auto *done = reinterpret_cast<const __m128i *>(static_cast<const uint8_t *>(a.output.destination) + place);
                for (int p = 0; p < width; ++p)
                    totals[b] = _mm512_add_epi32(totals[b], _mm512_cvtepu8_epi32(_mm_loadu_si128(done + p)));
            }
        }
        if (!a.pooled) return;
        for (int b = 0; b < blocks; ++b)
            _mm512_storeu_si512(a.partial + ((first + b) * tiles + tile) * 16, totals[b]);
    });
    if (!a.pooled) return;
    const float area = float(int64_t(a.height) * a.width);
    for (int block = 0; block < a.blocks; ++block) {
        Vector sum{};
        for (int tile = 0; tile < tiles; ++tile) {
            const __m512i part = _mm512_loadu_si512(a.partial + (int64_t(block) * tiles + tile) * 16);
            sum += __builtin_bit_cast(Vector, _mm512_cvtepi32_ps(part));
        }
        store(a.pooled + block * 16, (sum / all(area) - all(a.output.zero)) * all(a.pooledScale));
    }
}

static void quantizedDepthwise(const QuantizedDepthwiseArguments &a) {
    if (a.kernel == 3) return a.stride == 1 ? quantizedDepthwiseOf<3, 1>(a) : quantizedDepthwiseOf<3, 2>(a);
    a.stride == 1 ? quantizedDepthwiseOf<5, 1>(a) : quantizedDepthwiseOf<5, 2>(a);
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
    const BlockGroups groups(a.blocks);
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
