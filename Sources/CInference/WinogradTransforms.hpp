// The transforms of Winograd's algorithm. Included as Vectors.hpp is, after it.

#define CINFERENCE_INLINE __attribute__((always_inline))

template <typename Body, int... Index>
static inline CINFERENCE_INLINE void unrolledOver(const Body &body, std::integer_sequence<int, Index...>) {
    (body(std::integral_constant<int, Index>{}), ...);
}

/// Calls `body` with each constant below `Count`.
template <int Count, typename Body>
static inline CINFERENCE_INLINE void unrolled(const Body &body) {
    unrolledOver(body, std::make_integer_sequence<int, Count>{});
}

/// Adding to it, unlike to zero, is no work: -0 + x is x.
constexpr Vector nothing = -Vector{};

/// Calls `result(i, x)` with each element x of B times the vector of all `input(k)`.
template <typename Algorithm, typename Number, typename Input, typename Result>
static inline CINFERENCE_INLINE void timesB(const Input &input, const Result &result) {
    unrolled<Algorithm::points>([&](auto i) CINFERENCE_INLINE {
        constexpr bool mirrors = Algorithm::mirrors(i);
        if constexpr (i == 0 || !Algorithm::mirrors(i - 1)) {
            Number sums[2] = {-Number{}, -Number{}};
            unrolled<Algorithm::points>([&](auto k) CINFERENCE_INLINE {
                constexpr double factor = matrices<Algorithm>.B[i][k];
                if constexpr (factor != 0) addTimes(sums[mirrors ? k % 2 : 0], factor, input(k));
            });
            if constexpr (mirrors) {
                result(i, sums[0] + sums[1]);
                result(std::integral_constant<int, i + 1>{}, sums[0] - sums[1]);
            } else {
                result(i, sums[0]);
            }
        }
    });
}

/// Adds to `result(k)` each element of A times the vector of all `product(i)`.
template <typename Algorithm, typename Product, typename Result>
static inline CINFERENCE_INLINE void addTimesA(const Product &product, const Result &result) {
    unrolled<Algorithm::points>([&](auto i) CINFERENCE_INLINE {
        if constexpr (i == 0 || !Algorithm::mirrors(i - 1)) {
            Vector even = product(i), odd = even;
            if constexpr (Algorithm::mirrors(i)) {
                const Vector other = product(std::integral_constant<int, i + 1>{});
                odd = even - other;
                even += other;
            }
            unrolled<Algorithm::outputs>([&](auto k) CINFERENCE_INLINE {
                constexpr float factor = float(matrices<Algorithm>.A[k][i]);
                if constexpr (factor != 0) result(k) += all(factor) * (k % 2 ? odd : even);
            });
        }
    });
}

/// A tile's left sides of the products on the way.
template <typename Algorithm, typename Number>
struct LeftSides {
    Number columns[Algorithm::points][Algorithm::points];  // B inputs, row by row

    template <typename Column, typename Input>
    CINFERENCE_INLINE void transformColumn(Column x, const Input &input) {
        timesB<Algorithm, Number>(
            [&](auto y) CINFERENCE_INLINE { return input(Algorithm::place(y), Algorithm::place(x)); },
            [&](auto i, Number value) CINFERENCE_INLINE { columns[i][x] = value; });
    }
    /// Calls `result` with each element of the columns times B', row by row.
    template <typename Result>
    CINFERENCE_INLINE void transformRows(const Result &result) const {
        unrolled<Algorithm::points>([&](auto i) CINFERENCE_INLINE {
            timesB<Algorithm, Number>(
                [&](auto x) CINFERENCE_INLINE { return columns[i][x]; },
                [&](auto j, Number value) CINFERENCE_INLINE { result(i * Algorithm::points + j, value); });
        });
    }
};

/// A tile's left sides of the products: calls `result` with each element of B inputs B', row by row.
template <typename Algorithm, typename Number, typename Input, typename Result>
static inline CINFERENCE_INLINE void transformInputs(const Input &input, const Result &result) {
    LeftSides<Algorithm, Number> sides;
    unrolled<Algorithm::points>([&](auto x) CINFERENCE_INLINE { sides.transformColumn(x, input); });
    sides.transformRows(result);
}

/// Adds a tile's results, A products A', to `results`.
template <typename Algorithm>
static inline CINFERENCE_INLINE void transformProducts(
    const float *__restrict products, int64_t apart, Vector *__restrict results) {
    constexpr int points = Algorithm::points, outputs = Algorithm::outputs;
    Vector columns[points][outputs];
    unrolled<points>([&](auto j) CINFERENCE_INLINE {
        unrolled<outputs>([&](auto y) CINFERENCE_INLINE { columns[j][y] = nothing; });
        addTimesA<Algorithm>(
            [&](auto i) CINFERENCE_INLINE { return load(products + (i * points + j) * apart); },
            [&](auto y) CINFERENCE_INLINE -> Vector & { return columns[j][y]; });
    });
    unrolled<outputs>([&](auto y) CINFERENCE_INLINE {
        addTimesA<Algorithm>(
            [&](auto j) CINFERENCE_INLINE { return columns[j][y]; },
            [&](auto x) CINFERENCE_INLINE -> Vector & { return results[y * outputs + x]; });
    });
}

/// Calls `body(first, count, scratch, each)` for each block of tiles; `each(count, task)` calls `task` for each task of
/// a step, and the steps wait for each other.
template <typename Arguments, typename Body>
static void overBlocks(const WinogradBlocking &blocking, const Arguments &a, char *scratch, const Body &body) {
    auto run = [&](int64_t block, char *own, const auto &each) {
        const int first = int(block) * blocking.most, rest = blocking.tiles - first;
        body(first, rest < blocking.most ? rest : blocking.most, own, each);
    };
    if (!blocking.whole) {
        for (int block = 0; block < blocking.blocks(); ++block)
            run(block, scratch, [&](int64_t count, const auto &task) { parallel(a.threads, count, task); });
        return;
    }
    parallel(a.threads, blocking.blocks(), [&](int64_t block) {
        run(block, scratch + threadIndex() * blocking.bytes(a, blocking.most), [](int64_t count, const auto &task) {
            for (int64_t i = 0; i < count; ++i) task(i);
        });
    });
}

/// What a task of the products computes: a point of the `size` blocks of output channels from `block` on.
struct WinogradTask {
    int64_t point;
    int block, size;
};

/// The steps of a block of tiles behind the inputs' transform, by the groups of output channels whose products stand
/// side by side: `product(task, next, place)` of each point and group, where `next` is the one that the thread will
/// most likely have then; `result(block, place)` of each block; the products' place is counted in blocks.
template <typename Each, typename Product, typename Result>
static void overGroups(
    const WinogradBlocking &blocking, int blocks, int threads, const Each &each, const Product &product,
    const Result &result) {
    const BlockGroups groups(blocks);
    const int together = blocking.whole ? 1 : groups.count;
    auto taskAt = [&](int64_t i) -> WinogradTask {
        i %= int64_t(blocking.products) * groups.count;
        const int group = int(blocking.whole ? i / blocking.products : i % groups.count);
        return {blocking.whole ? i % blocking.products : i / groups.count, groups.first(group), groups.size(group)};
    };
    for (int first = 0; first < groups.count; first += together) {
        const int firstBlock = groups.first(first);
        each(int64_t(blocking.products) * together, [&](int64_t task) {
            const int64_t i = int64_t(blocking.products) * first + task;
            const WinogradTask now = taskAt(i);
            product(now, taskAt(i + (blocking.whole ? 1 : threads)), now.block - firstBlock);
        });
        each(groups.first(first + together) - firstBlock, [&](int64_t place) { result(firstBlock + place, place); });
    }
}
