"""Writes the outlines of the legend's letters: DejaVu Sans, the scripts whose letters need no shaping.

    pip install fonttools==4.68.0 && apt-get install fonts-dejavu-core
    python make_font.py /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ../../Weights/Resources/fonts/dejavu-sans.outlines

The file's layout is stated in Weights/Resources/fonts/README.md.
"""
import struct
import sys

from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.ttLib import TTFont

BLOCKS = [
    (0x20, 0x7E), (0xA0, 0x24F),  # Latin: Basic, Latin-1, Extended-A and -B
    (0x370, 0x3FF), (0x400, 0x52F),  # Greek, Cyrillic
    (0x1E00, 0x1EFF),  # Latin Extended Additional: Vietnamese
    (0x2010, 0x203A), (0x2070, 0x209C), (0x20AC, 0x20AC), (0x2116, 0x2122),  # punctuation, small digits, signs
    (0x2153, 0x215E), (0x2190, 0x2195), (0x2212, 0x2212), (0x2260, 0x2265),  # fractions, arrows, operators
]


def contours(glyphs, name):
    """Closed contours of a glyph, composites resolved: (x, y, whether on the curve), in font units."""
    pen = DecomposingRecordingPen(glyphs)
    glyphs[name].draw(pen)
    found = []
    for operator, points in pen.value:
        if operator == "moveTo":
            found.append([(*points[0], True)])
        elif operator == "lineTo":
            found[-1].append((*points[0], True))
        elif operator == "qCurveTo" and points[-1] is None:  # a contour without a point on the curve
            found.append([(x, y, False) for x, y in points[:-1]])
        elif operator == "qCurveTo":
            found[-1] += [(x, y, False) for x, y in points[:-1]] + [(*points[-1], True)]
    for contour in found:
        if len(contour) > 1 and contour[0] == contour[-1]:
            contour.pop()
    return [contour for contour in found if len(contour) > 2]


def main(source, target):
    font = TTFont(source)
    glyphs, names = font.getGlyphSet(), font.getBestCmap()
    codes = [code for first, last in BLOCKS for code in range(first, last + 1) if code in names]
    # Code 0 is the font's hollow box, which stands for all that is not in the file.
    entries = [(0, ".notdef")] + [(code, names[code]) for code in codes]
    records = b""
    for code, name in entries:
        shapes = contours(glyphs, name)
        records += struct.pack("<HHH", code, glyphs[name].width, len(shapes))
        for shape in shapes:
            records += struct.pack("<H", len(shape))
            for x, y, on_curve in shape:
                records += struct.pack("<hh", 2 * round(x) + on_curve, round(y))
    x_height, capital_height = (font["glyf"][names[ord(letter)]].yMax for letter in "xH")
    header = struct.pack(
        "<8sHHHHHH", b"OUTLINES", font["head"].unitsPerEm, x_height, capital_height, font["hhea"].ascent,
        -font["hhea"].descent, len(entries))
    with open(target, "wb") as file:
        file.write(header + records)
    print(f"{len(entries)} glyphs, {len(header + records)} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
