"""Makes the fixtures of exported masks with pycocotools, NumPy and Pillow.

    python make_export_fixtures.py FOLDER

Label maps are written as PNG (255 is "other"), and masks.json says of each of their classes what pycocotools makes of its
mask: compressed run lengths, area and box. Polygons are traced here, unit edge by unit edge, and kept only where pycocotools
draws exactly the mask from them. scores.npz is put together here record by record and read back with NumPy. Everything
is drawn from formulas.
"""

import json
import struct
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image
from pycocotools import mask as coco

OTHER = 255


def drawn(*rows):
    """A map written as digits; `.` is other."""
    return np.array([[OTHER if c == "." else int(c) for c in row] for row in rows], np.uint8)


def rings(side, step):
    """Squares in squares, one class and other in turn: holes with islands with holes."""
    y, x = np.mgrid[:side, :side]
    depth = np.minimum(np.minimum(x, y), np.minimum(side - 1 - x, side - 1 - y)) // step
    return np.where(depth % 2 == 0, 0, OTHER).astype(np.uint8)


def sieve(height, width):
    """A plate with a hole at every other place, so that each hole lies below another."""
    plate = np.zeros((height, width), np.uint8)
    plate[1:-1:2, 1:-1:2] = 1
    return plate


def noise(height, width, classes, seed):
    labels = np.random.default_rng(seed).integers(0, classes + 1, (height, width))
    return np.where(labels == classes, OTHER, labels).astype(np.uint8)


def waves(height, width):
    """Large smooth regions with holes, as of a photo."""
    y, x = np.mgrid[:height, :width].astype(float)
    field = np.sin(x / 37) + np.cos(y / 29) + 0.6 * np.sin((x + 2 * y) / 17)
    return np.digitize(field, [-1.2, -0.2, 0.5, 1.3]).astype(np.uint8)


MAPS = {
    "one": (drawn("0"), 2),
    "one_other": (drawn("."), 1),
    "row": (drawn("0011.10"), 3),
    "column": (drawn("0", "1", "1", ".", "0"), 2),
    "full": (np.full((5, 7), 1, np.uint8), 3),
    "corners": (drawn("0..0", ".00.", "0..0", ".0.0"), 1),
    "hole": (drawn("00000", "0.0.0", "00000", "0..10", "00000"), 2),
    "diagonal_holes": (drawn("000000", "0.0000", "00.000", "000.00", "000000", "00000."), 1),
    "open_hole": (drawn("00000", "0..00", "0.000", ".0000", "00000"), 1),
    "rings": (rings(29, 2), 1),
    "sieve": (sieve(41, 23), 2),
    "noise_2": (noise(31, 44, 1, 1), 1),
    "noise_4": (noise(50, 37, 3, 2), 4),
    "noise_tall": (noise(900, 3, 2, 3), 2),
    "blocks": (np.kron(noise(9, 13, 4, 4), np.ones((37, 23), np.uint8)), 5),
    "waves": (waves(480, 640), 5),
}


def components(mask):
    """4-connected parts, in the order of their first pixels."""
    rest = mask.copy()
    height, width = mask.shape
    for y, x in np.argwhere(mask):
        if not rest[y, x]:
            continue
        part, border = np.zeros_like(mask), [(y, x)]
        rest[y, x] = False
        while border:
            v, u = border.pop()
            part[v, u] = True
            for b, a in ((v - 1, u), (v + 1, u), (v, u - 1), (v, u + 1)):
                if 0 <= b < height and 0 <= a < width and rest[b, a]:
                    rest[b, a] = False
                    border.append((b, a))
        yield part


def loops(part):
    """Closed walks of unit steps, the part on the right; each a list of (x, y), the first the top left one."""
    padded = np.pad(part, 1)
    steps = {}
    for y, x in np.argwhere(part):
        for above, start, step in (
            ((0, -1), (x, y), (1, 0)),
            ((1, 0), (x + 1, y), (0, 1)),
            ((0, 1), (x + 1, y + 1), (-1, 0)),
            ((-1, 0), (x, y + 1), (0, -1)),
        ):
            if not padded[y + 1 + above[1], x + 1 + above[0]]:
                steps[(int(start[0]), int(start[1]), step)] = True
    while steps:
        x, y, (dx, dy) = first = next(iter(steps))
        walk = []
        while (x, y, (dx, dy)) in steps:
            del steps[x, y, (dx, dy)]
            walk.append((x, y))
            x, y = x + dx, y + dy
            # Right, straight on, left.
            for turn in ((-dy, dx), (dx, dy), (dy, -dx)):
                if (x, y, turn) in steps or (x, y, turn) == first:
                    dx, dy = turn
                    break
        start = min(range(len(walk)), key=lambda index: walk[index][::-1])
        yield walk[start:] + walk[:start]


def is_hole(walk):
    return sum(x * v - u * y for (x, y), (u, v) in zip(walk, walk[1:] + walk[:1])) < 0


def corners(walk, cuts):
    """The walk's corners as x, y in turn; at the start of a step with a cut, down to the hole, around it and back."""
    result = []
    for index, (x, y) in enumerate(walk):
        (a, b), (c, d) = walk[index - 1], walk[(index + 1) % len(walk)]
        if (x - a, y - b) != (c - x, d - y):
            result += [x, y]
        # The step's upper edge, walked to the right.
        if (c, d) == (x + 1, y) and (x, y) in cuts:
            hole = cuts[x, y]
            result += [x, y, *corners(hole, cuts), *hole[0], x, y]
    return result


def polygons(mask):
    result = []
    for part in components(mask):
        outline, cuts = None, {}
        for walk in loops(part):
            if not is_hole(walk):
                assert outline is None
                outline = walk
                continue
            x, y = walk[0]
            while y > 0 and part[y - 1, x]:
                y -= 1
            cuts[x, y] = walk
        result.append(corners(outline, cuts))
    return result


NAMES = ["cat", 'a "b", c\\d', "Ärger – 森 🐈", "line\nbreak\ttab", ""]


def npy(array):
    text = f"{{'descr': '{array.dtype.str}', 'fortran_order': False, 'shape': {array.shape!r}, }}"
    header = b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + text.encode().ljust(117) + b"\n"
    assert len(header) == 128
    return header + array.tobytes()


def npz(arrays):
    """Stored files with 64-bit sizes, as APPNOTE 4.3 and 4.5.3 lay them out."""
    file, directory = b"", b""
    for name, array in arrays.items():
        name, data, offset = f"{name}.npy".encode(), npy(array), len(file)
        most = 0xFFFFFFFF
        common = struct.pack("<5H3IH", 45, 0, 0, 0, 0x21, zlib.crc32(data), most, most, len(name))
        sizes = struct.pack("<QQ", len(data), len(data))
        file += b"PK\x03\x04" + common + struct.pack("<H", 20) + name + struct.pack("<HH", 1, 16) + sizes + data
        directory += b"PK\x01\x02" + struct.pack("<H", 45) + common + struct.pack("<HHHHII", 28, 0, 0, 0, 0, most)
        directory += name + struct.pack("<HH", 1, 24) + sizes + struct.pack("<Q", offset)
    count, start, end = len(arrays), len(file), len(file) + len(directory)
    file += directory
    file += b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, len(directory), start)
    file += b"PK\x06\x07" + struct.pack("<IQI", 0, end, 1)
    return file + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)


def write_scores(path):
    scores = (np.arange(5 * 7 * 11) % 97).reshape(5, 7, 11).astype("<f4") / 8 - 3
    path.write_bytes(npz({"scores": scores, "classes": np.array(NAMES)}))
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
    with np.load(path, allow_pickle=False) as arrays:
        assert sorted(arrays) == ["classes", "scores"]
        assert arrays["scores"].dtype == np.float32 and (arrays["scores"] == scores).all()
        assert arrays["classes"].tolist() == NAMES


def main():
    sys.setrecursionlimit(100_000)
    folder = Path(sys.argv[1])
    write_scores(folder / "scores.npz")
    maps = []
    for name, (labels, count) in MAPS.items():
        Image.fromarray(labels).save(folder / f"{name}.png", optimize=True)
        height, width = labels.shape
        classes = []
        for label in range(count):
            mask = np.asfortranarray(labels == label)
            code = coco.encode(mask.astype(np.uint8, order="F"))
            traced = polygons(mask)
            if traced:
                drawn_back = coco.merge(coco.frPyObjects(traced, height, width))
                assert drawn_back["counts"] == code["counts"], (name, label)
            entry = {
                "counts": code["counts"].decode(),
                "area": int(coco.area(code)),
                "box": [int(value) for value in coco.toBbox(code)],
            }
            if sum(map(len, traced)) < 4000:
                entry["polygons"] = traced
            else:  # the text without spaces, as a checksum
                text = json.dumps(traced, separators=(",", ":"))
                entry["polygons_crc32"] = zlib.crc32(text.encode())
            classes.append(entry)
        maps.append({"name": name, "width": width, "height": height, "classes": classes})
    (folder / "masks.json").write_text(json.dumps(maps, separators=(",", ":")) + "\n")


main()
