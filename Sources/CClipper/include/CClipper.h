#pragma once

// Polygon union and offsetting by Clipper 6.4.2, which the reference uses too.
//
// Paths are `count` points as x, y pairs. A result that does not fit is not written: the call returns
// CCLIPPER_TOO_SMALL with the points needed in `result_count`. On CCLIPPER_FAILED `message` says why.

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CCLIPPER_OK = 0, CCLIPPER_TOO_SMALL = 1, CCLIPPER_FAILED = 2 };

// The first path of a closed path's union with itself, positive filling; no points where the union is empty.
int32_t cclipper_union_first(
    const int32_t *path, int32_t count, int32_t *result, int32_t result_capacity, int32_t *result_count,
    char *message, int32_t message_size);

// The first path of a closed path offset by `distance` with round joins; no points where nothing is left.
int32_t cclipper_offset_first(
    const int32_t *path, int32_t count, double distance, int32_t *result, int32_t result_capacity,
    int32_t *result_count, char *message, int32_t message_size);

// Sorts `indices` (0 to count - 1 in any order) by falling `keys[index]` as std::sort does, which Clipper relies on
// where keys are equal.
void cclipper_sort_descending(const int64_t *keys, int32_t *indices, int32_t count);

#ifdef __cplusplus
}
#endif
