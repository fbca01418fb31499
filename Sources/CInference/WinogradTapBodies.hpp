// What becomes of 3x3 kernels' taps for Winograd's algorithm. Included as Vectors.hpp is, after WinogradTransforms.hpp.

typedef double DoubleVector __attribute__((vector_size(blockSize * 8)));

/// Calls `result(i, x)` with each element x of G taps G', row by row; of as many outputs as a vector has numbers.
template <typename Algorithm, typename Result>
static inline CINFERENCE_INLINE void transformTaps(const DoubleVector *taps, const Result &result) {
#pragma clang fp contract(off)  // as any machine rounds it
    constexpr int points = Algorithm::points;
    auto addTimes = [](DoubleVector &sum, auto factor, DoubleVector x) CINFERENCE_INLINE {
        if (factor != 0) sum += factor * x;
    };
    unrolled<points>([&](auto y) CINFERENCE_INLINE {
        DoubleVector row[3] = {};
        unrolled<9>([&](auto k) CINFERENCE_INLINE { addTimes(row[k % 3], matrices<Algorithm>.G[y][k / 3], taps[k]); });
        unrolled<points>([&](auto x) CINFERENCE_INLINE {
            DoubleVector sum = {};
            unrolled<3>([&](auto k) CINFERENCE_INLINE { addTimes(sum, matrices<Algorithm>.G[x][k], row[k]); });
            result(y * points + x, __builtin_convertvector(sum, Vector));
        });
    });
}

template <typename Algorithm>
static void winogradTapsOf(const WinogradTapsArguments &a) {
    // Inputs whose taps stand on the same lines of the cache.
    constexpr int together = 16;
    parallel(a.threads, (a.inputs + together - 1) / together, [&](int64_t task) {
        const int begin = int(task) * together, end = begin + together < a.inputs ? begin + together : a.inputs;
        for (int first = 0; first < a.outputs; first += blockSize)
            for (int input = begin; input < end; ++input) {
                DoubleVector taps[9];
                for (int lane = 0; lane < blockSize; ++lane)
                    for (int k = 0; k < 9; ++k) taps[k][lane] = a.taps[((first + lane) * int64_t(a.inputs) + input) * 9 + k];
                const int place = PackedInputs::place(input);
                float *const to = a.isPacked ? a.values + (place / 4 * int64_t(a.outputs) + first) * 4 + place % 4
                                             : a.values + input * int64_t(a.outputs) + first;
                transformTaps<Algorithm>(taps, [&](auto i, Vector value) CINFERENCE_INLINE {
                    if (!a.isPacked) return store(to + i * a.apart, value);
                    for (int lane = 0; lane < blockSize; ++lane) to[i * a.apart + lane * 4] = value[lane];
                });
            }
    });
}

static void winogradTaps(const WinogradTapsArguments &a) {
    withWinograd(a.stride, [&](auto algorithm) {
        a.isPacked ? winogradTapsOf<Even<decltype(algorithm)>>(a) : winogradTapsOf<decltype(algorithm)>(a);
    });
}
