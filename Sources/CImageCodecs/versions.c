#include <stdio.h>

#include <jpeglib.h>
#include <png.h>

#include "CImageCodecs.h"

#define TEXT(x) #x
#define VALUE(x) TEXT(x)

const char *codec_jpeg_version(void) {
#ifdef LIBJPEG_TURBO_VERSION
  return "libjpeg-turbo " VALUE(LIBJPEG_TURBO_VERSION);
#else
  return "libjpeg " VALUE(JPEG_LIB_VERSION);
#endif
}

const char *codec_png_version(void) { return png_get_libpng_ver(NULL); }
