#include "Margins.hpp"

#include <algorithm>

#include "Parallel.hpp"

using namespace cinference;

namespace {

Lines joined(Lines a, Lines b) { return {std::min(a.first, b.first), std::max(a.end, b.end)}; }
Region joined(const Region &a, const Region &b) { return {joined(a.rows, b.rows), joined(a.columns, b.columns)}; }
Lines within(Lines lines, int count) { return {std::max(lines.first, 0), std::min(lines.end, count)}; }

int floorDivide(int a, int b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }
int roundUp(int count, int unit) { return (count + unit - 1) / unit * unit; }

/// What a step reads of a map for some lines of its result, `pad` before the first.
Lines read(const Reading &reading, int pad, Lines result) {
    if (reading.kernel == 0) return {};
    const int first = result.first * reading.stride - pad;
    const int last = first + (result.count() - 1) * reading.stride + reading.kernel - 1;
    return {floorDivide(first, reading.factor), floorDivide(last, reading.factor) + 1};
}

/// The part of a map that a step reads for a region of its result: for whole units of it.
Region read(const Step &step, const Reading &reading, const Region &result) {
    auto of = [](const Reading &reading, int pad, Lines lines, int unit, int count) {
        lines.end = lines.first + roundUp(lines.count(), std::max(unit, 1));
        return within(read(reading, pad, lines), count);
    };
    const RegionUnit unit = step.regionUnit();
    return {of(reading, reading.padTop, result.rows, unit.rows, reading.map.height),
            of(reading, reading.padLeft, result.columns, unit.columns, reading.map.width)};
}

/// The lines of the result that read some lines of a map.
Lines reached(const Reading &reading, int pad, Lines lines) {
    if (reading.kernel == 0) return {};
    const int before = lines.first * reading.factor + pad - reading.kernel;
    return {floorDivide(before, reading.stride) + 1, (lines.end * reading.factor - 1 + pad) / reading.stride + 1};
}

/// How a blocked map lies in memory.
struct BlockedLayout {
    explicit BlockedLayout(const CInferenceTensor &map)
        : pixelBytes(kernels().block * (map.type == CInferenceFloat32 ? 4 : map.type == CInferenceBfloat16 ? 2 : 1)),
          blocks(map.channels / kernels().block) {}
    int64_t pixelBytes, blocks;
};

// Pixels go by 16 bytes, of which all element types make a whole number.
void copyPixel(char *to, const char *from, int64_t bytes) {
    constexpr int64_t part = 16;
    for (int64_t i = 0; i < bytes; i += part) std::memcpy(to + i, from + i, part);
}

void runStep(const CInferencePlan &plan, size_t step, const Region &region, Run run) {
    run.scratch = run.spaces[CInferenceArena] + plan.scratch[step];
    run.region = region;
    plan.steps[step]->execute(run);
}

}  // namespace

Reach::Reach(const CInferencePlan &plan, const Region &content) : regions(plan.places.size()) {
    for (size_t i = 0; i < regions.size(); ++i)
        if (plan.places[i].space == CInferenceInput) regions[i] = content;
}

const Region &Reach::add(const Step &step) {
    auto of = [&](auto lines, auto pad, int count) {
        Lines all{count, 0};
        for (const Reading &reading : step.reads)
            all = joined(all, within(reached(reading, reading.*pad, regions[size_t(reading.map.index)].*lines), count));
        // Steps compute something.
        return all.count() > 0 ? all : within({all.first - 1, all.first}, count);
    };
    return regions[size_t(step.result.index)] = {of(&Region::rows, &Reading::padTop, step.result.height),
                                                 of(&Region::columns, &Reading::padLeft, step.result.width)};
}

Region Reach::region(const Step &step) const {
    auto of = [](Lines reach, int unit, int count) -> Lines {
        if (unit == 0) return {0, count};
        // Where there is no room for whole units behind it, there may be before it.
        const int wanted = std::min(count, roundUp(reach.count(), unit)), first = std::min(reach.first, count - wanted);
        // A few lines less are not worth the ends of rows.
        return wanted * 16 > count * 15 ? Lines{0, count} : Lines{first, first + wanted};
    };
    const Region &reach = regions[size_t(step.result.index)];
    const RegionUnit unit = step.regionUnit();
    return {of(reach.rows, unit.rows, step.result.height), of(reach.columns, unit.columns, step.result.width)};
}

std::vector<Lines> EmptyCanvas::Kept::runs(int unit) const {
    const int end = roundUp(before + 1, unit), first = all - roundUp(after, unit);
    if (first < end) return {{0, all}};
    if (after == 0) return {{0, end}};
    return {{0, end}, {first, all}};
}

EmptyCanvas::Map::Map(const CInferenceTensor &map, Kept rows, Kept columns)
    : rows(rows), columns(columns),
      pixels(BlockedLayout(map).blocks * rows.count() * columns.count() * BlockedLayout(map).pixelBytes) {}

EmptyCanvas::Borders EmptyCanvas::borders(const Step &step, const std::vector<Borders> &ofMap, bool areColumns) {
    const int count = areColumns ? step.result.width : step.result.height;
    // Lines that read no borders, and nothing around the map.
    auto isBetween = [&](int line) {
        return std::all_of(step.reads.begin(), step.reads.end(), [&](const Reading &reading) {
            const Lines lines = read(reading, areColumns ? reading.padLeft : reading.padTop, {line, line + 1});
            const Borders &borders = ofMap[size_t(reading.map.index)];
            const int all = areColumns ? reading.map.width : reading.map.height;
            return lines.first >= borders.before && lines.end <= all - borders.after;
        });
    };
    Borders result;
    while (result.before < count && !isBetween(result.before)) ++result.before;
    while (result.after < count - result.before && !isBetween(count - 1 - result.after)) ++result.after;
    return result;
}

EmptyCanvas::EmptyCanvas(
    const CInferencePlan &plan, const std::vector<bool> &isKept, const std::vector<float> &colour, Run run) {
    const CInferenceTensor &input = plan.steps[0]->reads[0].map;
    const int64_t area = int64_t(input.height) * input.width;
    Buffer empty(area * input.channels * int64_t(sizeof(float)));
    for (int c = 0; c < input.channels; ++c) std::fill_n(empty.floats() + c * area, area, colour[size_t(c)]);
    run.spaces[CInferenceInput] = empty.data();
    std::vector<Borders> rows(plan.places.size()), columns(plan.places.size());
    for (size_t i = 0; i < plan.steps.size(); ++i) {
        const Step &step = *plan.steps[i];
        const CInferenceTensor &result = step.result;
        const size_t index = size_t(result.index);
        if (!isKept[i]) {
            // What was there before, of which nobody will ask any more.
            maps.erase(result.index);
            continue;
        }
        rows[index] = borders(step, rows, false);
        columns[index] = borders(step, columns, true);
        if (!result.blocked) {
            // The image in other numbers stays as it is; the network's result nobody copies.
            if (plan.places[index].space != CInferenceOutput) runStep(plan, i, whole(result), run);
            continue;
        }
        Map made(result, {rows[index], result.height}, {columns[index], result.width});
        const RegionUnit unit = step.regionUnit();
        auto runs = [](const Kept &kept, int unit) {
            return unit == 0 ? std::vector<Lines>{{0, kept.all}} : kept.runs(unit);
        };
        for (const Lines &down : runs(made.rows, unit.rows))
            for (const Lines &across : runs(made.columns, unit.columns)) {
                const Region region{down, across};
                for (const Reading &reading : step.reads)
                    if (has(reading.map))
                        copy(
                            reading.map, read(step, reading, region), static_cast<char *>(run.at(reading.map)),
                            run.threads);
                runStep(plan, i, region, run);
                made.keep(result, region, static_cast<const char *>(run.at(result)), run.threads);
            }
        maps.erase(result.index);
        maps.emplace(result.index, std::move(made));
    }
}

void EmptyCanvas::Map::keep(const CInferenceTensor &map, const Region &region, const char *from, int threads) {
    const BlockedLayout layout(map);
    parallel(threads, layout.blocks, [&](int64_t block) {
        for (int y = region.rows.first; y < region.rows.end; ++y) {
            if (!rows.has(y)) continue;
            const char *const source = from + (block * map.height + y) * map.width * layout.pixelBytes;
            char *const to =
                pixels.data() + (block * rows.count() + rows.place(y)) * columns.count() * layout.pixelBytes;
            for (int x = region.columns.first; x < region.columns.end; ++x)
                if (columns.has(x))
                    copyPixel(
                        to + columns.place(x) * layout.pixelBytes, source + x * layout.pixelBytes, layout.pixelBytes);
        }
    });
}

void EmptyCanvas::copy(const CInferenceTensor &map, const Region &region, char *to, int threads) const {
    const BlockedLayout layout(map);
    const Map &from = maps.at(map.index);
    const int64_t bytes = layout.blocks * region.rows.count() * region.columns.count() * layout.pixelBytes;
    parallel(bytes < (1 << 18) ? 1 : threads, layout.blocks, [&](int64_t block) {
        for (int y = region.rows.first; y < region.rows.end; ++y) {
            char *const row = to + (block * map.height + y) * map.width * layout.pixelBytes;
            const char *const source = from.pixels.data()
                + (block * from.rows.count() + from.rows.place(y)) * from.columns.count() * layout.pixelBytes;
            for (int x = region.columns.first; x < region.columns.end; ++x)
                copyPixel(
                    row + x * layout.pixelBytes, source + from.columns.place(x) * layout.pixelBytes, layout.pixelBytes);
        }
    });
}

int64_t EmptyCanvas::bytes() const {
    int64_t sum = 0;
    for (const auto &map : maps) sum += map.second.pixels.bytes();
    return sum;
}

PartialMaps::PartialMaps(const CInferencePlan &plan, const Region &content, const EmptyCanvas *canvas)
    : plan(plan), canvas(canvas), reach(plan, content), inMemory(plan.places.size()) {}

void PartialMaps::execute(size_t index, Run &run) {
    const Step &step = *plan.steps[index];
    const CInferenceTensor &result = step.result;
    run.region = whole(result);
    if (!canvas) return runStep(plan, index, run.region, run);
    reach.add(step);
    if (canvas->has(result)) run.region = reach.region(step);
    for (const Reading &reading : step.reads) fill(reading.map, read(step, reading, run.region), run);
    runStep(plan, index, run.region, run);
    inMemory[size_t(result.index)] = run.region;
    if (result.part) fill(result, whole(result), run);
}

void PartialMaps::fill(const CInferenceTensor &map, const Region &region, const Run &run) {
    Region &known = inMemory[size_t(map.index)];
    const Region all = joined(region, known);
    char *const to = static_cast<char *>(run.at(map));
    auto copy = [&](Lines rows, Lines columns) {
        if (rows.count() > 0 && columns.count() > 0) canvas->copy(map, {rows, columns}, to, run.threads);
    };
    copy({all.rows.first, known.rows.first}, all.columns);
    copy({known.rows.end, all.rows.end}, all.columns);
    copy(known.rows, {all.columns.first, known.columns.first});
    copy(known.rows, {known.columns.end, all.columns.end});
    known = all;
}

Margins::Margins(const CInferencePlan &plan, std::vector<float> colour) : plan(plan), colour(std::move(colour)) {
    const CInferenceTensor &input = plan.steps[0]->reads[0].map;
    if (int(this->colour.size()) != input.channels || plan.places[size_t(input.index)].space != CInferenceInput) return;
    // Of a narrow image, the steps that it hardly reaches.
    Reach reach(plan, {{0, input.height}, {input.width * 3 / 8, input.width * 5 / 8}});
    std::vector<bool> isMapKept(plan.places.size()), isStepKept(plan.steps.size());
    for (size_t i = 0; i < plan.steps.size(); ++i) {
        const Step &step = *plan.steps[i];
        const int reached = reach.add(step).columns.count();
        isStepKept[i] = (step.result.width - reached) * 16 >= step.result.width * 5
            && std::all_of(step.reads.begin(), step.reads.end(), [&](const Reading &reading) {
                   return reading.map.index == input.index || isMapKept[size_t(reading.map.index)];
               });
        isMapKept[size_t(step.result.index)] = isStepKept[i];
    }
    // Looking for padding takes time too.
    if (std::count(isStepKept.begin(), isStepKept.end(), true) * 4 >= int64_t(plan.steps.size()))
        isKept = std::move(isStepKept);
}

Region Margins::content(const float *pixels) const {
    const CInferenceTensor &input = plan.steps[0]->reads[0].map;
    const int height = input.height, width = input.width;
    if (isKept.empty()) return whole(input);
    // Pixels of a row that have the colour, to the right or to the left of `x`: no more than `most`.
    auto run = [&](int c, int y, int x, int step, int most) {
        const float *row = pixels + (int64_t(c) * height + y) * width + x;
        int count = 0;
        while (count < most && row[count * step] == colour[size_t(c)]) ++count;
        return count;
    };
    constexpr int rows = 32;
    const Region none{{height, 0}, {width, 0}};
    std::vector<Region> parts(size_t((height + rows - 1) / rows), none);
    parallel(plan.threads, int64_t(parts.size()), [&](int64_t index) {
        Region &part = parts[size_t(index)];
        for (int y = int(index) * rows; y < std::min(height, int(index + 1) * rows); ++y)
            for (int c = 0; c < input.channels; ++c) {
                const int left = run(c, y, 0, 1, width);
                if (left == width) continue;
                const int right = run(c, y, width - 1, -1, width - std::max(part.columns.end, left + 1));
                part = joined(part, {{y, y + 1}, {left, width - right}});
            }
    });
    Region all = none;
    for (const Region &part : parts) all = joined(all, part);
    // An empty canvas has a pixel somewhere.
    if (all.rows.count() < 1) return {{height / 2, height / 2 + 1}, {width / 2, width / 2 + 1}};
    return all;
}

const EmptyCanvas *Margins::canvas(const Region &content, const Run &run) {
    if (isKept.empty()) return nullptr;
    Reach reach(plan, content);
    size_t parts = 0;
    for (const auto &step : plan.steps) {
        reach.add(*step);
        parts += reach.region(*step).pixels() * 16 <= whole(step->result).pixels() * 15;
    }
    if (parts * 4 < plan.steps.size()) return nullptr;
    const std::lock_guard lock(mutex);
    if (empty || overflows) return empty.get();
    clearOverflow(plan.threads);
    auto made = std::make_unique<EmptyCanvas>(plan, isKept, colour, run);
    // Let the image tell which step it was.
    overflows = hasOverflowed(plan.threads);
    if (!overflows) empty = std::move(made);
    return empty.get();
}

int64_t Margins::bytes() const {
    const std::lock_guard lock(mutex);
    return empty ? empty->bytes() : 0;
}
