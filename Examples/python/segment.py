"""Segments a photo through libsan and writes its label map as a 16-bit PGM picture.

    segment.py PHOTO LABELS.pgm CLASS...
"""

import sys

import san


def main():
    if len(sys.argv) < 4:
        sys.exit("usage: segment.py PHOTO LABELS.pgm CLASS...")
    photo, output, *names = sys.argv[1:]
    try:
        with san.Segmenter() as segmenter:
            segmenter.set_classes(names, distractors=False)
            found = segmenter.segment(photo)
    except (san.SanError, OSError) as error:
        sys.exit(str(error))

    for part in found.classes:
        print(f"{part.name:20} {100 * part.coverage:5.1f} %  {part.mean_score:.3f}")
    labels = found.labels[:]
    if sys.byteorder == "little":
        labels.byteswap()  # a PGM file's samples are big-endian
    with open(output, "wb") as file:
        file.write(f"P5\n{found.width} {found.height}\n65535\n".encode())
        labels.tofile(file)


if __name__ == "__main__":
    main()
