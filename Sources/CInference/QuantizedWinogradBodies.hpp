// 3x3 convolutions of bytes by Winograd's algorithm: each point of a tile is rounded to bytes by the largest of its
// channels. Included by KernelsVNNI.cpp, after QuantizedBodies.hpp and WinogradTransforms.hpp.

/// Tiles of the map that are worked on together.
struct QuantizedTiles {
    int first, count, across;
    uint8_t *transformed;  // (products) of (inputs/16,count,16), 128 too large
    int64_t apart;         // from one product to the next
    float *scales;         // (products,count), what a byte stands for
};

static inline __m256i loadHalves(const int16_t *p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(p)); }

/// Rounds a tile's points, (products,inputs) at `values`, to bytes.
template <int Products>
static void roundTile(const QuantizedTiles &tiles, int tile, int inputs, const int16_t *values) {
    constexpr int padded = (Products + 15) / 16 * 16;
    int32_t most[padded], factors[padded];
    for (int i = Products; i < padded; ++i) most[i] = 128;
    for (int i = 0; i < Products; ++i) {
        // No less than 128: factors have 16 bits.
        __m256i largest = _mm256_set1_epi16(128);
        for (const int16_t *from = values + i * inputs, *end = from + inputs; from < end; from += blockSize)
            largest = _mm256_max_epi16(largest, _mm256_abs_epi16(loadHalves(from)));
        const __m128i half = _mm_max_epi16(_mm256_castsi256_si128(largest), _mm256_extracti128_si256(largest, 1));
        // The least of what is left to 2^16 - 1.
        most[i] = 0xffff - _mm_extract_epi16(_mm_minpos_epu16(_mm_xor_si128(half, _mm_set1_epi16(-1))), 0);
    }
    float inverse[padded];
    for (int i = 0; i < padded; i += 16) {
        const __m512i factor = _mm512_cvttps_epi32(
            _mm512_div_ps(_mm512_set1_ps(127 * 32768), _mm512_cvtepi32_ps(_mm512_loadu_si512(most + i))));
        _mm512_storeu_si512(factors + i, factor);
        _mm512_storeu_ps(inverse + i, _mm512_div_ps(_mm512_set1_ps(1), _mm512_cvtepi32_ps(factor)));
    }
    // Bytes may be aliases of all that is behind `tiles`.
    const int64_t count = tiles.count, apart = tiles.apart;
    uint8_t *point = tiles.transformed + tile * blockSize;
    float *scale = tiles.scales + tile;
    for (int i = 0; i < Products; ++i, point += apart, scale += count) {
        *scale = inverse[i];
        const __m256i factor = _mm256_set1_epi16(int16_t(factors[i]));
        for (int c = 0; c < inputs; c += blockSize) {
            const __m128i bytes = _mm256_cvtepi16_epi8(_mm256_mulhrs_epi16(loadHalves(values + i * inputs + c), factor));
            _mm_storeu_si128(reinterpret_cast<__m128i *>(point + c * count), _mm_xor_si128(bytes, _mm_set1_epi8(-128)));
        }
    }
}

/// The left sides of a tile's products; `values` are (products,inputs) on the way.
template <typename Algorithm>
static void quantizedTile(const QuantizedWinogradArguments &a, const QuantizedTiles &tiles, int tile, int16_t *values) {
    constexpr int side = Algorithm::place(Algorithm::values - 1) + 1, step = Algorithm::outputs * Algorithm::stride;
    constexpr int products = Algorithm::points * Algorithm::points;
    static_assert(matrices<Algorithm>.reach() * matrices<Algorithm>.reach() * 255 * winogradUnit < 32767);
    const int64_t row = int64_t(a.sourceWidth) * blockSize;
    const int place = tiles.first + tile;
    const int top = place / tiles.across * step - a.padTop, left = place % tiles.across * step - a.padLeft;
    const bool isInside = top >= 0 && left >= 0 && top + side <= a.sourceHeight && left + side <= a.sourceWidth;
    const __m256i zero = _mm256_set1_epi16(int16_t(a.sourceZero));
    for (int channel = 0; channel < a.inputs; channel += blockSize) {
        const int64_t first = (int64_t(channel / blockSize) * a.sourceHeight + top) * a.sourceWidth + left;
        const uint8_t *source = static_cast<const uint8_t *>(a.source) + first * blockSize;
        int64_t apart = row;
        uint8_t patch[side * side * blockSize];
        if (!isInside) {
            std::memset(patch, a.sourceZero, sizeof patch);
            const int from = left < 0 ? -left : 0, to = a.sourceWidth - left < side ? a.sourceWidth - left : side;
            for (int y = top < 0 ? -top : 0; y < side && top + y < a.sourceHeight && from < to; ++y)
                std::memcpy(
                    patch + (y * side + from) * blockSize, source + y * row + from * blockSize,
                    size_t(to - from) * blockSize);
            source = patch;
            apart = side * blockSize;
        }
        // Rows of a tile are too short for the processor to foresee the next.
        unrolled<side>([&](auto y) CINFERENCE_INLINE {
            _mm_prefetch(source + y * apart + 2 * side * blockSize, _MM_HINT_T0);
        });
        // What lanes that no weight reads hold must not count for the largest.
        const int rest = a.channels - channel;
        const __mmask16 isRead = rest < blockSize ? __mmask16((1 << rest) - 1) : __mmask16(0xffff);
        transformInputs<Algorithm, Halves>(
            [&](auto y, auto x) CINFERENCE_INLINE {
                const auto *pixel = reinterpret_cast<const __m128i *>(source + y * apart + x * blockSize);
                const __m256i bytes = _mm256_cvtepu8_epi16(_mm_loadu_si128(pixel));
                return __builtin_bit_cast(Halves, _mm256_maskz_sub_epi16(isRead, bytes, zero)) * int16_t(winogradUnit);
            },
            [&](auto i, Halves value) CINFERENCE_INLINE {
                std::memcpy(values + i * a.inputs + channel, &value, sizeof value);
            });
    }
    roundTile<products>(tiles, tile, a.inputs, values);
}

/// The products at one point.
struct PointProducts {
    const float *tileScales, *scales, *bias;  // (count), (blocks,16)
    float *products;                          // (blocks,count,16)
    int count;
};

template <int Blocks, int Pixels>
static inline CINFERENCE_INLINE void prefetchSummand(const PointProducts &, int, int64_t) {}

template <int Blocks, int Pixels>
static inline CINFERENCE_INLINE void finish(const PointProducts &a, int block, int64_t tile, const __m512i *sum) {
#pragma clang loop unroll(full)
    for (int b = 0; b < Blocks; ++b) {
        const Vector scale = load(a.scales + (block + b) * 16), bias = load(a.bias + (block + b) * 16);
#pragma clang loop unroll(full)
        for (int p = 0; p < Pixels; ++p) {
            const Vector whole = __builtin_bit_cast(Vector, _mm512_cvtepi32_ps(sum[p * Blocks + b]));
            const int64_t place = (block + b) * int64_t(a.count) + tile + p;
            store(a.products + place * 16, (whole * scale + bias) * all(a.tileScales[tile + p]));
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
    const BlockGroups groups(a.blocks);
    char *own = reinterpret_cast<char *>(a.patches);
    char *const blocks = own + a.threads * blocking.tileBytes(a);
    overBlocks(blocking, a, blocks, [&](int first, int count, char *scratch, const auto &each) {
        const int64_t left = blocking.apart(count, a.inputs, 1);
        const int64_t right = blocking.apart(count, a.blocks * blockSize, sizeof(float));
        float *products = reinterpret_cast<float *>(scratch + blocking.products * left);
        const QuantizedTiles tiles{
            first, count, blocking.across, reinterpret_cast<uint8_t *>(scratch), left,
            products + blocking.products * right,
        };
        // Neighbouring tiles share cache lines.
        constexpr int run = 8;
        each((count + run - 1) / run, [&](int64_t task) {
            auto *values = reinterpret_cast<int16_t *>(own + threadIndex() * blocking.tileBytes(a));
            for (int tile = int(task) * run; tile < count && tile < (task + 1) * run; ++tile)
                quantizedTile<Algorithm>(a, tiles, tile, values);
        });
        each(int64_t(blocking.products) * groups.count, [&](int64_t task) {
            const int64_t point = task / groups.count, place = point * a.blocks * blockSize, none = 0;
            const int group = int(task % groups.count), block = groups.first(group);
            const TileSource source{
                tiles.transformed + point * left, int64_t(count) * blockSize, a.inputs / blockSize, 4, &none, 1,
            };
            const PointProducts product{
                tiles.scales + point * count, a.weights.scales + place, a.weights.bias + place,
                products + point * right, count,
            };
            const int8_t *weights = a.weights.bytes + (place + block * blockSize) * a.inputs;
            runGroup<16>(product, source, weights, block, groups.size(group), 0, count);
        });
        each(a.blocks, [&](int64_t block) {
            quantizedResults<Algorithm>(a, tiles, block, products + block * count * blockSize, right);
        });
    });
}

static void quantizedWinograd(const QuantizedWinogradArguments &a) {
    a.stride == 2 ? quantizedWinogradOf<Even<WinogradFor<2>>>(a) : quantizedWinogradOf<Even<WinogradFor<1>>>(a);
}
