"""Writes letters as FreeType draws them, 32 times larger and averaged, for the tests of the legend's letters.

    pip install pillow==13.0.0 numpy==2.4.6 && apt-get install fonts-dejavu-core
    python make_font_samples.py /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ../../Tests/Fixtures/rendering/glyphs.json
"""
import json
import sys

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SCALE = 32
UNITS, X_HEIGHT = 2048, 1120  # of DejaVu Sans


def sample(source, letter, x_height, fraction, index=0):
    """Coverage of a window that reaches from 2 x-heights above the baseline to 1 below, the pen at column 4."""
    size = x_height / X_HEIGHT * UNITS * SCALE
    font = ImageFont.truetype(source, size, index=index, layout_engine=ImageFont.Layout.BASIC)
    width, height = 2 * x_height + 8, 3 * x_height
    large = Image.new("L", (width * SCALE, height * SCALE))
    pen = (4 + fraction / 256) * SCALE
    ImageDraw.Draw(large).text((pen, 2 * x_height * SCALE), letter, fill=255, font=font, anchor="ls")
    mean = np.asarray(large, np.float64).reshape(height, SCALE, width, SCALE).mean((1, 3))
    return {
        "letter": letter, "xHeight": x_height, "fraction": fraction, "width": width, "height": height,
        "coverage": np.rint(mean).astype(int).flatten().tolist(),
    }


def main(source, target):
    cases = [("g", 7, 0), ("Å", 8, 64), ("ж", 9, 128), ("%", 7, 192), ("ß", 12, 32), ("ő", 7, 8), ("\ue000", 10, 0)]
    with open(target, "w", encoding="utf-8") as file:
        json.dump([sample(source, *case) for case in cases], file, ensure_ascii=False)
        file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
