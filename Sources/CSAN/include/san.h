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
 * Ownership. An object that a function puts into its last argument is the caller's, who hands it to san_close, san_free or
 * the san_..._free of its kind, once, in any order: no object needs another to live. Every other pointer that a function
 * returns or fills in belongs to the library, and its comment says how long it is valid. What the caller passes in is
 * copied; nothing of it is kept.
 *
 * Threads. Any thread may call any function, and any number of threads may use one object at once. san_close, san_free and
 * san_..._free must be the last call with their argument. A process that forks must open its segmenters after the fork.
 *
 * Errors. A function that can fail returns a status, and san_last_error() has the reason. Where a status is not
 * SAN_OK, what the last argument points to is left as it was. A null pointer is an error where a value is needed, and
 * what frees ignores it. Only a machine without memory left ends the process.
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
 * longer work: such a program, and one that loads the library by hand, compares it with san_abi_version(). New functions
 * are added at the end and leave it as it is. */
#define SAN_ABI_VERSION 1

/* How a call ended. */
enum {
  SAN_OK = 0,
  SAN_INVALID_ARGUMENT = 1, /* an argument is not what the function takes */
  SAN_CANNOT_READ = 2,      /* a file is missing or cannot be read */
  SAN_BAD_DATA = 3,         /* a picture or a model is damaged, or of a kind that is not read */
  SAN_FAILED = 4,           /* anything else */
  SAN_CANCELLED = 5         /* san_control_cancel has ended the call */
};

/* What pixels may be that are none of the classes. */
enum {
  SAN_BACKGROUND_NONE = 0,        /* nothing: every pixel gets the best class */
  SAN_BACKGROUND_DISTRACTORS = 1, /* COCO-Stuff's names compete; what they win is SAN_OTHER */
  SAN_BACKGROUND_NAMES = 2        /* for san_vocabulary_new: the caller's names compete, likewise */
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

/* -- A picture encoded once and asked many times, and results in other forms -- */

/* A decoded picture. */
typedef struct san_image san_image;

/* Classes made ready for one model. */
typedef struct san_vocabulary san_vocabulary;

/* What the network has found in one picture, whatever the classes. */
typedef struct san_encoded san_encoded;

/* Outlines of the regions of one segmentation. */
typedef struct san_polygons san_polygons;

/* Lets one thread end what others are at. */
typedef struct san_control san_control;

/* A class that may have several names. */
typedef struct san_class_name {
  const char *title;           /* what results call it */
  const char *const *synonyms; /* the names that the model looks for; null where the title is the only one */
  size_t synonym_count;
} san_class_name;

/* How a class's names become one score. */
enum {
  SAN_SYNONYMS_BEST = 0, /* a mask counts for the name that it is nearest to */
  SAN_SYNONYMS_MEAN = 1  /* for the mean of the names */
};

/* Lists of a vocabulary. */
enum {
  SAN_NAMES_CLASSES = 0,    /* titles, in the order given */
  SAN_NAMES_BACKGROUND = 1, /* what competes with them: of distractors, those that are not near a class */
  SAN_NAMES_TRUNCATED = 2   /* names too long for the model, which has not read their ends */
};

/* What is kept beside labels; add up what is wanted. */
enum {
  SAN_SCORES = 1, /* for san_score_data: 4 bytes for each class at each pixel */
  SAN_DOUBT = 2   /* for san_doubt */
};

/* Mask proposals, on a grid that lies over the picture as the network saw it: resized, and padded at the right and below
 * to whole cells. Numbers are float32 in row-major order. */
typedef struct san_proposals {
  const float *masks;           /* [count, height, width]: logits, positive inside; valid until san_encoded_free */
  const float *embeddings;      /* [count, dimension]: of length 1, beside those of names; as long */
  size_t count;
  size_t height, width;         /* cells */
  size_t dimension;
  size_t padded_height, padded_width;   /* pixels under the grid */
  size_t resized_height, resized_width; /* pixels of these, from the top left, that are the picture */
} san_proposals;

/* One class's pixels as run lengths, and the box around them. */
typedef struct san_mask {
  const char *counts;           /* COCO's compressed run lengths, down the columns; valid until the segmentation is freed */
  uint64_t pixels;
  uint32_t x, y, width, height; /* in pixels from the top left; all 0 where there are no pixels */
} san_mask;

/* The outline of one region. */
typedef struct san_polygon {
  const int32_t *points; /* x, y of corner after corner, clockwise, in pixels; valid until san_polygons_free */
  size_t count;          /* corners: there are twice as many values */
  uint16_t label;
} san_polygon;

/* Loads a model, as san_open does.
 *
 * model: an installed model's name, as san-cli models lists them, or a file; null for the model that comes with the library.
 * precision: in what the network computes: "f32", or another that san-cli's --precision takes; null for "f32".
 * threads: 1 to 1024; 0 for one a processor. */
int san_open_model(const char *model, const char *precision, int threads, san_segmenter **segmenter);

/* The model's name; valid until the segmenter is closed. Null for null. */
const char *san_model_name(const san_segmenter *segmenter);

/* How many threads compute; 0 for null. */
int san_threads(const san_segmenter *segmenter);

/* Calls that are given a control end in SAN_CANCELLED soon after san_control_cancel, in the midst of their work or, where
 * it comes first, at once. A control that has been cancelled stays so. Where a function takes one, null is none. */
int san_control_new(san_control **control);
void san_control_cancel(san_control *control);
void san_control_free(san_control *control);

/* Reads a picture file, or its bytes, as san_segment_file does; name is what errors call them. Or takes pixels, as
 * san_segment_pixels does. */
int san_image_file(const char *path, san_image **image);
int san_image_bytes(const uint8_t *bytes, size_t count, const char *name, san_image **image);
int san_image_pixels(const uint8_t *pixels, size_t width, size_t height, size_t stride, san_image **image);

/* The picture's size in pixels, turned upright; 0 for null. */
size_t san_image_width(const san_image *image);
size_t san_image_height(const san_image *image);

/* Its pixels: height rows of width red, green and blue bytes without gaps, valid until it is freed. Null for null. */
const uint8_t *san_image_data(const san_image *image);

void san_image_free(san_image *image);

/* The sets of class names that come with the library, such as "coco-80", and the names of one of them in its data set's
 * order. Fills in both; they are valid as long as the library is loaded. */
int san_builtin_sets(const char *const **sets, size_t *count);
int san_builtin_classes(const char *set, const char *const **names, size_t *count);

/* Makes classes ready, for any number of pictures. A class's label is its place in the list, from 0.
 *
 * classes, count: 1 to 65535 names in all, each once.
 * synonyms: SAN_SYNONYMS_BEST or SAN_SYNONYMS_MEAN.
 * background: SAN_BACKGROUND_NONE, SAN_BACKGROUND_DISTRACTORS or SAN_BACKGROUND_NAMES.
 * names, name_count: what competes with the classes where background is SAN_BACKGROUND_NAMES, else null and 0. */
int san_vocabulary_new(san_segmenter *segmenter, const san_class_name *classes, size_t count, int synonyms,
                       int background, const char *const *names, size_t name_count, san_control *control,
                       san_vocabulary **vocabulary);

/* One of its lists: SAN_NAMES_CLASSES, SAN_NAMES_BACKGROUND or SAN_NAMES_TRUNCATED. Valid until it is freed. */
int san_vocabulary_names(const san_vocabulary *vocabulary, int list, const char *const **names, size_t *count);

void san_vocabulary_free(san_vocabulary *vocabulary);

/* Runs the network on a picture, which is most of the work of segmenting it.
 *
 * short_side: to which the picture's short side is resized, 1 to 65535 pixels; 0 for the model's own. */
int san_encode(san_segmenter *segmenter, const san_image *image, size_t short_side, san_control *control,
               san_encoded **encoded);

/* Fills in what was found. */
int san_encoded_proposals(const san_encoded *encoded, san_proposals *proposals);

void san_encoded_free(san_encoded *encoded);

/* Labels the pixels of an encoded picture, or of a picture. Classes and pictures of another model are refused.
 *
 * threshold: as for san_set_threshold, which does not count here.
 * outputs: SAN_SCORES, SAN_DOUBT, both or 0. */
int san_segment_encoded(san_segmenter *segmenter, const san_encoded *encoded, const san_vocabulary *vocabulary,
                        float threshold, unsigned outputs, san_control *control, san_segmentation **segmentation);
int san_segment_image(san_segmenter *segmenter, const san_image *image, const san_vocabulary *vocabulary,
                      size_t short_side, float threshold, unsigned outputs, san_control *control,
                      san_segmentation **segmentation);

/* The labels: height rows of width values without gaps, valid until the segmentation is freed. Null for null. */
const uint16_t *san_label_data(const san_segmentation *segmentation);

/* The scores, [classes, height, width] in row-major order, of the classes given: "other" has none. Valid until the
 * segmentation is freed. Null, and no class, where they were not asked for. */
const float *san_score_data(const san_segmentation *segmentation);
size_t san_score_class_count(const san_segmentation *segmentation);

/* How sure the labels are: by how much the score of the label that won is ahead of the next, in the mean, and the share of
 * pixels, 0 to 1, where that is less than 0.1. Both are NaN where it was not asked for, or where there is but one label. */
int san_doubt(const san_segmentation *segmentation, double *margin, double *unsure);

/* The colour of a label in every overlay, as 0xRRGGBB. */
uint32_t san_color(uint16_t label);

/* Draws the classes over the picture that was segmented, with their outlines.
 *
 * opacity: of their colours, 0 to 1; 0.5 is usual.
 * legend: 0 for none; else below the picture, which makes it higher, and wider where it is narrow. */
int san_overlay(const san_segmentation *segmentation, const san_image *image, double opacity, int legend,
                san_image **overlay);

/* Fills in the pixels of a class, by its label. */
int san_mask_of(const san_segmentation *segmentation, uint16_t label, san_mask *mask);

/* The outlines of all classes' regions, class by class, a class's regions in the order of their top left pixels. A region is
 * what hangs together by its pixels' sides. Corners lie between pixels, from 0 to the picture's width and height; a hole
 * is joined to the outline around it by a cut that is walked both ways.
 *
 * minimum_area: regions of fewer pixels are left out, and holes of fewer are filled; 0 for all.
 * tolerance: how far a corner may lie from the outline that leaves it out, in pixels; 0 for exactly the pixels. */
int san_polygons_new(const san_segmentation *segmentation, size_t minimum_area, double tolerance,
                     san_polygons **polygons);

/* How many there are; 0 for null. */
size_t san_polygon_count(const san_polygons *polygons);

/* Fills in the outline at index, from 0. */
int san_polygon_at(const san_polygons *polygons, size_t index, san_polygon *polygon);

void san_polygons_free(san_polygons *polygons);

#ifdef __cplusplus
}
#endif

#endif
