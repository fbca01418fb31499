// 3x3 convolutions by Winograd's algorithm on blocks of 16. Included as PointwiseBodies.hpp is, after it.

/// A tile's left sides of the products, each `apart` elements from the one before.
template <typename Algorithm>
static inline CINFERENCE_INLINE void transformTile(
    const Element *__restrict source, int64_t row, Element *__restrict transformed, int64_t apart) {
    transformInputs<Algorithm, Vector>(
        [&](auto y, auto x) CINFERENCE_INLINE { return load(source + y * row + x * blockSize); },
        [&](auto i, Vector value) CINFERENCE_INLINE { store(transformed + i * apart, value); });
}

/// Tiles [first, first + count) of one block of input channels, the left sides of a product side by side.
template <typename Algorithm>
static void winogradInputs(
    const WinogradArguments &a, const WinogradBlocking &blocking, int64_t block, int first, int count,
    Element *transformed, int64_t apart) {
    constexpr int side = Algorithm::place(Algorithm::values - 1) + 1;
    const int64_t row = int64_t(a.sourceWidth) * blockSize;
    for (int tile = first; tile < first + count; ++tile, transformed += blockSize) {
        const int top = blocking.top(tile) * a.stride - a.padTop, left = blocking.left(tile) * a.stride - a.padLeft;
        const Element *source = elements(a.source) + ((block * a.sourceHeight + top) * a.sourceWidth + left) * blockSize;
        if (top >= 0 && left >= 0 && top + side <= a.sourceHeight && left + side <= a.sourceWidth) {
            transformTile<Algorithm>(source, row, transformed, apart);
            continue;
        }
        // Zeros around the map.
        Element patch[side * side * blockSize];
        for (int y = 0; y < side; ++y)
            for (int x = 0; x < side; ++x) {
                const bool isInside =
                    top + y >= 0 && top + y < a.sourceHeight && left + x >= 0 && left + x < a.sourceWidth;
                store(patch + (y * side + x) * blockSize, isInside ? load(source + y * row + x * blockSize) : Vector{});
            }
        transformTile<Algorithm>(patch, side * blockSize, transformed, apart);
    }
}

/// The same tiles of one block of output channels, from their products.
template <typename Algorithm>
static void winogradResults(
    const WinogradArguments &a, const WinogradBlocking &blocking, int64_t block, int first, int count,
    const float *products, int64_t apart) {
    constexpr int side = Algorithm::outputs;
    const Vector bias = load(a.bias + block * blockSize);
    for (int tile = first; tile < first + count; ++tile, products += blockSize) {
        const int top = blocking.top(tile), left = blocking.left(tile);
        Element *destination = elements(a.destination) + ((block * a.height + top) * a.width + left) * blockSize;
        const int rows = a.height - top, columns = a.width - left;
        Vector results[side * side];
        unrolled<side * side>([&](auto i) CINFERENCE_INLINE { results[i] = bias; });
        transformProducts<Algorithm>(products, apart, results);
        auto finish = [&](auto isInside) CINFERENCE_INLINE {
            auto place = [&](int i) { return destination + (int64_t(i / side) * a.width + i % side) * blockSize; };
            if (a.accumulates)
                unrolled<side * side>([&](auto i) CINFERENCE_INLINE {
                    if (isInside(i)) results[i] += load(place(i));
                });
            activateAll<side * side>(results, a.activation);
            unrolled<side * side>([&](auto i) CINFERENCE_INLINE {
                if (isInside(i)) store(place(i), results[i]);
            });
        };
        if (rows >= side && columns >= side) finish([](int) { return true; });
        else finish([&](int i) { return i / side < rows && i % side < columns; });
    }
}

template <typename Algorithm>
static void winogradOf(const WinogradArguments &a) {
    const WinogradBlocking blocking(matrices<Algorithm>, a, a.region, sizeof(Element));
    overBlocks(blocking, a, static_cast<char *>(a.scratch), [&](int first, int count, char *scratch, const auto &each) {
        const int64_t left = blocking.apart(count, a.inputs, sizeof(Element));
        const int64_t right = blocking.apart(count, blocking.outputs(a), sizeof(float));
        Element *transformed = elements(scratch);
        float *products = reinterpret_cast<float *>(transformed + blocking.products * left);
        each(a.inputs / blockSize, [&](int64_t block) {
            winogradInputs<Algorithm>(a, blocking, block, first, count, transformed + block * count * blockSize, left);
        });
        overGroups(
            blocking, a.blocks, a.threads, each,
            [&](const WinogradTask &task, const WinogradTask &, int place) {
                PointwiseArguments product{};
                product.destination = products + task.point * right;
                product.toSingle = true;
                product.inputs = a.inputs;
                product.height = product.sourceHeight = 1;
                product.width = product.sourceWidth = count;
                const Element *weights = elements(a.weights) + (task.point * a.blocks + task.block) * a.inputs * blockSize;
                pointwiseGroup<1>(product, transformed + task.point * left, weights, task.size, place, 0, count);
            },
            [&](int64_t block, int64_t place) {
                winogradResults<Algorithm>(
                    a, blocking, block, first, count, products + place * count * blockSize, right);
            });
    });
}

static void winograd(const WinogradArguments &a) {
    a.stride == 2 ? winogradOf<WinogradFor<2>>(a) : winogradOf<WinogradFor<1>>(a);
}
