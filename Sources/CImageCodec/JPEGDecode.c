// libjpeg reports errors by callbacks that must not return: each jumps back into `run`.
#include "CImageCodec.h"
#include "Failure.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

// More scans than any encoder writes: a few kilobytes of them can otherwise keep a decoder busy for minutes.
enum { MAXIMUM_SCANS = 500 };

typedef struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    const uint8_t *bytes;
    size_t count;
    // What the caller wants: a header, or pixels.
    image_codec_header *header;
    uint8_t *pixels;
    size_t pixel_count;

    // Known once the header is read.
    int has_multiple_scans;
    int32_t status;
    image_codec_failure *failure;
    jmp_buf escape;
} decoder;

static void leave(decoder *self, int32_t status, const char *message) {
    int64_t offset = (int64_t)(self->count - self->source.bytes_in_buffer);
    self->status = image_codec_fail(self->failure, status, offset, message);
    longjmp(self->escape, 1);
}

static void leave_with_library_message(j_common_ptr jpeg, int32_t status) {
    char message[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, message);
    leave(jpeg->client_data, status, message);
}

static void on_error(j_common_ptr jpeg) {
    int32_t status = IMAGE_CODEC_CORRUPT;
    switch (jpeg->err->msg_code) {
    case JERR_OUT_OF_MEMORY: status = IMAGE_CODEC_MEMORY; break;
    case JERR_BAD_PRECISION:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_SOF_UNSUPPORTED:
    case JERR_NOT_COMPILED:
    case JERR_IMAGE_TOO_BIG: status = IMAGE_CODEC_UNSUPPORTED; break;
    default: break;
    }
    leave_with_library_message(jpeg, status);
}

// A warning after which the decoder makes up pixels is an error: a half-grey picture would be scored as if it were
// one. (Pillow shows such pictures.) Odd headers leave every pixel as it was coded, and so do stray bytes, unless they
// are a scan whose marker is lost.
static void on_message(j_common_ptr jpeg, int level) {
    if (level >= 0) return;
    switch (jpeg->err->msg_code) {
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_BOGUS_PROGRESSION: leave_with_library_message(jpeg, IMAGE_CODEC_CORRUPT); break;
    case JWRN_EXTRANEOUS_DATA:
        if (((decoder *)jpeg->client_data)->has_multiple_scans) leave_with_library_message(jpeg, IMAGE_CODEC_CORRUPT);
        break;
    case JWRN_JPEG_EOF: leave_with_library_message(jpeg, IMAGE_CODEC_TRUNCATED); break;
    default: break;
    }
}

static void on_print(j_common_ptr jpeg) { (void)jpeg; }

static void on_source_start(j_decompress_ptr jpeg) { (void)jpeg; }

static boolean on_source_empty(j_decompress_ptr jpeg) {
    leave(jpeg->client_data, IMAGE_CODEC_TRUNCATED, "the file ends inside the picture");
    return FALSE;
}

static void on_source_skip(j_decompress_ptr jpeg, long count) {
    if (count <= 0) return;
    if ((size_t)count > jpeg->src->bytes_in_buffer) {
        jpeg->src->bytes_in_buffer = 0;
        leave(jpeg->client_data, IMAGE_CODEC_TRUNCATED, "the file ends inside its header");
    }
    jpeg->src->next_input_byte += count;
    jpeg->src->bytes_in_buffer -= (size_t)count;
}

static void on_progress(j_common_ptr jpeg) {
    if (((j_decompress_ptr)jpeg)->input_scan_number > MAXIMUM_SCANS)
        leave(jpeg->client_data, IMAGE_CODEC_UNSUPPORTED, "more than 500 scans");
}

static int32_t run(decoder *self, void (*body)(decoder *)) {
    self->jpeg.err = jpeg_std_error(&self->errors);
    // `jpeg_create_decompress` may already fail; it keeps both fields.
    self->jpeg.client_data = self;
    self->errors.error_exit = on_error;
    self->errors.emit_message = on_message;
    self->errors.output_message = on_print;
    self->source.init_source = on_source_start;
    self->source.fill_input_buffer = on_source_empty;
    self->source.skip_input_data = on_source_skip;
    self->source.resync_to_restart = jpeg_resync_to_restart;
    self->source.term_source = on_source_start;
    self->source.next_input_byte = self->bytes;
    self->source.bytes_in_buffer = self->count;
    self->progress.progress_monitor = on_progress;
    if (setjmp(self->escape) == 0) {
        jpeg_create_decompress(&self->jpeg);
        self->jpeg.src = &self->source;
        self->jpeg.progress = &self->progress;
        jpeg_read_header(&self->jpeg, TRUE);
        self->has_multiple_scans = jpeg_has_multiple_scans(&self->jpeg);
        body(self);
    }
    jpeg_destroy_decompress(&self->jpeg);
    return self->status;
}

static void report_header(decoder *self) {
    self->header->width = (int32_t)self->jpeg.image_width;
    self->header->height = (int32_t)self->jpeg.image_height;
    self->header->channels = self->jpeg.num_components;
    self->header->bit_depth = self->jpeg.data_precision;
    self->header->is_palette = 0;
}

int32_t jpeg_read_info(const uint8_t *bytes, size_t count, image_codec_header *header, image_codec_failure *failure) {
    decoder self = {.bytes = bytes, .count = count, .header = header, .failure = failure};
    return run(&self, report_header);
}

static inline uint8_t divide_by_255(unsigned product) {
    unsigned rounded = product + 128;
    return (uint8_t)(((rounded >> 8) + rounded) >> 8);
}

// Pillow takes every four-component JPEG for Adobe's inverted CMYK, and mixes without a colour profile.
static void inverted_cmyk_to_rgb(const uint8_t *cmyk, uint8_t *rgb, size_t width) {
    for (size_t x = 0; x < width; x++, cmyk += 4, rgb += 3) {
        int white = cmyk[3];
        for (int channel = 0; channel < 3; channel++) {
            int value = white - divide_by_255((255u - cmyk[channel]) * (unsigned)white);
            rgb[channel] = (uint8_t)(value < 0 ? 0 : value);
        }
    }
}

// Where scans of a progressive JPEG are missing, libjpeg guesses the low frequencies from the neighbouring blocks.
static int is_complete(const struct jpeg_decompress_struct *jpeg) {
    if (!jpeg->progressive_mode) return 1;
    for (int component = 0; component < jpeg->num_components; component++) {
        const int *unknown_bits = jpeg->coef_bits[component];
        for (int i = 0; i < DCTSIZE2; i++) {
            // -1: never sent, which an encoder may do for high frequencies that are all zero.
            if (unknown_bits[i] > 0 || (unknown_bits[i] < 0 && i < 10)) return 0;
        }
    }
    return 1;
}

static void decode_rgb(decoder *self) {
    struct jpeg_decompress_struct *jpeg = &self->jpeg;
    size_t width = jpeg->image_width;
    if (width * jpeg->image_height != self->pixel_count)
        leave(self, IMAGE_CODEC_CORRUPT, "the picture has another size than its header said");
    int channels = jpeg->num_components;
    if (channels != 1 && channels != 3 && channels != 4)
        leave(self, IMAGE_CODEC_UNSUPPORTED, "a JPEG of neither 1, 3 nor 4 components");
    jpeg->out_color_space = channels == 4 ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(jpeg);
    if (!is_complete(jpeg)) leave(self, IMAGE_CODEC_TRUNCATED, "scans are missing");
    JSAMPARRAY cmyk =
        channels == 4 ? jpeg->mem->alloc_sarray((j_common_ptr)jpeg, JPOOL_IMAGE, (JDIMENSION)width * 4, 1) : NULL;
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW target = self->pixels + (size_t)jpeg->output_scanline * width * 3;
        jpeg_read_scanlines(jpeg, cmyk ? cmyk : &target, 1);
        if (cmyk) inverted_cmyk_to_rgb(cmyk[0], target, width);
    }
    // Not `jpeg_finish_decompress`: the picture is whole, what follows it is nobody's concern.
}

int32_t jpeg_decode_rgb(
    const uint8_t *bytes, size_t count, uint8_t *pixels, size_t pixel_count, image_codec_failure *failure) {
    decoder self = {
        .bytes = bytes, .count = count, .pixels = pixels, .pixel_count = pixel_count, .failure = failure};
    return run(&self, decode_rgb);
}
