#pragma once

// OpenCV's contour, rectangle and polygon operations, one call each. Post-processing computes them itself, several
// times faster; these are what its tests hold it against.
//
// Points are x, y pairs. Each call returns COPENCV_CONTOURS_OK, COPENCV_CONTOURS_TOO_SMALL where a result does not
// fit (its size is then in the count), or COPENCV_CONTOURS_FAILED with the reason in `message`.

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { COPENCV_CONTOURS_OK = 0, COPENCV_CONTOURS_TOO_SMALL = 1, COPENCV_CONTOURS_FAILED = 2 };

// findContours(RETR_LIST, CHAIN_APPROX_SIMPLE): all points one after another, and each contour's number of points.
int32_t copencv_find_contours(
    const uint8_t *image, int32_t width, int32_t height, int32_t *points, int32_t point_capacity,
    int32_t *point_count, int32_t *lengths, int32_t length_capacity, int32_t *length_count, char *message,
    int32_t message_size);

// minAreaRect and boxPoints: centre x, y, width, height, angle; then four corners.
int32_t copencv_min_area_rect(
    const int32_t *points, int32_t count, float rect[5], float corners[8], char *message, int32_t message_size);

// arcLength of the closed curve.
int32_t copencv_arc_length(
    const int32_t *points, int32_t count, double *length, char *message, int32_t message_size);

// approxPolyDP of the closed curve; the result never has more points than the curve.
int32_t copencv_approx_polygon(
    const int32_t *points, int32_t count, double epsilon, int32_t *result, int32_t *result_count, char *message,
    int32_t message_size);

// fillPoly with 1 on zeros, into `mask`; and mean of `values` under it.
int32_t copencv_fill_mean(
    const int32_t *points, int32_t count, const float *values, int32_t width, int32_t height, uint8_t *mask,
    double *mean, char *message, int32_t message_size);

#ifdef __cplusplus
}
#endif
