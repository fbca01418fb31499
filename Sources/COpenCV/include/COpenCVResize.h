// OpenCV's 8-bit bilinear resize.
#ifndef C_OPENCV_RESIZE_H
#define C_OPENCV_RESIZE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// cv::resize with INTER_LINEAR of a (height,width,3) picture into a window of a larger one.
//
// `target` points at the window's first pixel; the rows of source and target lie `source_stride` and `target_stride`
// bytes apart. Runs on the calling thread. Returns 0, or 1 with `message` filled in.
int32_t opencv_resize_linear_rgb8(
    const uint8_t *source, int32_t source_width, int32_t source_height, size_t source_stride, uint8_t *target,
    int32_t target_width, int32_t target_height, size_t target_stride, char *message, size_t message_size);

#ifdef __cplusplus
}
#endif

#endif
