"""Writes letters of fonts that a system may have as Pillow draws them, for the tests of the legend's letters.

    pip install pillow==13.0.0 numpy==2.4.6 && apt-get install fonts-wqy-microhei fonts-noto-cjk
    python make_system_font_samples.py ../../Tests/Fixtures/rendering/system_glyphs.json
"""
import json
import sys
from pathlib import Path

from make_font_samples import sample

TRUETYPE = "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"
CFF = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
# Font, its place in the file, letter, height of a small x of the legend's other letters, 1/256 pixels to the right.
CASES = [
    (TRUETYPE, 0, "猫", 7, 0), (TRUETYPE, 0, "森", 12, 64), (TRUETYPE, 0, "ね", 9, 128), (TRUETYPE, 1, "こ", 20, 0),
    (CFF, 0, "猫", 7, 0), (CFF, 0, "ね", 12, 64), (CFF, 1, "고", 9, 128), (CFF, 2, "森", 20, 32),
]


def main(target):
    samples = [
        {"path": path, "bytes": Path(path).stat().st_size, "face": face, **sample(path, *case, index=face)}
        for path, face, *case in CASES
    ]
    with open(target, "w", encoding="utf-8") as file:
        json.dump(samples, file, ensure_ascii=False)
        file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
