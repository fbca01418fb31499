#include "CClipper.h"

#include <algorithm>
#include <cstdio>
#include <exception>

#include <polyclipping/clipper.hpp>

namespace {

ClipperLib::Path read(const int32_t *path, int32_t count) {
    ClipperLib::Path points;
    points.reserve(static_cast<size_t>(count));
    for (int32_t index = 0; index < count; ++index) {
        points.emplace_back(path[2 * index], path[2 * index + 1]);
    }
    return points;
}

int32_t write(const ClipperLib::Paths &paths, int32_t *result, int32_t capacity, int32_t *count) {
    *count = paths.empty() ? 0 : static_cast<int32_t>(paths[0].size());
    if (*count > capacity) return CCLIPPER_TOO_SMALL;
    for (int32_t index = 0; index < *count; ++index) {
        result[2 * index] = static_cast<int32_t>(paths[0][index].X);
        result[2 * index + 1] = static_cast<int32_t>(paths[0][index].Y);
    }
    return CCLIPPER_OK;
}

// Runs `body`, which fills paths, and turns exceptions into a code and a message.
template <typename Body>
int32_t guarded(
    int32_t *result, int32_t capacity, int32_t *count, char *message, int32_t message_size, const Body &body) {
    try {
        ClipperLib::Paths paths;
        body(paths);
        return write(paths, result, capacity, count);
    } catch (const std::exception &error) {
        std::snprintf(message, static_cast<size_t>(message_size), "%s", error.what());
    } catch (...) {
        std::snprintf(message, static_cast<size_t>(message_size), "unknown exception");
    }
    return CCLIPPER_FAILED;
}

}  // namespace

int32_t cclipper_union_first(
    const int32_t *path, int32_t count, int32_t *result, int32_t result_capacity, int32_t *result_count,
    char *message, int32_t message_size) {
    return guarded(result, result_capacity, result_count, message, message_size, [&](ClipperLib::Paths &paths) {
        ClipperLib::Clipper clipper;
        clipper.AddPath(read(path, count), ClipperLib::ptSubject, true);
        clipper.Execute(ClipperLib::ctUnion, paths, ClipperLib::pftPositive, ClipperLib::pftPositive);
    });
}

int32_t cclipper_offset_first(
    const int32_t *path, int32_t count, double distance, int32_t *result, int32_t result_capacity,
    int32_t *result_count, char *message, int32_t message_size) {
    return guarded(result, result_capacity, result_count, message, message_size, [&](ClipperLib::Paths &paths) {
        ClipperLib::ClipperOffset offset;
        offset.AddPath(read(path, count), ClipperLib::jtRound, ClipperLib::etClosedPolygon);
        offset.Execute(paths, distance);
    });
}

void cclipper_sort_descending(const int64_t *keys, int32_t *indices, int32_t count) {
    std::sort(indices, indices + count, [keys](int32_t a, int32_t b) { return keys[b] < keys[a]; });
}
