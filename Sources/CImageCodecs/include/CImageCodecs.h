// Picture codecs for Swift: what Swift cannot do itself. libjpeg and libpng report errors by longjmp, which must
// never cross a Swift frame: every jump here starts and ends inside one call of this file's functions. libtiff's
// settings are read through functions with variable arguments, and libheif returns structures: their calls and
// layouts are at the end.
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
  codec_damaged,      // the data breaks the format's rules
  codec_cut,          // the data is sound as far as it goes, but ends too early
  codec_unsupported,  // sound, but of a kind this code does not read
  codec_no_memory
} codec_status;

typedef struct {
  codec_status status;
  uint32_t rows;  // of the rows that the failed call was to read, how many are whole
  char message[256];
} codec_error;

typedef struct {
  uint32_t width, height;
  uint32_t bytes_per_pixel;  // of the rows that read_rows writes: 3 is RGB, 4 RGBA, 1 and 2 are label values
  bool interlaced;           // rows must be asked for all at once
  uint64_t minimum_bytes;    // no file shorter than this can hold so many pixels
} codec_image;

typedef struct codec_jpeg codec_jpeg;
typedef struct codec_png codec_png;

// JPEG to RGB: grey is repeated; CMYK and YCCK are taken as Adobe stores them (inverted) and multiplied
// with black. Damaged or missing picture data is an error, never a half-grey picture; with `coarse`, a progressive
// picture that lacks later scans is read as far as it is there, if every part of it is there at all.
codec_status codec_jpeg_open(const uint8_t *bytes, size_t count, bool coarse, codec_jpeg **reader,
                             codec_image *image, codec_error *error);
codec_status codec_jpeg_read_rows(codec_jpeg *reader, uint8_t *rows, size_t stride, uint32_t count,
                                  codec_error *error);
codec_status codec_jpeg_finish(codec_jpeg *reader, codec_error *error);
// What is odd about a picture that was read, or null.
const char *codec_jpeg_note(const codec_jpeg *reader);
void codec_jpeg_close(codec_jpeg *reader);

// PNG to RGB, or RGBA where there is alpha or a transparent colour (`labels` false): palettes looked up, grey
// repeated, 16 bits cut to their high byte, colour-space chunks ignored. With `labels`, grey values or palette indices
// as they are stored, one byte a pixel, or two in the machine's byte order for 16-bit files.
codec_status codec_png_open(const uint8_t *bytes, size_t count, bool labels, codec_png **reader,
                            codec_image *image, codec_error *error);
codec_status codec_png_read_rows(codec_png *reader, uint8_t *rows, size_t stride, uint32_t count,
                                 codec_error *error);
codec_status codec_png_finish(codec_png *reader, codec_error *error);
// What is odd about a picture that was read, or null.
const char *codec_png_note(const codec_png *reader);
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
// Encodes RGB as JPEG with a quality of 1 to 100; sides are at most 65,500. The bytes are the caller's, as above.
codec_status codec_jpeg_write(const uint8_t *pixels, uint32_t width, uint32_t height, int quality, uint8_t **bytes,
                              size_t *count, codec_error *error);
void codec_free(void *memory);

// The libraries behind it: what JPEG's was when this was built, and what PNG's is.
const char *codec_jpeg_version(void);
const char *codec_png_version(void);

// libtiff, which is found at run time: `get` is its TIFFGetField or TIFFGetFieldDefaulted, `set` its
// TIFFSetField. Each returns false where there is no such field.
typedef void (*codec_function)(void);
bool codec_tiff_get_16(codec_function get, void *tiff, uint32_t tag, uint16_t *value);
bool codec_tiff_get_32(codec_function get, void *tiff, uint32_t tag, uint32_t *value);
// A counted list of numbers, such as ExtraSamples; it stays libtiff's.
bool codec_tiff_get_list(codec_function get, void *tiff, uint32_t tag, uint16_t *count, uint16_t **values);
// The red, green and blue columns of a colour map; they stay libtiff's.
bool codec_tiff_get_colors(codec_function get, void *tiff, uint32_t tag, uint16_t *columns[3]);
bool codec_tiff_set(codec_function set, void *tiff, uint32_t tag, int value);

// Handlers of what libtiff reports about one file, of the type that TIFFOpenOptionsSetErrorHandlerExtR takes: one
// keeps the first error's text, the other drops warnings.
typedef struct {
  char message[256];
} codec_tiff_errors;
codec_function codec_tiff_error_handler(void);
codec_function codec_tiff_warning_handler(void);

// libheif's result of every call: code 0 is success; the text is libheif's.
typedef struct {
  int code, subcode;
  const char *message;
} codec_heif_error;
// What libheif's decoder is told, as far as version 3 of the structure has it; libheif makes it.
typedef struct {
  uint8_t version, ignore_transformations;
  void *progress[4];
  uint8_t convert_hdr_to_8bit, strict_decoding;
} codec_heif_options;

// What libwebp tells of a picture from its first bytes.
typedef struct {
  int width, height, has_alpha, has_animation, format;
  uint32_t reserved[5];
} codec_webp_features;

#endif
