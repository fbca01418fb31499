// Filling in `image_codec_failure`.
#ifndef IMAGE_CODEC_FAILURE_H
#define IMAGE_CODEC_FAILURE_H

#include "CImageCodec.h"

#include <stdio.h>

static inline int32_t image_codec_fail(
    image_codec_failure *failure, int32_t status, int64_t offset, const char *message) {
    failure->offset = offset;
    snprintf(failure->message, sizeof failure->message, "%s", message);
    return status;
}

#endif
