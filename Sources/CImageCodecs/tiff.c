#include <stdarg.h>
#include <stdio.h>

#include "CImageCodecs.h"

// The functions behind the pointers take variable arguments, so they must be called as such.
typedef int (*variadic)(void *tiff, uint32_t tag, ...);

bool codec_tiff_get_16(codec_function get, void *tiff, uint32_t tag, uint16_t *value) {
  return ((variadic)get)(tiff, tag, value) == 1;
}

bool codec_tiff_get_32(codec_function get, void *tiff, uint32_t tag, uint32_t *value) {
  return ((variadic)get)(tiff, tag, value) == 1;
}

bool codec_tiff_get_list(codec_function get, void *tiff, uint32_t tag, uint16_t *count, uint16_t **values) {
  return ((variadic)get)(tiff, tag, count, values) == 1;
}

bool codec_tiff_get_colors(codec_function get, void *tiff, uint32_t tag, uint16_t *columns[3]) {
  return ((variadic)get)(tiff, tag, &columns[0], &columns[1], &columns[2]) == 1;
}

bool codec_tiff_set(codec_function set, void *tiff, uint32_t tag, int value) {
  return ((variadic)set)(tiff, tag, value) == 1;
}

static int keep_error(void *tiff, void *errors, const char *module, const char *format, va_list arguments) {
  (void)tiff, (void)module;
  codec_tiff_errors *kept = errors;
  if (!kept->message[0]) vsnprintf(kept->message, sizeof kept->message, format, arguments);
  return 1;  // no other handler is to be called
}

static int drop_warning(void *tiff, void *unused, const char *module, const char *format, va_list arguments) {
  (void)tiff, (void)unused, (void)module, (void)format, (void)arguments;
  return 1;
}

codec_function codec_tiff_error_handler(void) { return (codec_function)keep_error; }

codec_function codec_tiff_warning_handler(void) { return (codec_function)drop_warning; }
