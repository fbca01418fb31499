// 3x3 convolutions of bytes by Winograd's algorithm: each point of a tile is rounded to bytes by the largest of its
// channels. Included by KernelsVNNI.cpp, after QuantizedBodies.hpp and WinogradTransforms.hpp.

/// Tiles of the map that are worked on together.
struct QuantizedTiles {
    const WinogradBlocking &blocking;
    int first, count;
    uint8_t *transformed;  // (products) of (groups of inputs,count,64), 128 too large
    int64_t apart;         // from one product to the next
    float *scales;         // (products,count), what a byte stands for
};

/// The largest of each of four vectors' numbers of 16 bits, in all four parts of 128 bits.
static inline CINFERENCE_INLINE __m512i largestOfFourVectors(const __m512i *v) {
    auto pairs = [](__m512i a, __m512i b) CINFERENCE_INLINE {
        return _mm512_max_epi16(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
    };
    const __m512 first = _mm512_castsi512_ps(pairs(v[0], v[1])), second = _mm512_castsi512_ps(pairs(v[2], v[3]));
    __m512i most = _mm512_max_epi16(
        _mm512_castps_si512(_mm512_shuffle_ps(first, second, 0x88)),
        _mm512_castps_si512(_mm512_shuffle_ps(first, second, 0xdd)));
    most = _mm512_max_epi16(most, _mm512_rol_epi32(most, 16));
    most = _mm512_max_epi16(most, _mm512_shuffle_i64x2(most, most, 0x4e));
    return _mm512_max_epi16(most, _mm512_shuffle_i64x2(most, most, 0xb1));
}

/// What to multiply a tile's points by so that the largest number of each becomes 127, twice; and what a byte then
/// stands for, to `scales`, `apart` from one point to the next.
template <int Products>
static inline CINFERENCE_INLINE void factorsOf(const __m512i *largest, int32_t *factors, float *scales, int64_t apart) {
    constexpr int sixteens = (Products + 15) / 16;
    alignas(64) float inverse[sixteens * 16];
    unrolled<sixteens>([&](auto i) CINFERENCE_INLINE {
        __m512i most = _mm512_set1_epi32(1);
        unrolled<4>([&](auto j) CINFERENCE_INLINE {
            constexpr int first = i * 16 + j * 4;
            if constexpr (first < Products)
                most = _mm512_mask_mov_epi32(most, __mmask16(0xf << 4 * j), largestOfFourVectors(largest + first));
        });
        const __m512 whole = _mm512_cvtepi32_ps(_mm512_and_si512(most, _mm512_set1_epi32(0xffff)));
        const __m512i factor = _mm512_cvttps_epi32(_mm512_div_ps(_mm512_set1_ps(127 * 32768), whole));
        _mm512_store_ps(inverse + i * 16, _mm512_div_ps(_mm512_set1_ps(1), _mm512_cvtepi32_ps(factor)));
        _mm512_storeu_si512(factors + i * 16, _mm512_or_si512(factor, _mm512_slli_epi32(factor, 16)));
    });
    for (int i = 0; i < Products; ++i) scales[i * apart] = inverse[i];
}

/// Where a tile begins on the map, and which of its pixels lie on it.
template <int Side>
struct TilePlace {
    int64_t begin;  // in bytes of a block
    bool hasLeft, isInside;
    __mmask16 rows[Side], columns[Side];  // all or nothing, where not all are inside

    void set(const QuantizedWinogradArguments &a, int top, int left) {
        begin = (int64_t(top) * a.sourceWidth + left) * blockSize;
        isInside = top >= 0 && left >= 0 && top + Side <= a.sourceHeight && left + Side <= a.sourceWidth;
        for (int i = 0; i < Side && !isInside; ++i) {
            rows[i] = unsigned(top + i) < unsigned(a.sourceHeight) ? 0xffff : 0;
            columns[i] = unsigned(left + i) < unsigned(a.sourceWidth) ? 0xffff : 0;
        }
    }
};

/// 32 channels of a tile, 16 each at `low` and `high`, `row` bytes a row of the map: their left sides to `values`, and
/// to `largest` where it is less. `shared` holds the columns that the tile to the left has too, and then the next
/// one's.
template <typename Algorithm, typename PixelOf>
static inline CINFERENCE_INLINE void transformTile(
    const uint8_t *low, const uint8_t *high, int64_t row, const PixelOf &pixelOf, __mmask32 lanes, __m512i zero,
    bool hasLeft, Halves *shared, Halves *values, __m512i *largest) {
    constexpr int points = Algorithm::points;
    auto input = [&](auto y, auto x) CINFERENCE_INLINE {
        const int64_t pixel = y * row + x * blockSize;
        const __m256i bytes = _mm256_inserti128_si256(
            _mm256_castsi128_si256(pixelOf(low + pixel, y, x)), pixelOf(high + pixel, y, x), 1);
        const __m512i units = _mm512_slli_epi16(_mm512_cvtepu8_epi16(bytes), __builtin_ctz(winogradUnit));
        return __builtin_bit_cast(Halves, _mm512_maskz_sub_epi16(lanes, units, zero));
    };
    LeftSides<Algorithm, Halves> sides;
    unrolled<points>([&](auto x) CINFERENCE_INLINE {
        if (Algorithm::inLeftTile(x) >= 0 && hasLeft)
            unrolled<points>([&](auto i) CINFERENCE_INLINE { sides.columns[i][x] = shared[x * points + i]; });
        else
            sides.transformColumn(x, input);
    });
    unrolled<points>([&](auto x) CINFERENCE_INLINE {
        if constexpr (Algorithm::inLeftTile(x) >= 0)
            unrolled<points>([&](auto i) CINFERENCE_INLINE {
                shared[x * points + i] = sides.columns[i][Algorithm::inLeftTile(x)];
            });
    });
    sides.transformRows([&](auto i, Halves result) CINFERENCE_INLINE {
        values[i] = result;
        largest[i] = _mm512_max_epi16(largest[i], _mm512_abs_epi16(__builtin_bit_cast(__m512i, result)));
    });
}

/// The left sides of the products of the tiles from `first` to `end`. `values` are a tile's on the way, (groups of
/// inputs,2,products), and the columns that neighbours share.
template <typename Algorithm>
static void quantizedTiles(
    const QuantizedWinogradArguments &a, const QuantizedTiles &tiles, int first, int end, Halves *values) {
    constexpr int points = Algorithm::points, products = points * points;
    constexpr int side = Algorithm::place(Algorithm::values - 1) + 1, step = Algorithm::outputs * Algorithm::stride;
    const WinogradBlocking &blocking = tiles.blocking;
    static_assert(matrices<Algorithm>.reach() * matrices<Algorithm>.reach() * 255 * winogradUnit < 32767);
    const int groups = PackedInputs(a.inputs).groups, blocks = a.inputs / blockSize;
    const int64_t row = int64_t(a.sourceWidth) * blockSize, plane = a.sourceHeight * row;
    const __m128i border = _mm_set1_epi8(char(a.sourceZero));
    const __m512i zero = _mm512_set1_epi16(int16_t(a.sourceZero * winogradUnit));
    __m512i largest[(products + 3) / 4 * 4];
    int32_t factors[(products + 15) / 16 * 16];
    TilePlace<side> place;
    for (int tile = first; tile < end; ++tile) {
        // No less than 128: factors have 16 bits.
        for (__m512i &most : largest) most = _mm512_set1_epi16(128);
        const int at = tiles.first + tile;
        place.set(a, blocking.top(at) * a.stride - a.padTop, blocking.left(at) * a.stride - a.padLeft);
        place.hasLeft = tile > first && at % blocking.across > 0;
        for (int half = 0; half < 2 * groups; ++half) {
            const int block = half / 2 * 4 + half % 2;
            auto sourceOf = [&](int block) {
                return static_cast<const uint8_t *>(a.source) + (block < blocks ? block : 0) * plane + place.begin;
            };
            // What lanes that no weight reads hold must not count for the largest.
            auto areRead = [&](int block) {
                const int rest = a.channels - block * blockSize;
                return rest <= 0 ? 0 : rest < blockSize ? (1u << rest) - 1 : 0xffff;
            };
            const __mmask32 lanes = areRead(block) | areRead(block + 2) << 16;
            const uint8_t *const low = sourceOf(block), *const high = sourceOf(block + 2);
            // Rows of tiles are too short for the processor to foresee the next one.
            for (int y = 0; y < side; ++y) {
                _mm_prefetch(low + y * row + (step + side - 1) * blockSize, _MM_HINT_T0);
                _mm_prefetch(high + y * row + (step + side - 1) * blockSize, _MM_HINT_T0);
            }
            Halves *const shared = values + int64_t(groups) * 2 * products + int64_t(half) * 2 * points;
            auto transform = [&](const auto &pixelOf) CINFERENCE_INLINE {
                transformTile<Algorithm>(
                    low, high, row, pixelOf, lanes, zero, place.hasLeft, shared, values + half * products, largest);
            };
            if (place.isInside)
                transform([](const uint8_t *pixel, auto, auto) CINFERENCE_INLINE {
                    return _mm_loadu_si128(reinterpret_cast<const __m128i *>(pixel));
                });
            else
                transform([&](const uint8_t *pixel, auto y, auto x) CINFERENCE_INLINE {
                    return _mm_mask_loadu_epi8(border, place.rows[y] & place.columns[x], pixel);
                });
        }
        factorsOf<products>(largest, factors, tiles.scales + tile, tiles.count);
        for (int group = 0; group < groups; ++group) {
            const Halves *const value = values + group * 2 * products;
            uint8_t *to = tiles.transformed + (int64_t(group) * tiles.count + tile) * PackedInputs::together;
            for (int i = 0; i < products; ++i, to += tiles.apart) {
                const __m512i factor = _mm512_set1_epi32(factors[i]);
                auto rounded = [&](Halves x) CINFERENCE_INLINE {
                    return _mm512_mulhrs_epi16(__builtin_bit_cast(__m512i, x), factor);
                };
                const __m512i whole = _mm512_packs_epi16(rounded(value[i]), rounded(value[products + i]));
                _mm512_storeu_si512(to, _mm512_xor_si512(whole, _mm512_set1_epi8(-128)));
            }
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
        const int top = tiles.blocking.top(tile), left = tiles.blocking.left(tile);
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
    const WinogradBlocking blocking(matrices<Algorithm>, a, a.region, 1);
    char *own = reinterpret_cast<char *>(a.patches);
    char *const blocks = own + a.threads * blocking.tileBytes(a);
    const PackedInputs inputs(a.inputs);
    // As many as make the columns that a task's first tile cannot share few.
    constexpr int tilesInATask = 12;
    overBlocks(blocking, a, blocks, [&](int first, int count, char *scratch, const auto &each) {
        const int64_t left = blocking.apart(count, blocking.inputs(a), 1);
        const int64_t right = blocking.apart(count, blocking.outputs(a), sizeof(float));
        float *products = reinterpret_cast<float *>(scratch + blocking.products * left);
        const QuantizedTiles tiles{
            blocking, first, count, reinterpret_cast<uint8_t *>(scratch), left,
            products + blocking.products * right,
        };
        each((count + tilesInATask - 1) / tilesInATask, [&](int64_t task) {
            auto *values = reinterpret_cast<Halves *>(own + threadIndex() * blocking.tileBytes(a));
            const int begin = int(task) * tilesInATask, rest = count - begin;
            quantizedTiles<Algorithm>(a, tiles, begin, begin + (rest < tilesInATask ? rest : tilesInATask), values);
        });
        overGroups(
            blocking, a.blocks, a.threads, each,
            [&](const WinogradTask &task, const WinogradTask &next, int place) {
                auto outputOf = [&](const WinogradTask &t) { return (t.point * a.blocks + t.block) * blockSize; };
                auto weightsOf = [&](const WinogradTask &t) { return a.weights.bytes + outputOf(t) * inputs.steps * 4; };
                const uint8_t *const transformed = tiles.transformed + task.point * left;
                const int64_t group = int64_t(count) * PackedInputs::together;
                const TileSource source{
                    transformed, group, inputs.groups, inputs.lastSteps(), &onlyTap, 1, transformed + group,
                    weightsOf(next),
                };
                const FloatResults<true> product{
                    a.weights.scales + outputOf(task), a.weights.bias + outputOf(task),
                    products + (task.point * right + int64_t(place) * count * blockSize), count,
                    tiles.scales + task.point * count,
                };
                runGroup<PackedInputs::together>(product, source, weightsOf(task), 0, task.size, 0, count);
            },
            [&](int64_t block, int64_t place) {
                quantizedResults<Algorithm>(a, tiles, block, products + place * count * blockSize, right);
            });
    });
}

static void quantizedWinograd(const QuantizedWinogradArguments &a) {
    a.stride == 2 ? quantizedWinogradOf<Even<WinogradFor<2>>>(a) : quantizedWinogradOf<Even<WinogradFor<1>>>(a);
}
