/* Segments a photo through libsan and writes its label map as a 16-bit PGM picture.
 *
 *     segment PHOTO LABELS.pgm CLASS...
 */
#include <san.h>
#include <stdio.h>
#include <stdlib.h>

/* A PGM file's samples are big-endian. */
static int write_pgm(const char *path, const uint16_t *labels, size_t width, size_t height) {
  FILE *file = fopen(path, "wb");
  if (file == NULL) return -1;
  fprintf(file, "P5\n%zu %zu\n65535\n", width, height);
  for (size_t i = 0; i < width * height; i++) {
    putc(labels[i] >> 8, file);
    putc(labels[i] & 255, file);
  }
  int failed = ferror(file);
  return fclose(file) != 0 || failed ? -1 : 0;
}

int main(int argc, char **argv) {
  san_segmenter *segmenter = NULL;
  san_segmentation *found = NULL;
  uint16_t *labels = NULL;
  int status = EXIT_FAILURE;

  if (argc < 4) {
    fprintf(stderr, "usage: segment PHOTO LABELS.pgm CLASS...\n");
    return EXIT_FAILURE;
  }
  if (san_abi_version() != SAN_ABI_VERSION) {
    fprintf(stderr, "this program was built with another version of libsan\n");
    return EXIT_FAILURE;
  }

  /* The model that comes with the library, on all processors. */
  if (san_open(NULL, 0, &segmenter) != SAN_OK ||
      san_set_classes(segmenter, (const char *const *)argv + 3, (size_t)argc - 3, SAN_BACKGROUND_NONE) != SAN_OK ||
      san_segment_file(segmenter, argv[1], &found) != SAN_OK) {
    fprintf(stderr, "%s\n", san_last_error());
    goto done;
  }

  for (size_t i = 0; i < san_class_count(found); i++) {
    san_class part;
    if (san_class_at(found, i, &part) != SAN_OK) break;
    printf("%-20s %5.1f %%  %.3f\n", part.name, 100 * part.coverage, part.mean_score);
  }

  size_t width = san_width(found), height = san_height(found);
  labels = malloc(width * height * sizeof *labels);
  if (labels == NULL || san_labels(found, labels, width * height) != SAN_OK ||
      write_pgm(argv[2], labels, width, height) != 0) {
    fprintf(stderr, "%s: cannot be written\n", argv[2]);
    goto done;
  }
  status = EXIT_SUCCESS;

done:
  free(labels);
  san_free(found);
  san_close(segmenter);
  return status;
}
