// What lies beside a letterboxed image. Where an image's pixels do not reach, its maps are those of an empty canvas:
// they are computed once and copied, and of each image only the rest. Of the empty canvas too only the borders and one
// line between them are computed and kept, since all that lie between are alike. Kernels that round each pixel alone
// give the same bits as over the whole canvas. Tiles of Winograd's algorithm are rounded by all of their pixels, and
// begin where the region does: their results are rounded otherwise, those of the line between for all it stands for; by
// the image alone.
#pragma once

#include <map>

#include "Plan.hpp"

namespace cinference {

/// What an image's pixels reach of its maps, step by step: all the rest is known beforehand.
class Reach {
public:
    /// - Parameter content: what of the image is not padding.
    Reach(const CInferencePlan &plan, const Region &content);
    /// Finds what they reach of the step's result.
    const Region &add(const Step &step);
    /// What the step computes of its result, where it computes no more than it must; whole lines where that hardly
    /// spares any.
    Region region(const Step &step) const;

private:
    std::vector<Region> regions;  // by tensor; all where nothing else is known
};

/// The maps of a canvas that is all padding, of those that can be computed in part.
class EmptyCanvas {
public:
    /// Runs the steps whose maps it keeps.
    /// - Parameter isKept: by step.
    EmptyCanvas(const CInferencePlan &plan, const std::vector<bool> &isKept, const std::vector<float> &colour, Run run);

    bool has(const CInferenceTensor &map) const { return maps.count(map.index) > 0; }
    /// Copies a region of a map to where the map stands.
    void copy(const CInferenceTensor &map, const Region &region, char *to, int threads) const;
    int64_t bytes() const;

private:
    /// How many rows or columns at a map's ends are unlike those between.
    struct Borders {
        int before = 0, after = 0;
    };
    /// The lines that are kept: borders and the first line between.
    struct Kept {
        int before, after, all;

        Kept(Borders borders, int all) : before(borders.before), after(borders.after), all(all) {}
        int count() const { return std::min(all, before + 1 + after); }
        bool has(int line) const { return line <= before || line >= all - after; }
        /// Which of them a line is like.
        int place(int line) const { return line < before ? line : std::max(before, line - all + count()); }
        /// All of them, in lines that stand together, whole units of them.
        std::vector<Lines> runs(int unit) const;
    };
    struct Map {
        Kept rows, columns;
        Buffer pixels;  // (blocks,rows,columns,16)

        Map(const CInferenceTensor &map, Kept rows, Kept columns);
        /// Takes in what is kept of a region.
        void keep(const CInferenceTensor &map, const Region &region, const char *from, int threads);
    };

    static Borders borders(const Step &step, const std::vector<Borders> &ofMap, bool areColumns);

    std::map<int, Map> maps;  // by tensor
};

/// One image's maps while a plan runs: what is computed of them, and what is in memory.
class PartialMaps {
public:
    /// - Parameter canvas: null where whole maps are computed.
    PartialMaps(const CInferencePlan &plan, const Region &content, const EmptyCanvas *canvas);
    /// Runs a step; what it reads beyond what there is, is copied first.
    void execute(size_t step, Run &run);

private:
    void fill(const CInferenceTensor &map, const Region &region, const Run &run);

    const CInferencePlan &plan;
    const EmptyCanvas *canvas;
    Reach reach;
    std::vector<Region> inMemory;  // by tensor
};

/// The empty canvas of a plan, where its steps can make use of one.
class Margins {
public:
    /// - Parameter colour: of padding, (C); empty where none is to be looked for.
    Margins(const CInferencePlan &plan, std::vector<float> colour);

    /// What of an image is not padding; all where that is not worth looking for.
    Region content(const float *pixels) const;
    /// The canvas, computed by the first image that wants it; null where `content` leaves little out.
    const EmptyCanvas *canvas(const Region &content, const Run &run);
    int64_t bytes() const;

private:
    const CInferencePlan &plan;
    const std::vector<float> colour;
    std::vector<bool> isKept;  // the steps whose maps most images leave a good part of
    std::unique_ptr<EmptyCanvas> empty;
    bool overflows = false;  // the canvas does
    mutable std::mutex mutex;
};

}  // namespace cinference
