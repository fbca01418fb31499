// libpng reports errors by a callback that must not return: it jumps back into `run`.
#include "CImageCodec.h"
#include "Failure.h"

#include <setjmp.h>
#include <string.h>

#include <png.h>

typedef struct encoder {
    png_structp png;
    png_infop info;
    const uint8_t *pixels;
    int32_t width, height, channels, bit_depth;
    image_codec_sink sink;
    void *context;
    int32_t status;
    image_codec_failure *failure;
    jmp_buf escape;
} encoder;

static void leave(encoder *self, int32_t status, const char *message) {
    self->status = image_codec_fail(self->failure, status, -1, message);
    longjmp(self->escape, 1);
}

static void on_error(png_structp png, png_const_charp message) {
    leave(png_get_error_ptr(png), IMAGE_CODEC_CORRUPT, message);
}

static void on_warning(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

static void on_write(png_structp png, png_bytep bytes, size_t count) {
    encoder *self = png_get_io_ptr(png);
    if (self->sink(self->context, bytes, count)) leave(self, IMAGE_CODEC_MEMORY, "the output took no more");
}

static void on_flush(png_structp png) { (void)png; }

static void encode(encoder *self) {
    png_set_write_fn(self->png, self, on_write, on_flush);
    png_set_user_limits(self->png, 0x7fffffff, 0x7fffffff);
    png_set_IHDR(
        self->png, self->info, (png_uint_32)self->width, (png_uint_32)self->height, self->bit_depth,
        self->channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
        PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(self->png, self->info);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (self->bit_depth == 16) png_set_swap(self->png);
#endif
    size_t row_bytes = (size_t)self->width * (size_t)self->channels * (size_t)(self->bit_depth / 8);
    for (int32_t y = 0; y < self->height; y++) png_write_row(self->png, self->pixels + (size_t)y * row_bytes);
    png_write_end(self->png, self->info);
}

static int32_t run(encoder *self, void (*body)(encoder *)) {
    if (setjmp(self->escape) == 0) {
        self->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, self, on_error, on_warning);
        if (self->png) self->info = png_create_info_struct(self->png);
        if (!self->info) leave(self, IMAGE_CODEC_MEMORY, "no memory to encode");
        body(self);
    }
    png_destroy_write_struct(&self->png, &self->info);
    return self->status;
}

int32_t png_encode(
    const void *pixels, int32_t width, int32_t height, int32_t channels, int32_t bit_depth, image_codec_sink sink,
    void *context, image_codec_failure *failure) {
    encoder self = {
        .pixels = pixels, .width = width, .height = height, .channels = channels, .bit_depth = bit_depth,
        .sink = sink, .context = context, .failure = failure};
    return run(&self, encode);
}
