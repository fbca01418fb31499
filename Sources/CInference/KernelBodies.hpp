// Steps over whole maps, on vectors of `blockSize` floats. Included by each Kernels*.cpp after Vectors.hpp, inside a
// namespace and under a target attribute of its own; has no include guard for that reason and includes nothing.
// `Element` is what maps hold in memory: float, Bfloat16 or Byte; sums and weights are floats.

/// The largest of `height` x `width` pixels, rows `row` elements apart; known sizes make it a line of instructions.
static inline __attribute__((always_inline)) Ordered largest(const Element *first, int64_t row, int height, int width) {
    Ordered most = lowest();
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) most = larger(ordered(first + y * row + x * blockSize), most);
    return most;
}

static void maxPool(const MapArguments &a) {
    const int64_t row = int64_t(a.sourceWidth) * blockSize;
    const Region &region = a.region;
    parallel(a.threads, int64_t(a.blocks) * region.rows.count(), [&](int64_t task) {
        const int64_t block = task / region.rows.count();
        const int y = region.rows.first + int(task % region.rows.count());
        // Where a window begins on the map, and how far it reaches there.
        struct Window {
            int first, size;
            Window(int place, const MapArguments &a, int end) {
                const int begin = place * a.stride - a.pad, last = begin + a.kernel < end ? begin + a.kernel : end;
                first = begin > 0 ? begin : 0;
                size = last - first;
            }
        };
        const Window rows(y, a, a.sourceHeight);
        const Element *source = elements(a.source) + (block * a.sourceHeight + rows.first) * row;
        for (int x = region.columns.first; x < region.columns.end; ++x) {
            const Window columns(x, a, a.sourceWidth);
            const Element *first = source + columns.first * blockSize;
            const bool isNine = rows.size == 3 && columns.size == 3;
            store(
                elements(a.destination) + ((block * a.height + y) * a.width + x) * blockSize,
                isNine ? largest(first, row, 3, 3) : largest(first, row, rows.size, columns.size));
        }
    });
}

static void mean(const MapArguments &a) {
    parallel(a.threads, a.blocks, [&](int64_t block) {
        const Element *source = elements(a.source) + block * a.sourceHeight * a.sourceWidth * blockSize;
        Vector sum{};
        for (int64_t y = 0; y < a.sourceHeight; ++y) {
            Vector row{};
            for (int64_t x = 0; x < a.sourceWidth; ++x) row += load(source + (y * a.sourceWidth + x) * blockSize);
            sum += row;
        }
        store(static_cast<float *>(a.destination) + block * blockSize, sum / all(float(int64_t(a.sourceHeight) * a.sourceWidth)));
    });
}

/// Calls `body(first, last)` for runs of whole pixels of all blocks; element-wise kernels only.
template <typename Body>
static void parallelRows(const MapArguments &a, const Body &body) {
    const int64_t row = int64_t(a.width) * blockSize;
    parallel(a.threads, int64_t(a.blocks) * a.height, [&](int64_t task) { body(task * row, (task + 1) * row); });
}

static void add(const MapArguments &a) {
    const Element *source = elements(a.source), *second = elements(a.second);
    Element *destination = elements(a.destination);
    parallelRows(a, [&](int64_t first, int64_t last) {
        for (int64_t i = first; i < last; i += blockSize)
            store(destination + i, activated(load(source + i) + load(second + i), a.activation));
    });
}

static void scale(const MapArguments &a) {
    const int64_t area = int64_t(a.height) * a.width * blockSize;
    const Element *source = elements(a.source);
    Element *destination = elements(a.destination);
    parallelRows(a, [&](int64_t first, int64_t last) {
        const Vector gate = load(static_cast<const float *>(a.second) + first / area * blockSize);
        for (int64_t i = first; i < last; i += blockSize)
            store(destination + i, activated(load(source + i) * gate, a.activation));
    });
}

static void activate(const MapArguments &a) {
    const Element *source = elements(a.source);
    Element *destination = elements(a.destination);
    parallelRows(a, [&](int64_t first, int64_t last) {
        for (int64_t i = first; i < last; i += blockSize) {
            const Vector value = load(source + i);
            tellOverflows<1>(&value);
            storeTold(destination + i, activated(value, a.activation));
        }
    });
}

static void upsample(const MapArguments &a) {
    parallel(a.threads, int64_t(a.blocks) * a.sourceHeight, [&](int64_t task) {
        const Element *source = elements(a.source) + task * a.sourceWidth * blockSize;
        Element *destination = elements(a.destination) + task * a.factor * a.width * blockSize;
        for (int dy = 0; dy < a.factor; ++dy) {
            for (int64_t x = 0; x < a.sourceWidth; ++x) {
                const Vector value = load(source + x * blockSize);
                for (int dx = 0; dx < a.factor; ++dx, destination += blockSize) store(destination, value);
            }
        }
    });
}

/// Adds a source's taps, rows of `width` pixels or null, to a row of sums. The three rows of taps are added once a
/// small pixel, for each column of the kernel; an upsampled pixel takes its neighbours' sums where it stands at the
/// small pixel's edge.
template <typename From>
static void addTaps(const From *const *rows, int64_t factor, int64_t width, float *sums) {
    auto column = [&](int dx, int64_t x) {
        Vector sum{};
        for (int dy = 0; dy < 9; dy += 3)
            if (rows[dy]) sum += load(rows[dy + dx] + x * blockSize);
        return sum;
    };
    auto add = [](float *to, Vector value) { store(to, load(to) + value); };
    // Right taps of the pixel before, left taps of the one after.
    Vector left{}, middle = column(1, 0), right = column(2, 0);
    for (int64_t x = 0; x < width; ++x) {
        const bool isLast = x + 1 == width;
        const Vector own = column(0, x), rightAfter = isLast ? Vector{} : column(2, x + 1);
        float *to = sums + x * factor * blockSize;
        if (factor == 1) {
            add(to, left + middle + rightAfter);
        } else {
            add(to, left + middle + right);
            const Vector inner = own + middle + right;
            for (int64_t i = 1; i + 1 < factor; ++i) add(to + i * blockSize, inner);
            add(to + (factor - 1) * blockSize, own + middle + rightAfter);
        }
        left = own;
        right = rightAfter;
        if (!isLast) middle = column(1, x + 1);
    }
}

/// The same of row `y` of a source in memory.
template <typename From>
static void addTaps(const TapSumArguments &a, int source, int64_t block, int64_t y, float *sums) {
    const int64_t factor = a.factors[source], height = a.height / factor, width = a.width / factor;
    const From *rows[9];
    for (int tap = 0; tap < 9; ++tap) {
        const int64_t row = y + tap / 3 - 1, place = ((tap * a.blocks + block) * height + row / factor) * width;
        rows[tap] = row < 0 || row >= a.height ? nullptr : static_cast<const From *>(a.sources[source]) + place * blockSize;
    }
    addTaps(rows, factor, width, sums);
}

/// The summand's row `row` of all blocks', or zeros.
template <typename Summand>
static void beginSums(const TapSumArguments &a, int64_t row, float *sums) {
    const int64_t count = int64_t(a.width) * blockSize;
    for (int64_t i = 0; i < count; i += blockSize)
        store(sums + i, a.summand ? load(static_cast<const Summand *>(a.summand) + row * count + i) : Vector{});
}

static void tapSum(const TapSumArguments &a) {
    const int64_t row = int64_t(a.width) * blockSize;
    parallel(a.threads, int64_t(a.blocks) * a.height, [&](int64_t task) {
        float *sums = a.rows + threadIndex() * row;
        beginSums<Element>(a, task, sums);
        for (int s = 0; s < a.count; ++s) addTaps<Element>(a, s, task / a.height, task % a.height, sums);
        Element *destination = elements(a.destination) + task * row;
        for (int64_t i = 0; i < row; i += blockSize) store(destination + i, load(sums + i));
    });
}

template <typename From, typename To>
static void shuffleOf(const ShuffleArguments &a) {
    const int64_t factor = a.factor, width = a.width * factor;
    const bool whole = a.phaseChannels % blockSize == 0 && a.channels % blockSize == 0
        && a.firstChannel % blockSize == 0 && a.from.lane == 1 && a.to.lane == 1;
    auto address = [](const Strides &s, int64_t c) { return c / blockSize * s.block + c % blockSize * s.lane; };
    const int64_t step = whole ? blockSize : 1;
    const int64_t channels = (a.fill + step - 1) / step;
    parallel(a.threads, channels * a.height, [&](int64_t task) {
        const int64_t c = task / a.height * step, y = task % a.height;
        for (int64_t dy = 0; dy < factor; ++dy) {
            for (int64_t dx = 0; dx < factor; ++dx) {
                const From *from = static_cast<const From *>(a.source) + address(a.from, (dy * factor + dx) * a.phaseChannels + c)
                    + y * a.width * a.from.pixel;
                To *to = static_cast<To *>(a.destination) + address(a.to, a.firstChannel + c)
                    + ((y * factor + dy) * width + dx) * a.to.pixel;
                if (whole) {
                    for (int64_t x = 0; x < a.width; ++x)
                        store(to + x * factor * a.to.pixel, load(from + x * a.from.pixel));
                } else if (c < a.channels) {
                    for (int64_t x = 0; x < a.width; ++x) assign(to[x * factor * a.to.pixel], single(from[x * a.from.pixel]));
                } else {
                    for (int64_t x = 0; x < a.width; ++x) assign(to[x * factor * a.to.pixel], 0);
                }
            }
        }
    });
}

static void shuffle(const ShuffleArguments &a) {
#ifdef CINFERENCE_BFLOAT16
    if (a.fromSingle) return a.toSingle ? shuffleOf<float, float>(a) : shuffleOf<float, Element>(a);
    if (a.toSingle) return shuffleOf<Element, float>(a);
#endif
    shuffleOf<Element, Element>(a);
}

/// `rounds` times twelve independent multiply-adds in registers; returns the operations.
static int64_t multiplyAdd(int64_t rounds, float *sink) {
    constexpr int chains = 12;
    Vector sums[chains] = {};
#ifdef CINFERENCE_BFLOAT16
    const __m512bh factor = __builtin_bit_cast(__m512bh, _mm512_set1_epi32(0x3f003f00));  // pairs of 0.5
    for (int64_t i = 0; i < rounds; ++i) {
#pragma clang loop unroll(full)
        for (int c = 0; c < chains; ++c)
            sums[c] = __builtin_bit_cast(Vector, _mm512_dpbf16_ps(__builtin_bit_cast(__m512, sums[c]), factor, factor));
    }
    constexpr int operations = 4;
#else
    const Vector factor = all(0.5f);
    for (int64_t i = 0; i < rounds; ++i) {
#pragma clang loop unroll(full)
        for (int c = 0; c < chains; ++c) sums[c] = sums[c] * factor + factor;
    }
    constexpr int operations = 2;
#endif
    for (int c = 1; c < chains; ++c) sums[0] += sums[c];
    store(sink, sums[0]);
    return rounds * chains * blockSize * operations;
}

static void scaleWeights(const ScaleArguments &a) {
    parallel(a.threads, a.outBlocks, [&](int64_t block) {
        const BlockGroups groups(a.outBlocks);
        int64_t first = block, size = 1;
        for (int group = 0; a.grouped && group < groups.count; ++group) {
            if (groups.first(group) > block) break;
            first = groups.first(group);
            size = groups.size(group);
        }
        const int64_t inputs = int64_t(a.inBlocks) * blockSize, start = first * inputs + block - first;
        auto product = [&](int64_t i) {
            const Vector weight = load(a.weights + (start + i * size) * blockSize);
            return a.gate ? weight * all(a.gate[i]) : weight;
        };
        Element *scaled = static_cast<Element *>(a.scaled);
#ifdef CINFERENCE_BFLOAT16
        for (int64_t i = 0; i < inputs; i += 2) {
            const Vector even = product(i), odd = product(i + 1);
            const __m256bh low = _mm512_cvtneps_pbh(__builtin_bit_cast(__m512, even));
            const __m256bh high = _mm512_cvtneps_pbh(__builtin_bit_cast(__m512, odd));
            const __m512i pairs = _mm512_or_si512(
                _mm512_cvtepu16_epi32(__builtin_bit_cast(__m256i, low)),
                _mm512_slli_epi32(_mm512_cvtepu16_epi32(__builtin_bit_cast(__m256i, high)), 16));
            _mm512_storeu_si512(scaled + (first * inputs + i * size + (block - first) * 2) * blockSize, pairs);
        }
#else
        for (int64_t i = 0; i < inputs; ++i) store(scaled + (start + i * size) * blockSize, product(i));
#endif
    });
}

static void activateArray(float *values, int64_t count, int activation) {
    int64_t i = 0;
    for (; i + blockSize <= count; i += blockSize) store(values + i, activated(load(values + i), activation));
    if (i == count) return;
    float rest[blockSize] = {};
    for (int64_t j = i; j < count; ++j) rest[j - i] = values[j];
    store(rest, activated(load(rest), activation));
    for (int64_t j = i; j < count; ++j) values[j] = rest[j - i];
}
