// JPEG through libjpeg-turbo and PNG through libpng, from memory to memory.
//
// Each call returns one of `image_codec_status`; on anything but IMAGE_CODEC_OK `failure` says why and where. The
// caller owns every buffer. No call prints, aborts, or lets a longjmp out.
#ifndef C_IMAGE_CODEC_H
#define C_IMAGE_CODEC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum image_codec_status {
    IMAGE_CODEC_OK = 0,
    // The bytes end inside the picture.
    IMAGE_CODEC_TRUNCATED = 1,
    // The bytes break the format.
    IMAGE_CODEC_CORRUPT = 2,
    // A valid file of a kind that is not read here.
    IMAGE_CODEC_UNSUPPORTED = 3,
    // No memory.
    IMAGE_CODEC_MEMORY = 4,
} image_codec_status;

typedef struct image_codec_failure {
    // Where in the file the decoder stood, in bytes; -1 where that says nothing.
    int64_t offset;
    char message[224];
} image_codec_failure;

typedef struct image_codec_header {
    int32_t width;
    int32_t height;
    // Components a pixel, before any conversion; 1 for a palette.
    int32_t channels;
    // Bits a component, or bits a palette index.
    int32_t bit_depth;
    // 1 for a PNG with a palette.
    int32_t is_palette;
} image_codec_header;

// Reads the header of a JPEG; the picture is not touched.
int32_t jpeg_read_info(const uint8_t *bytes, size_t count, image_codec_header *header, image_codec_failure *failure);

// Decodes a JPEG to (height,width,3) RGB as Pillow's convert("RGB") gives it; `pixel_count` is the number of pixels
// that `pixels` has room for.
int32_t jpeg_decode_rgb(
    const uint8_t *bytes, size_t count, uint8_t *pixels, size_t pixel_count, image_codec_failure *failure);

// Reads the header of a PNG; the picture is not touched.
int32_t png_read_info_header(
    const uint8_t *bytes, size_t count, image_codec_header *header, image_codec_failure *failure);

// Decodes a PNG to (height,width,3) RGB as Pillow's convert("RGB") gives it.
int32_t png_decode_rgb(
    const uint8_t *bytes, size_t count, uint8_t *pixels, size_t pixel_count, image_codec_failure *failure);

// Decodes a grey PNG of 8 or 16 bits, without alpha, to its raw levels.
int32_t png_decode_grey(
    const uint8_t *bytes, size_t count, uint16_t *levels, size_t pixel_count, image_codec_failure *failure);

// A growing output: called with each piece; returns 0 to go on, anything else to stop.
typedef int32_t (*image_codec_sink)(void *context, const uint8_t *bytes, size_t count);

// Writes (height,width,channels) as a PNG. `channels` is 1 (grey) or 3 (RGB); `bit_depth` is 8, or 16 with samples in
// the machine's byte order.
int32_t png_encode(
    const void *pixels, int32_t width, int32_t height, int32_t channels, int32_t bit_depth, image_codec_sink sink,
    void *context, image_codec_failure *failure);

#ifdef __cplusplus
}
#endif

#endif
