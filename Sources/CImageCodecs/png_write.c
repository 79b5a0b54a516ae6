#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "CImageCodecs.h"
#include "byte_order.h"

typedef struct {
  uint8_t *bytes;
  size_t count, capacity;
  codec_error *error;
} sink;

static void on_error(png_structp png, png_const_charp text) {
  sink *target = png_get_error_ptr(png);
  target->error->status = strstr(text, "memory") ? codec_no_memory : codec_unsupported;
  snprintf(target->error->message, sizeof target->error->message, "%s", text);
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
  (void)png, (void)text;
}

static void on_write(png_structp png, png_bytep bytes, size_t count) {
  sink *target = png_get_io_ptr(png);
  if (count > target->capacity - target->count) {
    size_t capacity = target->capacity * 2 + count;
    uint8_t *grown = realloc(target->bytes, capacity);
    if (!grown) png_error(png, "out of memory");
    target->bytes = grown;
    target->capacity = capacity;
  }
  memcpy(target->bytes + target->count, bytes, count);
  target->count += count;
}

static void on_flush(png_structp png) {
  (void)png;
}

// Runs inside the caller's setjmp.
static void write_picture(png_structp png, png_infop info, const uint8_t *pixels, uint32_t width,
                          uint32_t height, codec_layout layout, const uint8_t *palette,
                          uint32_t palette_count) {
  static const int colors[] = {[codec_grey8] = PNG_COLOR_TYPE_GRAY,
                               [codec_grey16] = PNG_COLOR_TYPE_GRAY,
                               [codec_rgb8] = PNG_COLOR_TYPE_RGB,
                               [codec_rgba8] = PNG_COLOR_TYPE_RGB_ALPHA,
                               [codec_palette8] = PNG_COLOR_TYPE_PALETTE};
  static const size_t sizes[] = {
      [codec_grey8] = 1, [codec_grey16] = 2, [codec_rgb8] = 3, [codec_rgba8] = 4, [codec_palette8] = 1};
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_IHDR(png, info, width, height, layout == codec_grey16 ? 16 : 8, colors[layout], PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (layout == codec_palette8) {
    png_color entries[256];
    for (uint32_t i = 0; i < palette_count && i < 256; i++) {
      entries[i] = (png_color){palette[3 * i], palette[3 * i + 1], palette[3 * i + 2]};
    }
    png_set_PLTE(png, info, entries, (int)palette_count);
  }
  // Photographs gain little above level 3 and take twice the time; label maps want no filter at all.
  bool photo = layout == codec_rgb8 || layout == codec_rgba8;
  png_set_compression_level(png, photo ? 3 : 6);
  png_set_filter(png, PNG_FILTER_TYPE_BASE, photo ? PNG_FILTER_SUB | PNG_FILTER_UP : PNG_FILTER_NONE);
  png_write_info(png, info);
  if (layout == codec_grey16 && machine_is_little_endian()) png_set_swap(png);
  size_t stride = sizes[layout] * width;
  for (uint32_t y = 0; y < height; y++) png_write_row(png, pixels + y * stride);
  png_write_end(png, NULL);
}

// Apart from its caller so that no variable that changes after setjmp is read after the jump.
static codec_status encode(sink *target, const void *pixels, uint32_t width, uint32_t height,
                           codec_layout layout, const uint8_t *palette, uint32_t palette_count) {
  target->error->status = codec_no_memory;  // libpng's constructors fail for no other reason
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, target, on_error, on_warning);
  if (!png) return target->error->status;
  png_infop info = png_create_info_struct(png);
  if (!info || setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    return target->error->status;
  }
  png_set_write_fn(png, target, on_write, on_flush);
  write_picture(png, info, pixels, width, height, layout, palette, palette_count);
  png_destroy_write_struct(&png, &info);
  return codec_ok;
}

codec_status codec_png_write(const void *pixels, uint32_t width, uint32_t height, codec_layout layout,
                             const uint8_t *palette, uint32_t palette_count, uint8_t **bytes,
                             size_t *count, codec_error *error) {
  sink target = {.error = error};
  codec_status status = encode(&target, pixels, width, height, layout, palette, palette_count);
  if (status != codec_ok) {
    free(target.bytes);
    return status;
  }
  *bytes = target.bytes;
  *count = target.count;
  return codec_ok;
}

void codec_free(void *memory) {
  free(memory);
}
