#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "CImageCodecs.h"
#include "byte_order.h"

struct codec_png {
  png_structp png;
  png_infop info;
  const uint8_t *next;
  size_t left;
  codec_error *error;
  int passes;
  bool ended;      // the file ended where libpng wanted more
  char note[64];   // empty, or what is odd about the picture
};

static void on_error(png_structp png, png_const_charp text) {
  codec_png *reader = png_get_error_ptr(png);
  reader->error->status = strstr(text, "memory") ? codec_no_memory : reader->ended ? codec_cut : codec_damaged;
  snprintf(reader->error->message, sizeof reader->error->message, "%s", text);
  png_longjmp(png, 1);
}

// A wrong checksum in a chunk that the picture can do without is reported as a warning. Transparent colours are
// such a chunk by PNG's rules, but pixels depend on them.
static void on_warning(png_structp png, png_const_charp text) {
  codec_png *reader = png_get_error_ptr(png);
  if (!strstr(text, "CRC error")) return;
  if (strncmp(text, "tRNS", 4) == 0) png_error(png, text);
  if (reader->note[0]) return;
  snprintf(reader->note, sizeof reader->note, "the checksum of its metadata (%.4s) is wrong", text);
}

static void on_read(png_structp png, png_bytep target, size_t count) {
  codec_png *reader = png_get_io_ptr(png);
  if (count > reader->left) {
    reader->ended = true;
    png_error(png, "the file ends too early");
  }
  memcpy(target, reader->next, count);
  reader->next += count;
  reader->left -= count;
}

static codec_status unsupported(codec_error *error, const char *text) {
  snprintf(error->message, sizeof error->message, "%s", text);
  return error->status = codec_unsupported;
}

static void convert_to_rgb(png_structp png, png_infop info, int depth, int color) {
  if (color == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
  if (color == PNG_COLOR_TYPE_GRAY && depth < 8) png_set_expand_gray_1_2_4_to_8(png);
  if (depth == 16) png_set_strip_16(png);
  if (!(color & PNG_COLOR_MASK_COLOR)) png_set_gray_to_rgb(png);
  if (png_get_valid(png, info, PNG_INFO_tRNS)) png_set_tRNS_to_alpha(png);
}

codec_status codec_png_open(const uint8_t *bytes, size_t count, bool labels, codec_png **result,
                            codec_image *image, codec_error *error) {
  *result = NULL;
  codec_png *reader = calloc(1, sizeof *reader);
  if (!reader) return error->status = codec_no_memory;
  *reader = (codec_png){.next = bytes, .left = count, .error = error};
  error->status = codec_no_memory;  // libpng's constructors fail for no other reason
  reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, on_error, on_warning);
  if (reader->png) reader->info = png_create_info_struct(reader->png);
  if (!reader->info || setjmp(png_jmpbuf(reader->png))) {
    codec_png_close(reader);
    return error->status;
  }
  png_structp png = reader->png;
  png_set_read_fn(png, reader, on_read);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // the caller's limits decide
  png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_WARN_DISCARD);
#ifdef PNG_HANDLE_AS_UNKNOWN_SUPPORTED
  // Profiles, texts and the like are skipped unread, so none of them can be a bomb.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
#endif
  png_read_info(png, reader->info);
  int depth = png_get_bit_depth(png, reader->info), color = png_get_color_type(png, reader->info);
  *image = (codec_image){.width = png_get_image_width(png, reader->info),
                         .height = png_get_image_height(png, reader->info),
                         .interlaced = png_get_interlace_type(png, reader->info) != PNG_INTERLACE_NONE};
  // Deflate packs at most 1,032 bytes into one.
  image->minimum_bytes = png_get_rowbytes(png, reader->info) * (uint64_t)image->height / 1032;
  if (labels) {
    if (color != PNG_COLOR_TYPE_GRAY && color != PNG_COLOR_TYPE_PALETTE) {
      codec_png_close(reader);
      return unsupported(error, "its pixels are colours, not labels");
    }
    png_set_packing(png);
    if (depth == 16 && machine_is_little_endian()) png_set_swap(png);
  } else {
    convert_to_rgb(png, reader->info, depth, color);
  }
  reader->passes = png_set_interlace_handling(png);
  png_read_update_info(png, reader->info);
  image->bytes_per_pixel = labels ? (depth == 16 ? 2 : 1) : png_get_channels(png, reader->info);
  *result = reader;
  return codec_ok;
}

codec_status codec_png_read_rows(codec_png *reader, uint8_t *rows, size_t stride, uint32_t count,
                                 codec_error *error) {
  reader->error = error;
  error->rows = 0;
  if (setjmp(png_jmpbuf(reader->png))) return error->status;
  for (int pass = 0; pass < reader->passes; pass++) {
    for (uint32_t y = 0; y < count; y++) {
      png_read_row(reader->png, rows + y * stride, NULL);
      if (pass == reader->passes - 1) error->rows = y + 1;
    }
  }
  return codec_ok;
}

codec_status codec_png_finish(codec_png *reader, codec_error *error) {
  reader->error = error;
  if (setjmp(png_jmpbuf(reader->png))) {
    if (!reader->ended) return error->status;
    // Every row is there, and nothing but the end is not.
    snprintf(reader->note, sizeof reader->note, "its end is missing");
    return codec_ok;
  }
  png_read_end(reader->png, NULL);
  return codec_ok;
}

const char *codec_png_note(const codec_png *reader) {
  return reader->note[0] ? reader->note : NULL;
}

void codec_png_close(codec_png *reader) {
  if (!reader) return;
  if (reader->png) png_destroy_read_struct(&reader->png, &reader->info, NULL);
  free(reader);
}
