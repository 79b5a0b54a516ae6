// JPEG and PNG for Swift. libjpeg and libpng report errors by longjmp, which must never cross a Swift
// frame: every jump here starts and ends inside one call of this file's functions.
//
// Reading takes two steps. `open` parses the header and reports the size before memory for the picture
// is taken; `read_rows` then decodes into the caller's memory, and `finish` checks what follows the last
// row. `close` frees everything on every path. The encoded bytes must outlive the reader.
#ifndef CIMAGECODECS_H
#define CIMAGECODECS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
  codec_ok = 0,
  codec_damaged,      // the data breaks the format's rules, or ends too early
  codec_unsupported,  // sound, but of a kind this code does not read
  codec_no_memory
} codec_status;

typedef struct {
  codec_status status;
  char message[256];
} codec_error;

typedef struct {
  uint32_t width, height;
  uint32_t bytes_per_pixel;  // of the rows that read_rows writes: 3 is RGB, 1 and 2 are label values
  bool interlaced;           // rows must be asked for all at once
  uint64_t minimum_bytes;    // no file shorter than this can hold so many pixels
} codec_image;

typedef struct codec_jpeg codec_jpeg;
typedef struct codec_png codec_png;

// JPEG to RGB: grey is repeated; CMYK and YCCK are taken as Adobe stores them (inverted) and multiplied
// with black. Damaged or missing picture data is an error, never a half-grey picture.
codec_status codec_jpeg_open(const uint8_t *bytes, size_t count, codec_jpeg **reader, codec_image *image,
                             codec_error *error);
codec_status codec_jpeg_read_rows(codec_jpeg *reader, uint8_t *rows, size_t stride, uint32_t count,
                                  codec_error *error);
codec_status codec_jpeg_finish(codec_jpeg *reader, codec_error *error);
void codec_jpeg_close(codec_jpeg *reader);

// PNG to RGB (`labels` false): palettes looked up, grey repeated, 16 bits cut to their high byte, alpha
// and transparency dropped, colour-space chunks ignored. With `labels`, grey values or palette indices
// as they are stored, one byte a pixel, or two in the machine's byte order for 16-bit files.
codec_status codec_png_open(const uint8_t *bytes, size_t count, bool labels, codec_png **reader,
                            codec_image *image, codec_error *error);
codec_status codec_png_read_rows(codec_png *reader, uint8_t *rows, size_t stride, uint32_t count,
                                 codec_error *error);
codec_status codec_png_finish(codec_png *reader, codec_error *error);
void codec_png_close(codec_png *reader);

typedef enum {
  codec_grey8 = 1,
  codec_grey16,
  codec_rgb8,
  codec_rgba8,
  codec_palette8
} codec_layout;

// Encodes a picture whose rows follow each other without gaps (16-bit values in the machine's byte
// order). `palette` holds `palette_count` RGB triples, for codec_palette8 alone. The bytes are the
// caller's, to be given to codec_free.
codec_status codec_png_write(const void *pixels, uint32_t width, uint32_t height, codec_layout layout,
                             const uint8_t *palette, uint32_t palette_count, uint8_t **bytes,
                             size_t *count, codec_error *error);
void codec_free(void *memory);

// The libraries behind it: what JPEG's was when this was built, and what PNG's is.
const char *codec_jpeg_version(void);
const char *codec_png_version(void);

#endif
