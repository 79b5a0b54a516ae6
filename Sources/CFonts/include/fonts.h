/* What is read of the public structures of FreeType 2 and fontconfig, as their documentation has them: the libraries are
   found at run time, and no header of theirs is needed to build. */
#ifndef SAN_FONTS_H
#define SAN_FONTS_H

typedef struct {
  void *data;
  void *finalizer;
} ft_generic;

typedef struct {
  long x, y;
} ft_vector;

typedef struct {
  short contour_count, point_count;
  ft_vector *points;
  unsigned char *tags;
  short *contours;
  int flags;
} ft_outline;

typedef struct {
  unsigned int rows, width;
  int pitch;
  unsigned char *buffer;
  unsigned short grays;
  unsigned char pixel_mode, palette_mode;
  void *palette;
} ft_bitmap;

typedef struct {
  void *library, *face, *next;
  unsigned int glyph_index;
  ft_generic generic;
  long metrics[8];
  long linear_advances[2];
  ft_vector advance;
  unsigned int format;
  ft_bitmap bitmap;
  int bitmap_left, bitmap_top;
  ft_outline outline;
} ft_glyph_slot;

typedef struct {
  long face_count, face_index, face_flags, style_flags, glyph_count;
  char *family_name, *style_name;
  int size_count;
  void *sizes;
  int charmap_count;
  void *charmaps;
  ft_generic generic;
  long box[4];
  unsigned short units_per_em;
  short ascender, descender, height, max_advance_width, max_advance_height, underline_position, underline_thickness;
  ft_glyph_slot *glyph;
} ft_face;

typedef struct {
  int (*move)(const ft_vector *to, void *user);
  int (*line)(const ft_vector *to, void *user);
  int (*quadratic)(const ft_vector *control, const ft_vector *to, void *user);
  int (*cubic)(const ft_vector *first, const ft_vector *second, const ft_vector *to, void *user);
  int shift;
  long delta;
} ft_outline_functions;

typedef struct {
  int count, capacity;
  void **patterns;
} fc_font_set;

#endif
