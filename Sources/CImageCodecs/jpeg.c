#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "CImageCodecs.h"

// More scans than any encoder writes: each costs a pass over the picture, so a small hostile file could
// keep a processor busy for hours.
enum { most_scans = 500 };

struct codec_jpeg {
  struct jpeg_decompress_struct info;
  struct jpeg_error_mgr manager;
  struct jpeg_progress_mgr progress;
  jmp_buf jump;
  codec_error *error;
  uint8_t *inks;  // one CMYK row, from libjpeg's own pool; null for other pictures
  bool coarse;    // take a progressive picture without its last scans
  bool reading;   // the header is done
  bool started;
  bool at_end;    // the file ended where libjpeg wanted more
  bool short_of_data;
};

static _Noreturn void give_up(codec_jpeg *reader, codec_status status) {
  reader->error->status = status;
  longjmp(reader->jump, 1);
}

static _Noreturn void on_error(j_common_ptr info) {
  codec_jpeg *reader = info->client_data;
  char text[JMSG_LENGTH_MAX];
  info->err->format_message(info, text);
  snprintf(reader->error->message, sizeof reader->error->message, "%s", text);
  switch (info->err->msg_code) {
    case JERR_OUT_OF_MEMORY:
      give_up(reader, codec_no_memory);
    case JERR_UNKNOWN_MARKER:
      if (info->err->msg_parm.i[0] != 0xF7) give_up(reader, codec_damaged);
      snprintf(reader->error->message, sizeof reader->error->message, "it is JPEG-LS, another format");
      give_up(reader, codec_unsupported);
    case JERR_BAD_PRECISION:
    case JERR_COMPONENT_COUNT:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_SOF_UNSUPPORTED:
    case JERR_NOT_COMPILED:
    case JERR_ARITH_NOTIMPL:
      give_up(reader, codec_unsupported);
    default:
      give_up(reader, reader->at_end ? codec_cut : codec_damaged);
  }
}

// Whether what the file lacks is only finer detail: later scans of a progressive picture whose first scan of
// every component is whole.
static bool lacks_detail_only(const codec_jpeg *reader) {
  const struct jpeg_decompress_struct *info = &reader->info;
  if (!reader->coarse || !info->progressive_mode || info->coef_bits == NULL) return false;
  if (info->Ss == 0 && info->Ah == 0 && reader->short_of_data) return false;  // a first scan is what was cut
  for (int c = 0; c < info->num_components; c++) {
    if (info->coef_bits[c][0] < 0) return false;
  }
  return true;
}

// Whether every scan that the picture needs was there, in a file without end marker. Arithmetic coding pads
// with zeros in silence, so there it cannot be told.
static bool has_every_scan(const codec_jpeg *reader) {
  const struct jpeg_decompress_struct *info = &reader->info;
  if (info->arith_code || reader->short_of_data) return false;
  for (int c = 0; c < info->num_components; c++) {
    if (info->comp_info[c].quant_table == NULL) return false;
    if (!info->progressive_mode) continue;
    for (int k = 0; k < DCTSIZE2; k++) {
      if (info->coef_bits[c][k] != 0) return false;
    }
  }
  return true;
}

// libjpeg goes on after damage and paints what it lost grey. These warnings mean that pixels are lost, so
// they end the reading; the others (stray bytes between segments, odd JFIF versions) are harmless.
static void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  codec_jpeg *reader = info->client_data;
  switch (info->err->msg_code) {
    case JWRN_JPEG_EOF:
      // It may be that no more than the end marker is missing: libjpeg looks ahead. It puts one there itself.
      reader->at_end = true;
      if (!reader->reading) on_error(info);
      return;
    case JWRN_HIT_MARKER:
      reader->short_of_data = true;
      if (reader->at_end && lacks_detail_only(reader)) return;
      on_error(info);
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_BOGUS_PROGRESSION:
      on_error(info);
  }
}

static void on_progress(j_common_ptr info) {
  codec_jpeg *reader = info->client_data;
  if (reader->info.input_scan_number <= most_scans) return;
  snprintf(reader->error->message, sizeof reader->error->message, "more than %d scans", most_scans);
  give_up(reader, codec_damaged);
}

codec_status codec_jpeg_open(const uint8_t *bytes, size_t count, bool coarse, codec_jpeg **result,
                             codec_image *image, codec_error *error) {
  *result = NULL;
  codec_jpeg *reader = calloc(1, sizeof *reader);
  if (!reader) return error->status = codec_no_memory;
  struct jpeg_decompress_struct *info = &reader->info;
  reader->error = error;
  reader->coarse = coarse;
  info->err = jpeg_std_error(&reader->manager);
  info->client_data = reader;
  reader->manager.error_exit = on_error;
  reader->manager.emit_message = on_message;
  reader->progress.progress_monitor = on_progress;
  if (setjmp(reader->jump)) {
    codec_jpeg_close(reader);
    return error->status;
  }
  jpeg_create_decompress(info);
  info->progress = &reader->progress;
  jpeg_mem_src(info, bytes, count);
  jpeg_read_header(info, TRUE);
  // libjpeg's own defaults otherwise: the accurate integer transform and smooth chroma upsampling.
  info->out_color_space = info->num_components == 4 ? JCS_CMYK : JCS_RGB;

  *image = (codec_image){.width = info->image_width, .height = info->image_height, .bytes_per_pixel = 3};
  // A Huffman code is a bit at least, and every block of a minimum coded unit needs one.
  if (!info->arith_code) {
    uint64_t unit = (uint64_t)(8 * info->max_h_samp_factor) * (uint64_t)(8 * info->max_v_samp_factor);
    image->minimum_bytes = (uint64_t)info->image_width * info->image_height / unit / 8;
  }
  reader->reading = true;
  *result = reader;
  return codec_ok;
}

static void require_every_scan(codec_jpeg *reader) {
  if (!reader->at_end || has_every_scan(reader) || lacks_detail_only(reader)) return;
  snprintf(reader->error->message, sizeof reader->error->message, "the file ends before its last scan");
  give_up(reader, codec_cut);
}

static void cmyk_to_rgb(const uint8_t *inks, uint8_t *rgb, uint32_t width) {
  for (uint32_t x = 0; x < width; x++) {
    unsigned black = inks[4 * x + 3];
    for (int c = 0; c < 3; c++) {
      unsigned product = inks[4 * x + c] * black + 128;  // (a·b)/255, rounded
      rgb[3 * x + c] = (uint8_t)((product + (product >> 8)) >> 8);
    }
  }
}

codec_status codec_jpeg_read_rows(codec_jpeg *reader, uint8_t *rows, size_t stride, uint32_t count,
                                  codec_error *error) {
  struct jpeg_decompress_struct *info = &reader->info;
  reader->error = error;
  error->rows = 0;
  if (setjmp(reader->jump)) return error->status;
  if (!reader->started) {
    jpeg_start_decompress(info);
    // A picture of several scans has been taken in whole by now.
    if (jpeg_has_multiple_scans(info)) require_every_scan(reader);
    if (info->out_color_space == JCS_CMYK) {
      reader->inks = info->mem->alloc_large((j_common_ptr)info, JPOOL_IMAGE, (size_t)4 * info->output_width);
    }
    reader->started = true;
  }
  for (uint32_t y = 0; y < count; y++) {
    uint8_t *row = rows + y * stride;
    JSAMPROW target = reader->inks ? reader->inks : row;
    jpeg_read_scanlines(info, &target, 1);
    if (reader->inks) cmyk_to_rgb(reader->inks, row, info->output_width);
    error->rows = y + 1;
  }
  return codec_ok;
}

codec_status codec_jpeg_finish(codec_jpeg *reader, codec_error *error) {
  reader->error = error;
  if (setjmp(reader->jump)) return error->status;
  jpeg_finish_decompress(&reader->info);
  require_every_scan(reader);
  return codec_ok;
}

const char *codec_jpeg_note(const codec_jpeg *reader) {
  if (!reader->at_end) return NULL;
  if (has_every_scan(reader)) return "its end marker is missing";
  return "it is cut short: its finer detail is missing";
}

void codec_jpeg_close(codec_jpeg *reader) {
  if (!reader) return;
  jpeg_destroy_decompress(&reader->info);
  free(reader);
}
