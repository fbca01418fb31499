// libpng reports errors by a callback that must not return: it jumps back into `run`.
#include "CImageCodec.h"
#include "Failure.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

typedef struct decoder {
    png_structp png;
    png_infop info;
    png_bytepp rows;
    const uint8_t *bytes;
    size_t count;
    size_t position;
    // What the caller wants: a header, or RGB pixels, or grey levels.
    image_codec_header *header;
    uint8_t *pixels;
    uint16_t *levels;
    size_t pixel_count;

    int32_t status;
    image_codec_failure *failure;
    jmp_buf escape;
} decoder;

static void leave(decoder *self, int32_t status, const char *message) {
    self->status = image_codec_fail(self->failure, status, (int64_t)self->position, message);
    longjmp(self->escape, 1);
}

static void on_error(png_structp png, png_const_charp message) {
    leave(png_get_error_ptr(png), IMAGE_CODEC_CORRUPT, message);
}

static void on_warning(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

static void on_read(png_structp png, png_bytep target, size_t count) {
    decoder *self = png_get_io_ptr(png);
    if (count > self->count - self->position) {
        self->position = self->count;
        leave(self, IMAGE_CODEC_TRUNCATED, "the file ends inside the picture");
    }
    memcpy(target, self->bytes + self->position, count);
    self->position += count;
}

static int32_t run(decoder *self, void (*body)(decoder *)) {
    if (setjmp(self->escape) == 0) {
        self->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, self, on_error, on_warning);
        if (self->png) self->info = png_create_info_struct(self->png);
        if (!self->info) leave(self, IMAGE_CODEC_MEMORY, "no memory to decode");
        png_set_read_fn(self->png, self, on_read);
        // The caller decides how large is too large.
        png_set_user_limits(self->png, 0x7fffffff, 0x7fffffff);
        // An index beyond the palette is black, as Pillow has it.
        png_set_check_for_invalid_index(self->png, 0);
        png_read_info(self->png, self->info);
        body(self);
    }
    free(self->rows);
    png_destroy_read_struct(&self->png, &self->info, NULL);
    return self->status;
}

static void read_rows(decoder *self, uint8_t *pixels, size_t row_bytes) {
    size_t height = png_get_image_height(self->png, self->info);
    if (height * png_get_image_width(self->png, self->info) != self->pixel_count)
        leave(self, IMAGE_CODEC_CORRUPT, "the picture has another size than its header said");
    png_set_interlace_handling(self->png);
    png_read_update_info(self->png, self->info);
    if (png_get_rowbytes(self->png, self->info) > row_bytes)
        leave(self, IMAGE_CODEC_CORRUPT, "rows of unexpected length");
    self->rows = malloc(height * sizeof *self->rows);
    if (!self->rows) leave(self, IMAGE_CODEC_MEMORY, "no memory to decode");
    for (size_t y = 0; y < height; y++) self->rows[y] = pixels + y * row_bytes;
    png_read_image(self->png, self->rows);
}

static void report_header(decoder *self) {
    self->header->width = (int32_t)png_get_image_width(self->png, self->info);
    self->header->height = (int32_t)png_get_image_height(self->png, self->info);
    self->header->channels = png_get_channels(self->png, self->info);
    self->header->bit_depth = png_get_bit_depth(self->png, self->info);
    self->header->is_palette = png_get_color_type(self->png, self->info) == PNG_COLOR_TYPE_PALETTE;
}

int32_t png_read_info_header(
    const uint8_t *bytes, size_t count, image_codec_header *header, image_codec_failure *failure) {
    decoder self = {.bytes = bytes, .count = count, .header = header, .failure = failure};
    return run(&self, report_header);
}

// The rows below lie at the start of their three-byte rows, so each is widened in place from its end.

static void expand_palette(uint8_t *row, size_t width, uint8_t palette[256][3]) {
    for (size_t x = width; x-- > 0;) memcpy(row + 3 * x, palette[row[x]], 3);
}

// Pillow clips 16-bit grey to 255 rather than scaling it.
static void clip_grey16(uint8_t *row, size_t width) {
    for (size_t x = width; x-- > 0;) {
        uint8_t value = row[2 * x] ? 255 : row[2 * x + 1];
        memset(row + 3 * x, value, 3);
    }
}

static void decode_rgb(decoder *self) {
    int color = png_get_color_type(self->png, self->info);
    int depth = png_get_bit_depth(self->png, self->info);
    size_t width = png_get_image_width(self->png, self->info);
    size_t height = png_get_image_height(self->png, self->info);
    int is_palette = color == PNG_COLOR_TYPE_PALETTE;
    int is_grey16 = color == PNG_COLOR_TYPE_GRAY && depth == 16;
    uint8_t palette[256][3] = {{0}};
    if (is_palette) {
        png_set_packing(self->png);
        png_colorp entries = NULL;
        int entry_count = 0;
        png_get_PLTE(self->png, self->info, &entries, &entry_count);
        for (int i = 0; i < entry_count && i < 256; i++) {
            palette[i][0] = entries[i].red;
            palette[i][1] = entries[i].green;
            palette[i][2] = entries[i].blue;
        }
    } else if (!is_grey16) {
        // The high byte of 16 bits, levels of 1, 2 and 4 bits spread over 0...255, alpha dropped: as Pillow has them.
        png_set_strip_16(self->png);
        png_set_strip_alpha(self->png);
        if (!(color & PNG_COLOR_MASK_COLOR)) {
            png_set_expand_gray_1_2_4_to_8(self->png);
            png_set_gray_to_rgb(self->png);
        }
    }
    read_rows(self, self->pixels, width * 3);
    for (size_t y = 0; y < height && (is_palette || is_grey16); y++) {
        uint8_t *row = self->pixels + y * width * 3;
        if (is_palette) {
            expand_palette(row, width, palette);
        } else {
            clip_grey16(row, width);
        }
    }
}

int32_t png_decode_rgb(
    const uint8_t *bytes, size_t count, uint8_t *pixels, size_t pixel_count, image_codec_failure *failure) {
    decoder self = {
        .bytes = bytes, .count = count, .pixels = pixels, .pixel_count = pixel_count, .failure = failure};
    return run(&self, decode_rgb);
}

static void decode_grey(decoder *self) {
    int depth = png_get_bit_depth(self->png, self->info);
    if (png_get_color_type(self->png, self->info) != PNG_COLOR_TYPE_GRAY || depth < 8)
        leave(self, IMAGE_CODEC_UNSUPPORTED, "not a grey picture of 8 or 16 bits");
    size_t width = png_get_image_width(self->png, self->info);
    size_t height = png_get_image_height(self->png, self->info);
    read_rows(self, (uint8_t *)self->levels, width * 2);
    for (size_t y = 0; y < height; y++) {
        uint16_t *row = self->levels + y * width;
        const uint8_t *source = (const uint8_t *)row;
        if (depth == 8) {
            for (size_t x = width; x-- > 0;) row[x] = source[x];
        } else {
            for (size_t x = 0; x < width; x++) row[x] = (uint16_t)(source[2 * x] << 8 | source[2 * x + 1]);
        }
    }
}

int32_t png_decode_grey(
    const uint8_t *bytes, size_t count, uint16_t *levels, size_t pixel_count, image_codec_failure *failure) {
    decoder self = {
        .bytes = bytes, .count = count, .levels = levels, .pixel_count = pixel_count, .failure = failure};
    return run(&self, decode_grey);
}
