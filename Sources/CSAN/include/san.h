/* libsan: open-vocabulary segmentation on the CPU, for C and whatever can call C.
 *
 *   san_segmenter *segmenter = NULL;
 *   san_segmentation *found = NULL;
 *   const char *names[] = {"cat", "dog"};
 *   if (san_open(NULL, 0, &segmenter) != SAN_OK ||
 *       san_set_classes(segmenter, names, 2, SAN_BACKGROUND_DISTRACTORS) != SAN_OK ||
 *       san_segment_file(segmenter, "photo.jpg", &found) != SAN_OK)
 *     fprintf(stderr, "%s\n", san_last_error());
 *   ...
 *   san_free(found);
 *   san_close(segmenter);
 *
 * Ownership. What san_open and san_segment_... put into their last argument is the caller's, who hands it to san_close
 * and san_free, once. Every other pointer that a function returns or fills in belongs to the library, and its comment
 * says how long it is valid. What the caller passes in is copied; nothing of it is kept.
 *
 * Threads. Any thread may call any function, and any number of threads may use one segmenter at once; so may they
 * read one segmentation. san_close and san_free must be the last call with their argument. A process that forks must
 * open its segmenters after the fork.
 *
 * Errors. A function that can fail returns a status, and san_last_error() has the reason. Where a status is not
 * SAN_OK, what the last argument points to is left as it was. A null pointer is an error where a value is needed, and
 * san_close and san_free ignore it. Only a machine without memory left ends the process.
 *
 * Strings are UTF-8 and end in a zero byte.
 */
#ifndef SAN_H
#define SAN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the functions and structures below. It grows when a program built with an older header would no
 * longer work: such a program, and one that loads the library by hand, compares it with san_abi_version(). */
#define SAN_ABI_VERSION 1

/* How a call ended. */
enum {
  SAN_OK = 0,
  SAN_INVALID_ARGUMENT = 1, /* an argument is not what the function takes */
  SAN_CANNOT_READ = 2,      /* a file is missing or cannot be read */
  SAN_BAD_DATA = 3,         /* a picture or a model is damaged, or of a kind that is not read */
  SAN_FAILED = 4            /* anything else */
};

/* What pixels may be that are none of the classes. */
enum {
  SAN_BACKGROUND_NONE = 0,       /* nothing: every pixel gets the best class */
  SAN_BACKGROUND_DISTRACTORS = 1 /* COCO-Stuff's names compete; what they win is SAN_OTHER */
};

/* The label of a pixel that is none of the classes. */
#define SAN_OTHER UINT16_MAX

/* A loaded model, its classes and its threads. */
typedef struct san_segmenter san_segmenter;

/* What was found in one picture. */
typedef struct san_segmentation san_segmentation;

/* One class's part of a picture. */
typedef struct san_class {
  const char *name;  /* as given; valid until the segmentation is freed */
  uint64_t pixels;   /* that it won */
  double coverage;   /* pixels as a share of the picture, 0 to 1 */
  double mean_score; /* over its pixels, 0 where it won none; can exceed 1 */
  uint16_t label;    /* its place in the list of classes, or SAN_OTHER */
} san_class;

/* The library's SAN_ABI_VERSION. */
uint32_t san_abi_version(void);

/* Why this thread's last call that returned a status did not return SAN_OK, in one line; empty where it did. Valid
 * until this thread's next such call. Never null. */
const char *san_last_error(void);

/* Loads a model.
 *
 * model: a file, safetensors or a released .pth; null for the model that comes with the library.
 * threads: 1 to 1024; 0 for one a processor. */
int san_open(const char *model, int threads, san_segmenter **segmenter);

/* Frees a segmenter. Its segmentations stay. */
void san_close(san_segmenter *segmenter);

/* Names the classes: 1 to 65535, each once. A class's label is its place in the list, from 0. Costs a run of the text
 * encoder, and nothing where a picture is segmented. Where it fails, the classes before it stay.
 *
 * background: SAN_BACKGROUND_NONE or SAN_BACKGROUND_DISTRACTORS. */
int san_set_classes(san_segmenter *segmenter, const char *const *names, size_t count, int background);

/* Pixels whose best score is below threshold become SAN_OTHER; 0, the default, lets all pass. Finite, at least 0. */
int san_set_threshold(san_segmenter *segmenter, float threshold);

/* Segments a picture file (JPEG, PNG, GIF or BMP; WebP, HEIC, AVIF or TIFF where their libraries are), turned upright. */
int san_segment_file(san_segmenter *segmenter, const char *path, san_segmentation **segmentation);

/* Segments pixels: height rows of width red, green and blue bytes, the first row on top, each stride bytes after the
 * last. Sides are 1 to 65535, 268435456 pixels in all. */
int san_segment_pixels(san_segmenter *segmenter, const uint8_t *pixels, size_t width, size_t height, size_t stride,
                       san_segmentation **segmentation);

/* The picture's size in pixels; 0 for null. */
size_t san_width(const san_segmentation *segmentation);
size_t san_height(const san_segmentation *segmentation);

/* Copies the labels: height rows of width values without gaps.
 *
 * count: how many values labels has room for, width * height at least. */
int san_labels(const san_segmentation *segmentation, uint16_t *labels, size_t count);

/* How many classes san_class_at tells of: those given in their order, found or not, and "other" as the last where
 * distractors or a threshold may take pixels; 0 for null. */
size_t san_class_count(const san_segmentation *segmentation);

/* Fills in the part of the class at index, from 0. */
int san_class_at(const san_segmentation *segmentation, size_t index, san_class *found);

/* Frees a segmentation. */
void san_free(san_segmentation *segmentation);

#ifdef __cplusplus
}
#endif

#endif
