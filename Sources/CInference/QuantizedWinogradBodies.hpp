// 3x3 convolutions of bytes by Winograd's algorithm: each point of a tile is rounded to bytes by the largest of its
// channels. Included by KernelsVNNI.cpp, after QuantizedBodies.hpp and WinogradTransforms.hpp.

/// Tiles of the map that are worked on together.
struct QuantizedTiles {
    int first, count, across;
    uint8_t *transformed;  // (products) of (inputs/16,count,16), 128 too large
    int64_t apart;         // from one product to the next
    float *scales;         // (products,count), what a byte stands for
};

/// Each of `largest`'s four parts of 128 bits with its largest number of 16 bits throughout.
static inline __m512i largestOfParts(__m512i largest) {
    largest = _mm512_max_epi16(largest, _mm512_shuffle_epi32(largest, _MM_PERM_BADC));
    largest = _mm512_max_epi16(largest, _mm512_shuffle_epi32(largest, _MM_PERM_CDAB));
    return _mm512_max_epi16(largest, _mm512_rol_epi32(largest, 16));
}

/// Of four points, what to multiply by so that the largest becomes 127, in all of a tile's part; and what a byte then
/// stands for, to `scales`, `apart` from one point to the next.
static inline CINFERENCE_INLINE void factorsOf(
    const __m512i *largest, int points, __m512i *factors, float *scales, int64_t apart, __mmask8 tiles) {
    __m512i four = _mm512_setzero_si512();
    unrolled<4>([&](auto j) CINFERENCE_INLINE {
        four = _mm512_mask_mov_epi32(four, __mmask16(0x1111 << j), largestOfParts(largest[j]));
    });
    const __m512 most = _mm512_cvtepi32_ps(_mm512_and_si512(four, _mm512_set1_epi32(0xffff)));
    const __m512i factor = _mm512_cvttps_epi32(_mm512_div_ps(_mm512_set1_ps(127 * 32768), most));
    const __m512i byPoint = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    alignas(64) float inverse[16];
    _mm512_store_ps(
        inverse, _mm512_permutexvar_ps(byPoint, _mm512_div_ps(_mm512_set1_ps(1), _mm512_cvtepi32_ps(factor))));
    const __m512i twice = _mm512_or_si512(factor, _mm512_slli_epi32(factor, 16));
    unrolled<4>([&](auto j) CINFERENCE_INLINE {
        factors[j] = _mm512_shuffle_epi32(twice, _MM_PERM_ENUM(0x55 * j));
        if (j < points) _mm_mask_storeu_ps(scales + j * apart, tiles, _mm_load_ps(inverse + 4 * j));
    });
}

/// Where up to four neighbouring tiles begin on the map, and which of their pixels lie on it; the last stands for those
/// that there are not.
template <int Side, int Step>
struct TileSources {
    const uint8_t *sources[tilesTogether];
    bool areInside = true;
    __mmask16 masks[Side * Side][tilesTogether];  // where not all are inside

    TileSources(const QuantizedWinogradArguments &a, int across, int first, int count) {
        int tops[tilesTogether], lefts[tilesTogether];
        for (int t = 0; t < tilesTogether; ++t) {
            const int place = first + (t < count ? t : count - 1);
            const int top = tops[t] = place / across * Step - a.padTop, left = lefts[t] = place % across * Step - a.padLeft;
            sources[t] = static_cast<const uint8_t *>(a.source) + (int64_t(top) * a.sourceWidth + left) * blockSize;
            areInside &= top >= 0 && left >= 0 && top + Side <= a.sourceHeight && left + Side <= a.sourceWidth;
        }
        if (areInside) return;
        for (int i = 0; i < Side * Side; ++i)
            for (int t = 0; t < tilesTogether; ++t) {
                const unsigned y = unsigned(tops[t] + i / Side), x = unsigned(lefts[t] + i % Side);
                masks[i][t] = y < unsigned(a.sourceHeight) && x < unsigned(a.sourceWidth) ? 0xffff : 0;
            }
    }

    /// The tiles' 16 bytes of each pixel, (Side,Side), of the current block of channels; `row` bytes a row of the map.
    CINFERENCE_INLINE void gather(int64_t row, __m128i border, __m512i *pixels) const {
        auto all = [&](auto pixelOf) CINFERENCE_INLINE {
            unrolled<Side * Side>([&](auto i) CINFERENCE_INLINE {
                auto at = [&](int t) CINFERENCE_INLINE {
                    const uint8_t *pixel = sources[t] + i / Side * row + i % Side * blockSize;
                    return pixelOf(reinterpret_cast<const __m128i *>(pixel), masks[i][t]);
                };
                pixels[i] = _mm512_inserti32x4(_mm512_castsi128_si512(at(0)), at(1), 1);
                pixels[i] = _mm512_inserti32x4(_mm512_inserti32x4(pixels[i], at(2), 2), at(3), 3);
            });
        };
        if (!areInside)
            return all([&](const __m128i *pixel, __mmask16 mask) CINFERENCE_INLINE {
                return _mm_mask_loadu_epi8(border, mask, pixel);
            });
        // Rows of tiles are too short for the processor to foresee the next.
        constexpr int ahead = tilesTogether * Step * blockSize, end = ((tilesTogether - 1) * Step + Side) * blockSize;
        unrolled<Side>([&](auto y) CINFERENCE_INLINE {
            unrolled<ahead / 64>([&](auto i) CINFERENCE_INLINE {
                _mm_prefetch(sources[0] + y * row + end + i * 64, _MM_HINT_T0);
            });
        });
        all([](const __m128i *pixel, const __mmask16 &) CINFERENCE_INLINE { return _mm_loadu_si128(pixel); });
    }
};

/// The left sides of the products of up to four tiles from `first` on; `values` are (inputs/16,products,2) on the way:
/// of a block of channels the first eight of each tile, then the others.
template <typename Algorithm>
static void quantizedTiles(const QuantizedWinogradArguments &a, const QuantizedTiles &tiles, int first, Halves *values) {
    constexpr int side = Algorithm::place(Algorithm::values - 1) + 1, step = Algorithm::outputs * Algorithm::stride;
    constexpr int products = Algorithm::points * Algorithm::points, padded = (products + 3) / 4 * 4;
    static_assert(matrices<Algorithm>.reach() * matrices<Algorithm>.reach() * 255 * winogradUnit < 32767);
    const int count = tiles.count - first < tilesTogether ? tiles.count - first : tilesTogether;
    const int64_t row = int64_t(a.sourceWidth) * blockSize;
    TileSources<side, step> map(a, tiles.across, tiles.first + first, count);
    // No less than 128: factors have 16 bits.
    __m512i largest[padded], factors[padded];
    for (__m512i &most : largest) most = _mm512_set1_epi16(128);
    const __m512i none = _mm512_setzero_si512(), zero = _mm512_set1_epi16(int16_t(a.sourceZero * winogradUnit));
    Halves *value = values;
    for (int channel = 0; channel < a.inputs; channel += blockSize, value += 2 * products) {
        __m512i pixels[side * side];
        map.gather(row, _mm_set1_epi8(char(a.sourceZero)), pixels);
        for (const uint8_t *&source : map.sources) source += a.sourceHeight * row;
        // What lanes that no weight reads hold must not count for the largest.
        const int rest = a.channels - channel;
        const unsigned isRead = rest <= 0 ? 0 : rest < blockSize ? (1u << rest) - 1 : 0xffff;
        unrolled<2>([&](auto half) CINFERENCE_INLINE {
            const __mmask32 lanes = (isRead >> half * 8 & 0xff) * 0x01010101u;
            transformInputs<Algorithm, Halves>(
                [&](auto y, auto x) CINFERENCE_INLINE {
                    // Bytes times 256, then times the unit.
                    const __m512i bytes = pixels[y * side + x];
                    const __m512i high = half ? _mm512_unpackhi_epi8(none, bytes) : _mm512_unpacklo_epi8(none, bytes);
                    const __m512i units = _mm512_srli_epi16(high, __builtin_ctz(256 / winogradUnit));
                    return __builtin_bit_cast(Halves, _mm512_maskz_sub_epi16(lanes, units, zero));
                },
                [&](auto i, Halves result) CINFERENCE_INLINE {
                    value[2 * i + half] = result;
                    largest[i] = _mm512_max_epi16(largest[i], _mm512_abs_epi16(__builtin_bit_cast(__m512i, result)));
                });
        });
    }
    for (int i = 0; i < products; i += 4)
        factorsOf(
            largest + i, products - i, factors + i, tiles.scales + int64_t(i) * tiles.count + first, tiles.count,
            __mmask8((1 << count) - 1));
    value = values;
    for (int channel = 0; channel < a.inputs; channel += blockSize) {
        uint8_t *to = tiles.transformed + channel * int64_t(tiles.count) + first * blockSize;
        for (int i = 0; i < products; ++i, value += 2, to += tiles.apart) {
            auto rounded = [&](Halves x) CINFERENCE_INLINE {
                return _mm512_mulhrs_epi16(__builtin_bit_cast(__m512i, x), factors[i]);
            };
            const __m512i whole = _mm512_packs_epi16(rounded(value[0]), rounded(value[1]));
            const __m512i bytes = _mm512_xor_si512(whole, _mm512_set1_epi8(-128));
            if (count == tilesTogether) _mm512_storeu_si512(to, bytes);
            else _mm512_mask_storeu_epi64(to, __mmask8((1 << 2 * count) - 1), bytes);
        }
    }
}

/// One block of output channels, from its products.
template <typename Algorithm>
static void quantizedResults(
    const QuantizedWinogradArguments &a, const QuantizedTiles &tiles, int64_t block, const float *products,
    int64_t apart) {
    constexpr int side = Algorithm::outputs;
    const Vector bias = load(a.bias + block * blockSize);
    for (int tile = tiles.first; tile < tiles.first + tiles.count; ++tile, products += blockSize) {
        const int top = tile / tiles.across * side, left = tile % tiles.across * side;
        const int rows = a.height - top, columns = a.width - left;
        Vector results[side * side];
        unrolled<side * side>([&](auto i) CINFERENCE_INLINE { results[i] = bias; });
        transformProducts<Algorithm>(products, apart, results);
        unrolled<side>([&](auto y) CINFERENCE_INLINE {
            const int64_t place = ((block * a.height + top + y) * a.width + left) * blockSize;
            if (y >= rows) return;
            if (columns >= side) return addAndWrite<side>(a, results + y * side, place);
            unrolled<side - 1>([&](auto x) CINFERENCE_INLINE {
                if (x < columns) addAndWrite<1>(a, results + y * side + x, place + x * blockSize);
            });
        });
    }
}

template <typename Algorithm>
static void quantizedWinogradOf(const QuantizedWinogradArguments &a) {
    const WinogradBlocking blocking(matrices<Algorithm>, a, 1);
    char *own = reinterpret_cast<char *>(a.patches);
    char *const blocks = own + a.threads * blocking.tileBytes(a);
    overBlocks(blocking, a, blocks, [&](int first, int count, char *scratch, const auto &each) {
        const int64_t left = blocking.apart(count, a.inputs, 1);
        const int64_t right = blocking.apart(count, blocking.outputs(a), sizeof(float));
        float *products = reinterpret_cast<float *>(scratch + blocking.products * left);
        const QuantizedTiles tiles{
            first, count, blocking.across, reinterpret_cast<uint8_t *>(scratch), left,
            products + blocking.products * right,
        };
        each((count + tilesTogether - 1) / tilesTogether, [&](int64_t task) {
            auto *values = reinterpret_cast<Halves *>(own + threadIndex() * blocking.tileBytes(a));
            quantizedTiles<Algorithm>(a, tiles, int(task) * tilesTogether, values);
        });
        overGroups(
            blocking, a.blocks, each,
            [&](int64_t point, int block, int size, int place) {
                const int64_t output = (point * a.blocks + block) * blockSize;
                const TileSource source{
                    tiles.transformed + point * left, int64_t(count) * blockSize, a.inputs / blockSize, 4, &onlyTap, 1,
                };
                const FloatResults<true> product{
                    a.weights.scales + output, a.weights.bias + output,
                    products + (point * right + int64_t(place) * count * blockSize), count, tiles.scales + point * count,
                };
                runGroup<16>(product, source, a.weights.bytes + output * a.inputs, 0, size, 0, count);
            },
            [&](int64_t block, int64_t place) {
                quantizedResults<Algorithm>(a, tiles, block, products + place * count * blockSize, right);
            });
    });
}

static void quantizedWinograd(const QuantizedWinogradArguments &a) {
    a.stride == 2 ? quantizedWinogradOf<Even<WinogradFor<2>>>(a) : quantizedWinogradOf<Even<WinogradFor<1>>>(a);
}
