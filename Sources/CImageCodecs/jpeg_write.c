#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "CImageCodecs.h"

typedef struct {
  struct jpeg_compress_struct info;
  struct jpeg_error_mgr manager;
  struct jpeg_destination_mgr destination;
  jmp_buf jump;
  codec_error *error;
  uint8_t *bytes;
  size_t capacity;
  size_t count;  // once all is written
} writer;

static _Noreturn void on_error(j_common_ptr info) {
  writer *target = info->client_data;
  info->err->format_message(info, target->error->message);
  target->error->status = info->err->msg_code == JERR_OUT_OF_MEMORY ? codec_no_memory : codec_unsupported;
  longjmp(target->jump, 1);
}

static void on_message(j_common_ptr info) {
  (void)info;
}

static void on_start(j_compress_ptr info) {
  (void)info;
}

// Called with the buffer full.
static boolean on_full(j_compress_ptr info) {
  writer *target = info->client_data;
  size_t capacity = target->capacity * 2;
  uint8_t *grown = realloc(target->bytes, capacity);
  if (!grown) ERREXIT1(info, JERR_OUT_OF_MEMORY, 0);
  target->destination.next_output_byte = grown + target->capacity;
  target->destination.free_in_buffer = capacity - target->capacity;
  target->bytes = grown;
  target->capacity = capacity;
  return TRUE;
}

static void on_end(j_compress_ptr info) {
  writer *target = info->client_data;
  target->count = target->capacity - target->destination.free_in_buffer;
}

// Apart from its caller so that no variable that changes after setjmp is read after the jump.
static codec_status encode(writer *target, const uint8_t *pixels, uint32_t width, uint32_t height, int quality) {
  j_compress_ptr info = &target->info;
  info->err = jpeg_std_error(&target->manager);
  target->manager.error_exit = on_error;
  target->manager.output_message = on_message;
  info->client_data = target;
  if (setjmp(target->jump)) {
    jpeg_destroy_compress(info);
    return target->error->status;
  }
  jpeg_create_compress(info);
  target->destination = (struct jpeg_destination_mgr){
      .next_output_byte = target->bytes,
      .free_in_buffer = target->capacity,
      .init_destination = on_start,
      .empty_output_buffer = on_full,
      .term_destination = on_end};
  info->dest = &target->destination;
  info->image_width = width;
  info->image_height = height;
  info->input_components = 3;
  info->in_color_space = JCS_RGB;
  jpeg_set_defaults(info);
  jpeg_set_quality(info, quality, TRUE);
  // Colour at full resolution: halved, it blurs contours and a legend's swatches.
  info->comp_info[0].h_samp_factor = 1;
  info->comp_info[0].v_samp_factor = 1;
  jpeg_start_compress(info, TRUE);
  while (info->next_scanline < height) {
    // libjpeg does not write to the row.
    JSAMPROW row = (JSAMPROW)(pixels + (size_t)info->next_scanline * width * 3);
    jpeg_write_scanlines(info, &row, 1);
  }
  jpeg_finish_compress(info);
  jpeg_destroy_compress(info);
  return codec_ok;
}

codec_status codec_jpeg_write(const uint8_t *pixels, uint32_t width, uint32_t height, int quality, uint8_t **bytes,
                              size_t *count, codec_error *error) {
  writer *target = calloc(1, sizeof *target);
  if (!target) return codec_no_memory;
  target->error = error;
  target->capacity = 1 << 16;
  target->bytes = malloc(target->capacity);
  codec_status status = target->bytes ? encode(target, pixels, width, height, quality) : codec_no_memory;
  if (status == codec_ok) {
    *bytes = target->bytes;
    *count = target->count;
  } else {
    free(target->bytes);
  }
  free(target);
  return status;
}
