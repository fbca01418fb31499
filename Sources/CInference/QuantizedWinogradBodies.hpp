// 3x3 convolutions of bytes by Winograd's algorithm: each point of each tile is rounded to bytes by the largest of its
// channels. Included by KernelsVNNI.cpp after QuantizedBodies.hpp and WinogradBodies.hpp.

/// Rows of B whose largest number is 1.
template <typename Algorithm>
struct Even : Algorithm {
    double B[Algorithm::points][Algorithm::points] = {};
    constexpr Even() {
        for (int i = 0; i < Algorithm::points; ++i)
            for (int k = 0; k < Algorithm::points; ++k) B[i][k] = Algorithm::B[i][k] / this->largest(i);
    }
};

/// Where a block of tiles stands while it is worked on.
template <typename Algorithm>
struct QuantizedBlock {
    static constexpr int products = Algorithm::points * Algorithm::points;
    int first, count, across;
    int64_t left, right;  // from one point to the next
    uint8_t *transformed; // (products) of (inputs/16,count,16)
    float *results;       // (products) of (blocks,count,16)
    float *scales;        // (products,count)
};

template <typename Algorithm>
static void quantizedTiles(
    const QuantizedWinogradArguments &a, const QuantizedBlock<Algorithm> &b, int first, int last, int16_t *values) {
    constexpr int points = Algorithm::points, products = points * points, side = Algorithm::place(Algorithm::values - 1) + 1;
    constexpr int step = Algorithm::outputs * Algorithm::stride;
    const int64_t row = int64_t(a.sourceWidth) * blockSize, plane = row * a.sourceHeight;
    const int planes = a.inputs / blockSize, count = b.count, inputs = a.inputs;
    const int64_t apartPlanes = int64_t(count) * blockSize, apartPoints = b.left;
    const __m256i zero = _mm256_set1_epi16(int16_t(a.sourceZero));
    for (int tile = first; tile < last; ++tile) {
        const int top = (b.first + tile) / b.across * step - a.padTop, left = (b.first + tile) % b.across * step - a.padLeft;
        const bool isInside = top >= 0 && left >= 0 && top + side <= a.sourceHeight && left + side <= a.sourceWidth;
        for (int p = 0; p < planes; ++p) {
            const uint8_t *source = static_cast<const uint8_t *>(a.source) + p * plane + (int64_t(top) * a.sourceWidth + left) * blockSize;
            int64_t apart = row;
            uint8_t patch[side * side * blockSize];
            if (!isInside) {
                for (int y = 0; y < side; ++y)
                    for (int x = 0; x < side; ++x) {
                        const bool isPixel = top + y >= 0 && top + y < a.sourceHeight && left + x >= 0 && left + x < a.sourceWidth;
                        uint8_t *to = patch + (y * side + x) * blockSize;
                        if (isPixel) std::memcpy(to, source + y * row + x * blockSize, blockSize);
                        else std::memset(to, a.sourceZero, blockSize);
                    }
                source = patch;
                apart = side * blockSize;
            }
            const int rest = a.channels - p * blockSize;
            const __mmask16 read = rest < blockSize ? __mmask16((1 << rest) - 1) : __mmask16(0xffff);
            // A tile's rows are too short for the processor to foresee the next ones.
            unrolled<side>([&](auto y) CINFERENCE_INLINE { _mm_prefetch(source + y * apart + (side + 6) * blockSize, _MM_HINT_T0); });
            Halves columns[points][points];
            unrolled<points>([&](auto x) CINFERENCE_INLINE {
                timesB<Even<Algorithm>, Halves>(
                    [&](auto y) CINFERENCE_INLINE {
                        const auto *from = source + Algorithm::place(y) * apart + Algorithm::place(x) * blockSize;
                        const __m256i bytes = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i *>(from)));
                        return __builtin_bit_cast(Halves, _mm256_slli_epi16(_mm256_maskz_sub_epi16(read, bytes, zero), 5));
                    },
                    [&](auto i, Halves value) CINFERENCE_INLINE { columns[i][x] = value; });
            });
            unrolled<points>([&](auto i) CINFERENCE_INLINE {
                timesB<Even<Algorithm>, Halves>(
                    [&](auto x) CINFERENCE_INLINE { return columns[i][x]; },
                    [&](auto j, Halves value) CINFERENCE_INLINE {
                        *reinterpret_cast<Halves *>(values + int64_t(i * points + j) * a.inputs + p * blockSize) = value;
                    });
            });
        }
        // No less than 128: the factors fit 16 bits.
        constexpr int padded = (products + 15) / 16 * 16;
        int32_t most[padded];
        for (int i = products; i < padded; ++i) most[i] = 128;
        for (int i = 0; i < products; ++i) {
            const int16_t *from = values + i * inputs;
            __m256i m = _mm256_set1_epi16(128);
            for (int p = 0; p < planes; ++p)
                m = _mm256_max_epi16(m, _mm256_abs_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(from + p * blockSize))));
            const __m128i half = _mm_max_epi16(_mm256_castsi256_si128(m), _mm256_extracti128_si256(m, 1));
            const __m128i ones = _mm_set1_epi16(-1);
            most[i] = 0xffff ^ _mm_cvtsi128_si32(_mm_minpos_epu16(_mm_xor_si128(half, ones))) & 0xffff;
        }
        alignas(64) int32_t factors[padded];
        alignas(64) float inverse[padded];
        for (int i = 0; i < padded; i += 16) {
            const __m512 largest = _mm512_cvtepi32_ps(_mm512_loadu_si512(most + i));
            const __m512i f = _mm512_cvttps_epi32(_mm512_div_ps(_mm512_set1_ps(127 * 32768), largest));
            _mm512_store_si512(factors + i, f);
            _mm512_store_ps(inverse + i, _mm512_div_ps(_mm512_set1_ps(1), _mm512_cvtepi32_ps(f)));
        }
        uint8_t *const transformed = b.transformed + int64_t(tile) * blockSize;
        float *const scales = b.scales + tile;
        for (int i = 0; i < products; ++i) {
            const int16_t *from = values + i * inputs;
            const __m256i factor = _mm256_set1_epi16(int16_t(factors[i]));
            uint8_t *to = transformed + i * apartPoints;
            scales[i * count] = inverse[i];
            for (int p = 0; p < planes; ++p, to += apartPlanes) {
                const __m256i v = _mm256_mulhrs_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(from + p * blockSize)), factor);
                const __m128i bytes = _mm_xor_si128(_mm256_cvtepi16_epi8(v), _mm_set1_epi8(-128));
                _mm_storeu_si128(reinterpret_cast<__m128i *>(to), bytes);
            }
        }
    }
}

/// The products at one point.
struct PointProducts {
    QuantizedWeights weights;
    const float *scales;  // of tiles
    float *results;
    int count;
};

template <int Blocks, int Pixels>
static inline CINFERENCE_INLINE void finish(const PointProducts &a, int block, int64_t pixel, const __m512i *sum) {
#pragma clang loop unroll(full)
    for (int b = 0; b < Blocks; ++b) {
        const Vector scale = load(a.weights.scales + (block + b) * 16), bias = load(a.weights.bias + (block + b) * 16);
#pragma clang loop unroll(full)
        for (int p = 0; p < Pixels; ++p) {
            const Vector whole = __builtin_bit_cast(Vector, _mm512_cvtepi32_ps(sum[p * Blocks + b]));
            store(a.results + ((block + b) * int64_t(a.count) + pixel + p) * 16, (whole * scale + bias) * all(a.scales[pixel + p]));
        }
    }
}

template <typename Algorithm>
static void quantizedWinogradResults(const QuantizedWinogradArguments &a, const QuantizedBlock<Algorithm> &b, int64_t block) {
    constexpr int side = Algorithm::outputs;
    const Vector bias = load(a.bias + block * blockSize);
    const float *products = b.results + block * b.count * blockSize;
    for (int tile = b.first; tile < b.first + b.count; ++tile, products += blockSize) {
        const int top = tile / b.across * side, left = tile % b.across * side;
        const int64_t place = ((block * a.height + top) * a.width + left) * blockSize;
        const int rows = a.height - top, columns = a.width - left;
        Vector results[side * side];
        unrolled<side * side>([&](auto i) CINFERENCE_INLINE { results[i] = bias; });
        transformProducts<Algorithm>(products, b.right, results);
        unrolled<side>([&](auto y) CINFERENCE_INLINE {
            const int64_t first = place + int64_t(y) * a.width * blockSize;
            if (y >= rows) return;
            if (columns >= side) return addAndWrite<side>(a, results + y * side, first);
            unrolled<side - 1>([&](auto x) CINFERENCE_INLINE {
                if (x < columns) addAndWrite<1>(a, results + y * side + x, first + x * blockSize);
            });
        });
    }
}

template <typename Algorithm, typename Each>
static void quantizedWinogradBlock(
    const QuantizedWinogradArguments &a, const WinogradBlocking &blocking, int64_t index, char *scratch, char *values, int64_t valueBytes,
    const Each &each) {
    const BlockGroups groups(a.blocks);
    QuantizedBlock<Algorithm> b;
    b.first = int(index) * blocking.most;
    b.across = blocking.across;
    b.count = blocking.tiles - b.first < blocking.most ? blocking.tiles - b.first : blocking.most;
    b.left = blocking.apart(b.count, a.inputs);
    b.right = blocking.apart(b.count, a.blocks * blockSize);
    b.transformed = reinterpret_cast<uint8_t *>(scratch);
    b.results = reinterpret_cast<float *>(scratch + blocking.products * b.left);
    b.scales = b.results + blocking.products * b.right;
    constexpr int run = 8;
    each((b.count + run - 1) / run, [&](int64_t task) {
        const int first = int(task) * run, last = b.count - first < run ? b.count : first + run;
        quantizedTiles<Algorithm>(a, b, first, last, reinterpret_cast<int16_t *>(values + threadIndex() * valueBytes));
    });
    each(int64_t(blocking.products) * groups.count, [&](int64_t task) {
        const int64_t point = task / groups.count, place = point * a.blocks * blockSize;
        const int group = int(task % groups.count), block = groups.first(group);
        const PointProducts product{
            {nullptr, a.weights.scales + place, a.weights.bias + place}, b.scales + point * b.count, b.results + point * b.right, b.count};
        const int64_t none = 0;
        runGroup<16>(
            product, TileSource{b.transformed + point * b.left, int64_t(b.count) * 16, a.inputs / 16, 4, &none, 1},
            a.weights.bytes + (place + block * blockSize) * a.inputs, block, groups.size(group), 0, b.count);
    });
    each(a.blocks, [&](int64_t block) { quantizedWinogradResults<Algorithm>(a, b, block); });
}

static void quantizedWinograd(const QuantizedWinogradArguments &a) {
    using Algorithm = WinogradFor<1>;
    const WinogradBlocking blocking(matrices<Algorithm>, a, 1);
    char *scratch = reinterpret_cast<char *>(a.patches);
    const int64_t valueBytes = blocking.products * a.inputs * int64_t(sizeof(int16_t)), blockBytes = blocking.bytes(a, blocking.most);
    char *const blocks = scratch + valueBytes * a.threads;
    if (!blocking.whole) {
        for (int block = 0; block < blocking.blocks(); ++block)
            quantizedWinogradBlock<Algorithm>(
                a, blocking, block, blocks, scratch, valueBytes, [&](int64_t count, const auto &body) { parallel(a.threads, count, body); });
        return;
    }
    parallel(a.threads, blocking.blocks(), [&](int64_t block) {
        quantizedWinogradBlock<Algorithm>(
            a, blocking, block, blocks + threadIndex() * blockBytes, scratch, valueBytes, [](int64_t count, const auto &body) {
                for (int64_t i = 0; i < count; ++i) body(i);
            });
    });
}
