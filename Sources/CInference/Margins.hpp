// What lies beside a letterboxed image. Where an image's pixels do not reach, its maps are those of an empty canvas:
// they are computed once and copied, and of each image only the rest. Kernels that round each pixel alone give the same
// bits as over the whole canvas. Tiles of Winograd's algorithm are rounded by all of their pixels, and begin where the
// region does: their results are rounded otherwise, by the image alone.
#pragma once

#include <algorithm>
#include <map>

#include "Plan.hpp"

namespace cinference {

/// Neighbouring columns of a map, or rows: from `first` to `end`, which is not one of them.
struct Lines {
    int first = 0, end = 1 << 20;

    int count() const { return end - first; }
    Lines with(Lines other) const { return {std::min(first, other.first), std::max(end, other.end)}; }
    Lines within(int count) const { return {std::max(first, 0), std::min(end, count)}; }
    bool operator==(Lines other) const { return first == other.first && end == other.end; }
};

/// What lines are: columns where margins are on the left and the right, rows where they are above and below.
enum class Axis { columns, rows };

/// Which lines of an input are not all padding, along the axis that has more padding.
struct Content {
    Axis axis;
    Lines lines;

    /// - Parameters:
    ///   - pixels: (C,H,W), as `input` says.
    ///   - colour: the padding's, (C).
    Content(const CInferenceTensor &input, const float *pixels, const float *colour, int threads);
    Content(Axis axis, Lines lines) : axis(axis), lines(lines) {}
};

/// The maps of a canvas that is all padding, of those that can be computed in part: each line that is unlike the
/// others.
class EmptyCanvas {
public:
    explicit EmptyCanvas(Axis axis) : axis(axis) {}
    /// Takes in a map.
    void keep(const CInferenceTensor &shape, const char *map, int threads);
    bool has(const CInferenceTensor &shape) const { return maps.count(shape.index) > 0; }
    /// Copies lines to a map.
    void copy(const CInferenceTensor &shape, Lines lines, char *map, int threads) const;
    int64_t bytes() const;

    const Axis axis;

private:
    struct Map {
        std::vector<int> kinds;  // of each line, which of those that are kept it is
        int count;               // of those
        Buffer lines;            // (blocks,height,count,16) of columns, (blocks,count,width,16) of rows
    };
    std::map<int, Map> maps;  // by tensor
};

/// What an image's pixels reach of its maps, step by step.
class Reach {
public:
    Reach(const CInferencePlan &plan, const Content &content);
    /// Finds what they reach of the step's result.
    void add(const Step &step);
    /// The lines that the step computes of its result, where it computes no more than it must; all where that hardly
    /// spares any.
    Lines region(const Step &step) const;

private:
    const Axis axis;
    std::vector<Lines> lines;  // by tensor; all where nothing else is known
};

/// One image's maps while a plan runs: what is computed of them, and what is in memory.
class PartialMaps {
public:
    /// - Parameter canvas: null where whole maps are computed.
    PartialMaps(const CInferencePlan &plan, const Content &content, const EmptyCanvas *canvas);
    /// Runs a step; what it reads beyond what there is, is copied first.
    void execute(size_t step, Run &run);

private:
    void fill(const CInferenceTensor &map, Lines lines, const Run &run);

    const CInferencePlan &plan;
    const EmptyCanvas *canvas;
    Reach reach;
    std::vector<Lines> inMemory;  // by tensor
};

/// The empty canvases of a plan.
class Margins {
public:
    explicit Margins(std::vector<float> colour) : colour(std::move(colour)) {}
    /// The canvas that an image's margins are taken from, computed by the first image that wants it; null where there
    /// is little to take.
    const EmptyCanvas *canvas(const CInferencePlan &plan, const Content &content, Run run);
    int64_t bytes() const;

    const std::vector<float> colour;  // of padding; empty where none is looked for

private:
    std::unique_ptr<EmptyCanvas> canvases[2];  // by axis
    mutable std::mutex mutex;
};

}  // namespace cinference
