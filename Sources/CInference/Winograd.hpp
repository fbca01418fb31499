// Winograd's 3x3 convolutions (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", arXiv:1509.09308):
// in each dimension results = A ((G taps) * (B inputs)), with fewer products than the direct algorithm has.
#pragma once

#include <algorithm>
#include <utility>

#include "Kernels.hpp"

namespace cinference {

/// destination = activation(3x3 conv(source) + bias [+ destination]), blocks of 16.
struct WinogradArguments {
    const void *source;   // (inputs/16,sourceHeight,sourceWidth,16)
    const void *weights;  // G taps G' at each point, as PointwiseArguments has them
    const float *bias;    // (blocks,16)
    void *destination;    // (blocks,height,width,16)
    void *scratch;        // see WinogradBlocking
    bool accumulates;
    int inputs, blocks, sourceHeight, sourceWidth, height, width, stride, padTop, padLeft, activation, threads;
    Region region;        // of the destination, what is computed of it: whole tiles, but at its ends
};

/// Weights at the points of Winograd's algorithm, G taps G'.
struct WinogradTapsArguments {
    const float *taps;  // (outputs,inputs,3,3)
    float *values;      // at each point (inputs,outputs); or packed, as QuantizedWeights has a group's bytes
    int64_t apart;      // from one point to the next
    int outputs, inputs, stride, threads;
    bool isPacked;      // for inputs of bytes, in the order of PackedInputs, by rows of even size
};

/// One dimension, `Outputs` results at a time, by polynomials' values at points of which the last is infinity: Toom and
/// Cook's algorithm. With stride 2 the outer taps read every other input; the middle tap's products with the inputs
/// between are the plain ones.
template <int Outputs, int Stride>
struct Winograd {
    static constexpr int outputs = Outputs, stride = Stride, taps = Stride == 1 ? 3 : 2, values = Outputs + taps - 1;
    static constexpr int points = Stride == 1 ? values : values + Outputs;
    double B[points][points] = {}, G[points][3] = {}, A[Outputs][points] = {};

    /// Which of a tile's neighbouring inputs column `k` of B reads.
    static constexpr int place(int k) { return k < values ? k * Stride : (k - values) * 2 + 1; }
    /// Which column of the tile to the left is column `k`; none: -1.
    static constexpr int inLeftTile(int k) {
        for (int other = 0; other < points; ++other)
            if (place(other) == place(k) + Outputs * Stride) return other;
        return -1;
    }
    /// Whether points `i` and `i + 1` are a number and its negative: their rows differ in the odd columns' signs.
    static constexpr bool mirrors(int i) { return i % 2 == 1 && i + 2 < values; }

    constexpr Winograd() {
        // Of six points these round the least.
        constexpr double five[] = {0, 0.625, -0.625, 1.5, -1.5}, three[] = {0, 1, -1};
        static_assert(values == 4 || values == 6);
        const double *point = values == 6 ? five : three;
        for (int i = 0; i < values; ++i) {
            const bool isFinite = i + 1 < values;
            // The product of (x - point) over the other points.
            double norm = 1, power = 1;
            B[i][0] = 1;
            for (int j = 0, degree = 0; j + 1 < values; ++j) {
                if (j == i) continue;
                for (int k = ++degree; k >= 0; --k) B[i][k] = (k ? B[i][k - 1] : 0) - point[j] * B[i][k];
                if (isFinite) norm *= point[i] - point[j];
            }
            for (int k = 0; k < values; ++k) {
                if (k < taps) G[i][k * Stride] = isFinite ? power / norm : k + 1 == taps;
                if (k < Outputs) A[k][i] = isFinite ? power : k + 1 == Outputs;
                if (isFinite) power *= point[i];
            }
        }
        for (int k = 0; values + k < points; ++k) B[values + k][values + k] = G[values + k][1] = A[k][values + k] = 1;
    }
};

/// The same with rows of B whose largest magnitude is 1.
template <typename Algorithm>
struct Even : Algorithm {
    constexpr Even() {
        for (int i = 0; i < Algorithm::points; ++i) {
            double most = 0;
            for (double x : this->B[i]) most = std::max(most, x < 0 ? -x : x);
            for (double &x : this->B[i]) x /= most;
            for (double &x : this->G[i]) x *= most;
        }
    }
    /// How many times the inputs' range a row's results take at most.
    constexpr double reach() const {
        double most = 0;
        for (int i = 0; i < Algorithm::points; ++i) {
            double sums[2] = {};
            for (double x : this->B[i]) sums[x < 0] += x < 0 ? -x : x;
            most = std::max(most, std::max(sums[0], sums[1]));
        }
        return most;
    }
};

template <typename Algorithm>
constexpr Algorithm matrices{};

/// The algorithm for a stride: larger tiles round more, and with stride 2 take more of the cache than they save.
template <int Stride>
using WinogradFor = Winograd<Stride == 2 ? 3 : 4, Stride>;

/// Calls `body` with the algorithm for a stride that is known at run time only.
template <typename Body>
auto withWinograd(int stride, const Body &body) {
    return stride == 2 ? body(WinogradFor<2>{}) : body(WinogradFor<1>{});
}

/// The inputs of convolutions of bytes, 64 at once: two vectors of 16 bits each, of the first and the third block of 16
/// and of the others, which one vector of bytes is packed from, eight of each by turns.
struct PackedInputs {
    static constexpr int together = 64;
    int groups, steps;  // of 64; of four, without those behind the last that there is

    explicit PackedInputs(int inputs) : groups((inputs + together - 1) / together), steps(0) {
        for (int i = 0; i < inputs; ++i) steps = std::max(steps, place(i) / 4 + 1);
    }
    static constexpr int place(int input) {
        const int block = input % together / 16;
        return input / together * together + block / 2 * 32 + input % 16 / 8 * 16 + block % 2 * 8 + input % 8;
    }
    int lastSteps() const { return steps - (groups - 1) * together / 4; }
};

/// How a region of a map, whole tiles of it, is cut into blocks of tiles, whose transforms stand in the scratchpad;
/// fixed by shape, so that nothing depends on the number of threads. No region takes more scratch than the map.
struct WinogradBlocking {
    int products, elementBytes;  // of a tile, of the left sides
    int side;                    // of a tile
    int firstRow, firstColumn;   // of the region
    int across, tiles;           // of the region
    int most;                    // tiles of a block
    /// Whether each thread goes from inputs to results with a block of its own, in its second cache, by one group of
    /// output channels after the other; else all threads share the steps of one, and the weights are read once.
    bool whole = true;

    template <typename Algorithm, typename Arguments>
    WinogradBlocking(const Algorithm &, const Arguments &a, const Region &region, int elementBytes)
        : products(Algorithm::points * Algorithm::points), elementBytes(elementBytes),
          side(Algorithm::outputs), firstRow(region.rows.first), firstColumn(region.columns.first),
          across(tilesIn(region.columns.count())), tiles(across * tilesIn(region.rows.count())) {
        const int all = tilesIn(a.width) * tilesIn(a.height);
        const int64_t weightBytes = int64_t(products) * a.inputs * a.blocks * 16 * elementBytes;
        const int even = (all / 16 + 11) / 12 * 12;
        for (most = 12; most < even && bytes(a, most + 12) <= 672 << 10;) most += 12;
        whole = weightBytes <= (4 << 20) && (all + most - 1) / most >= 8;
        if (whole) return;
        const int64_t parts = (all * bytes(a, 1) + (24 << 20) - 1) / (24 << 20);
        most = int((all + parts - 1) / parts);
    }

    int tilesIn(int pixels) const { return (pixels + side - 1) / side; }
    int blocks() const { return (tiles + most - 1) / most; }
    /// Where a tile's results begin.
    int top(int tile) const { return firstRow + tile / across * side; }
    int left(int tile) const { return firstColumn + tile % across * side; }
    /// Elements from one point of `count` tiles to the next; not whole pages, of which a cache has room for few.
    static int64_t apart(int count, int channels, int bytes) { return int64_t(count) * channels + 64 / bytes; }
    /// Output channels whose products stand side by side.
    template <typename Arguments>
    int outputs(const Arguments &a) const { return 16 * (whole && a.blocks > BlockGroups::most ? BlockGroups::most : a.blocks); }
    /// Bytes for `count` tiles; of rounded ones, scales too.
    template <typename Arguments>
    int64_t bytes(const Arguments &a, int count) const {
        const int64_t scales = elementBytes == 1 ? (count + 15) / 16 * 16 : 0;
        return products
            * (apart(count, inputs(a), elementBytes) * elementBytes
               + (apart(count, outputs(a), sizeof(float)) + scales) * int64_t(sizeof(float)));
    }
    /// Inputs of a left side: of bytes whole groups.
    template <typename Arguments>
    int inputs(const Arguments &a) const {
        return elementBytes == 1 ? PackedInputs(a.inputs).groups * PackedInputs::together : a.inputs;
    }
    /// Bytes for a tile that is going to be rounded, in 16 bits, and for columns that the next one has too: fewer.
    template <typename Arguments>
    int64_t tileBytes(const Arguments &a) const {
        return elementBytes == 1 ? int64_t(2) * products * inputs(a) * 2 : 0;
    }
    template <typename Arguments>
    int64_t scratchBytes(const Arguments &a, int threads) const {
        return bytes(a, most) * (whole ? threads : 1) + tileBytes(a) * threads;
    }
};

}  // namespace cinference
