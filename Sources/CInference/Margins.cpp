#include "Margins.hpp"

#include <tuple>

#include "Parallel.hpp"

using namespace cinference;

namespace {

constexpr int blockSize = 16;

int lineCount(const CInferenceTensor &map, Axis axis) { return axis == Axis::columns ? map.width : map.height; }

/// How a blocked map's lines lie in memory.
struct LineLayout {
    LineLayout(const CInferenceTensor &map, Axis axis)
        : isColumns(axis == Axis::columns), lines(lineCount(map, axis)), across(isColumns ? map.height : map.width),
          blocks(map.channels / blockSize),
          pixelBytes(blockSize * (map.type == CInferenceFloat32 ? 4 : map.type == CInferenceBfloat16 ? 2 : 1)) {}

    /// Where the first line's pixel `place` of a block stands, where `lines` lines are in memory; the others' stand
    /// `apart`.
    int64_t first(int64_t block, int place, int lines) const {
        return (block * lines * across + int64_t(place) * (isColumns ? lines : 1)) * pixelBytes;
    }
    int64_t apart() const { return pixelBytes * (isColumns ? 1 : across); }

    bool isColumns;
    int lines, across, blocks;
    int64_t pixelBytes;
};

// Pixels go by 16 bytes, of which all element types make a whole number.
constexpr int64_t partBytes = 16;

uint64_t difference(const char *one, const char *other) {
    uint64_t a[2], b[2];
    std::memcpy(a, one, partBytes);
    std::memcpy(b, other, partBytes);
    return (a[0] ^ b[0]) | (a[1] ^ b[1]);
}

void copyPixel(char *to, const char *from, int64_t bytes) {
    for (int64_t i = 0; i < bytes; i += partBytes) std::memcpy(to + i, from + i, partBytes);
}

int padding(const Reading &reading, Axis axis) { return axis == Axis::columns ? reading.padLeft : reading.padTop; }

int floorDivide(int a, int b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }
int roundUp(int count, int unit) { return (count + unit - 1) / unit * unit; }

/// What a step reads of a map for some lines of its result.
Lines read(const Reading &reading, Axis axis, Lines result) {
    if (reading.kernel == 0) return {};
    const int first = result.first * reading.stride - padding(reading, axis);
    const int last = first + (result.count() - 1) * reading.stride + reading.kernel - 1;
    return {floorDivide(first, reading.factor), floorDivide(last, reading.factor) + 1};
}

/// The lines of the result that read some lines of a map.
Lines reached(const Reading &reading, Axis axis, Lines lines) {
    if (reading.kernel == 0) return {};
    const int pad = padding(reading, axis), before = lines.first * reading.factor + pad - reading.kernel;
    return {floorDivide(before, reading.stride) + 1, (lines.end * reading.factor - 1 + pad) / reading.stride + 1};
}

}  // namespace

Content::Content(const CInferenceTensor &input, const float *pixels, const float *colour, int threads) {
    const int height = input.height, width = input.width;
    // Pixels of a row that have the colour, to the right or to the left of `x`: no more than `most`.
    auto run = [&](int c, int y, int x, int step, int most) {
        const float *row = pixels + (int64_t(c) * height + y) * width + x;
        int count = 0;
        while (count < most && row[count * step] == colour[c]) ++count;
        return count;
    };
    struct Extent {
        int left, right;  // columns of padding
        Lines rows;
    };
    const Extent none{width, width, {height, 0}};
    auto join = [](const Extent &a, const Extent &b) {
        return Extent{std::min(a.left, b.left), std::min(a.right, b.right), a.rows.with(b.rows)};
    };
    constexpr int rows = 32;
    std::vector<Extent> parts(size_t((height + rows - 1) / rows), none);
    parallel(threads, int64_t(parts.size()), [&](int64_t index) {
        Extent part = none;
        for (int y = int(index) * rows; y < std::min(height, int(index + 1) * rows); ++y)
            for (int c = 0; c < input.channels; ++c) {
                const int left = run(c, y, 0, 1, width);
                if (left < width) part = join(part, {left, run(c, y, width - 1, -1, part.right), {y, y + 1}});
            }
        parts[size_t(index)] = part;
    });
    Extent all = none;
    for (const Extent &part : parts) all = join(all, part);
    // An empty canvas has a pixel somewhere.
    if (all.left == width) all = {width / 2, width - width / 2 - 1, {height / 2, height / 2 + 1}};
    const int64_t inColumns = int64_t(all.left + all.right) * height, inRows = int64_t(height - all.rows.count()) * width;
    axis = inColumns >= inRows ? Axis::columns : Axis::rows;
    lines = axis == Axis::columns ? Lines{all.left, width - all.right} : all.rows;
}

Reach::Reach(const CInferencePlan &plan, const Content &content) : axis(content.axis), lines(plan.places.size()) {
    for (size_t i = 0; i < lines.size(); ++i)
        if (plan.places[i].space == CInferenceInput) lines[i] = content.lines;
}

void Reach::add(const Step &step) {
    const int count = lineCount(step.result, axis);
    Lines all{count, 0};
    for (const Reading &reading : step.reads)
        all = all.with(reached(reading, axis, lines[size_t(reading.map.index)]).within(count));
    if (all.count() < 1) all = Lines{all.first - 1, all.first}.within(count);
    lines[size_t(step.result.index)] = all;
}

Lines Reach::region(const Step &step) const {
    const int count = lineCount(step.result, axis);
    const int unit = axis == Axis::columns ? step.regionUnit().columns : step.regionUnit().rows;
    const Lines reach = lines[size_t(step.result.index)];
    if (unit == 0) return {0, count};
    // Where there is no room for whole units behind it, there may be before it.
    const int wanted = std::min(count, roundUp(reach.count(), unit)), first = std::min(reach.first, count - wanted);
    // A few lines less are not worth the ends of rows.
    return wanted * 16 > count * 15 ? Lines{0, count} : Lines{first, first + wanted};
}

void EmptyCanvas::keep(const CInferenceTensor &shape, const char *map, int threads) {
    const LineLayout layout(shape, axis);
    // Away from borders lines repeat as the tiles do, of three and four, that they are computed in.
    constexpr int period = 12;
    const int64_t apart = layout.apart();
    std::vector<uint64_t> differences(size_t(layout.blocks) * size_t(layout.lines));
    parallel(threads, layout.blocks, [&](int64_t block) {
        uint64_t *const ofLine = differences.data() + block * layout.lines;
        for (int place = 0; place < layout.across; ++place) {
            const char *const pixels = map + layout.first(block, place, layout.lines);
            for (int line = period; line < layout.lines; ++line)
                for (int64_t i = line * apart; i < line * apart + layout.pixelBytes; i += partBytes)
                    ofLine[line] |= difference(pixels + i, pixels + i - period * apart);
        }
    });
    auto isNew = [&](int line) {
        uint64_t all = line < period;
        for (int block = 0; block < layout.blocks; ++block) all |= differences[size_t(block * layout.lines + line)];
        return all != 0;
    };
    Map kept{std::vector<int>(size_t(layout.lines)), 0, {}};
    std::vector<int> firsts;
    for (int line = 0; line < layout.lines; ++line) {
        const bool isFirst = isNew(line);
        if (isFirst) firsts.push_back(line);
        kept.kinds[size_t(line)] = isFirst ? kept.count++ : kept.kinds[size_t(line - period)];
    }
    kept.lines = Buffer(int64_t(layout.blocks) * layout.across * kept.count * layout.pixelBytes);
    parallel(threads, layout.blocks, [&](int64_t block) {
        for (int place = 0; place < layout.across; ++place) {
            const char *const pixels = map + layout.first(block, place, layout.lines);
            char *const to = kept.lines.data() + layout.first(block, place, kept.count);
            for (int kind = 0; kind < kept.count; ++kind)
                copyPixel(to + kind * apart, pixels + firsts[size_t(kind)] * apart, layout.pixelBytes);
        }
    });
    maps[shape.index] = std::move(kept);
}

void EmptyCanvas::copy(const CInferenceTensor &shape, Lines lines, char *map, int threads) const {
    const LineLayout layout(shape, axis);
    const int64_t apart = layout.apart();
    const Map &from = maps.at(shape.index);
    const int64_t bytes = int64_t(layout.blocks) * layout.across * lines.count() * layout.pixelBytes;
    parallel(bytes < (1 << 18) ? 1 : threads, layout.blocks, [&](int64_t block) {
        for (int place = 0; place < layout.across; ++place) {
            char *const pixels = map + layout.first(block, place, layout.lines);
            const char *const kinds = from.lines.data() + layout.first(block, place, from.count);
            for (int line = lines.first; line < lines.end; ++line)
                copyPixel(pixels + line * apart, kinds + from.kinds[size_t(line)] * apart, layout.pixelBytes);
        }
    });
}

int64_t EmptyCanvas::bytes() const {
    int64_t sum = 0;
    for (const auto &map : maps) sum += map.second.lines.bytes();
    return sum;
}

PartialMaps::PartialMaps(const CInferencePlan &plan, const Content &content, const EmptyCanvas *canvas)
    : plan(plan), canvas(canvas), reach(plan, content), inMemory(plan.places.size()) {}

void PartialMaps::execute(size_t index, Run &run) {
    Step &step = *plan.steps[index];
    const CInferenceTensor &result = step.result;
    run.scratch = run.spaces[CInferenceArena] + plan.scratch[index];
    run.region = {0, 0, result.height, result.width};
    if (!canvas) return step.execute(run);
    const Axis axis = canvas->axis;
    reach.add(step);
    const int lines = lineCount(result, axis);
    Lines region = reach.region(step);
    const bool isPart = canvas->has(result) && region.count() < lines;
    if (!isPart) region = {0, lines};
    if (axis == Axis::columns) std::tie(run.region.left, run.region.right) = std::pair(region.first, region.end);
    else std::tie(run.region.top, run.region.bottom) = std::pair(region.first, region.end);
    for (const Reading &reading : step.reads) fill(reading.map, isPart ? read(reading, axis, region) : Lines{}, run);
    step.execute(run);
    inMemory[size_t(result.index)] = region;
    if (result.part) fill(result, {}, run);
}

void PartialMaps::fill(const CInferenceTensor &map, Lines lines, const Run &run) {
    Lines &known = inMemory[size_t(map.index)];
    const Lines wanted = lines.within(lineCount(map, canvas->axis)).with(known);
    char *const to = static_cast<char *>(run.at(map));
    if (wanted.first < known.first) canvas->copy(map, {wanted.first, known.first}, to, run.threads);
    if (wanted.end > known.end) canvas->copy(map, {known.end, wanted.end}, to, run.threads);
    known = wanted;
}

const EmptyCanvas *Margins::canvas(const CInferencePlan &plan, const Content &content, Run run) {
    // The steps that leave at least so many sixteenths of their results out.
    auto parts = [&](const Content &content, int least) {
        Reach reach(plan, content);
        std::vector<size_t> all;
        for (size_t i = 0; i < plan.steps.size(); ++i) {
            const Step &step = *plan.steps[i];
            reach.add(step);
            const int lines = lineCount(step.result, content.axis);
            if ((lines - reach.region(step).count()) * 16 >= lines * least) all.push_back(i);
        }
        return all;
    };
    // Looking for lines takes time too.
    if (parts(content, 1).size() * 4 < plan.steps.size()) return nullptr;
    const std::lock_guard lock(mutex);
    auto &canvas = canvases[int(content.axis)];
    if (canvas) return canvas.get();
    auto made = std::make_unique<EmptyCanvas>(content.axis);
    const CInferenceTensor &input = plan.steps[0]->reads[0].map;
    // Only what most images leave a good part of: of a narrow one, the steps that it hardly reaches.
    const int lines = lineCount(input, content.axis);
    const auto kept = parts({content.axis, {lines * 3 / 8, lines * 5 / 8}}, 5);
    const int64_t area = int64_t(input.height) * input.width;
    Buffer empty(area * input.channels * int64_t(sizeof(float)));
    for (int c = 0; c < input.channels; ++c) std::fill_n(empty.floats() + c * area, area, colour[size_t(c)]);
    run.spaces[CInferenceInput] = empty.data();
    PartialMaps whole(plan, content, nullptr);
    clearOverflow(plan.threads);
    for (size_t i = 0; !kept.empty() && i <= kept.back(); ++i) {
        whole.execute(i, run);
        const CInferenceTensor &result = plan.steps[i]->result;
        if (std::binary_search(kept.begin(), kept.end(), i))
            made->keep(result, static_cast<const char *>(run.at(result)), plan.threads);
    }
    // Let the image tell which step it was.
    if (hasOverflowed(plan.threads)) return nullptr;
    canvas = std::move(made);
    return canvas.get();
}

int64_t Margins::bytes() const {
    const std::lock_guard lock(mutex);
    int64_t sum = 0;
    for (const auto &canvas : canvases) sum += canvas ? canvas->bytes() : 0;
    return sum;
}
