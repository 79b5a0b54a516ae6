"""Makes the picture fixtures of the tests with Pillow, NumPy and zlib.

    python make_image_fixtures.py FOLDER

FOLDER/README.md says what each file is for. Everything is drawn here from formulas; nothing is downloaded.
"""

import json
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

FILTERS = {"bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}

# Source sizes and the sizes each is resized to: up, down, one axis only, odd, extreme.
RESIZES = {
    (1, 1): [(1, 1), (5, 7), (64, 64)],
    (2, 3): [(1, 1), (33, 47), (3, 2)],
    (33, 47): [(16, 16), (33, 20), (20, 47), (34, 48), (71, 101), (1, 1), (7, 200)],
    (61, 40): [(60, 39), (61, 1), (1, 40), (90, 13)],
    (300, 2): [(40, 1), (301, 3), (17, 9)],
    (2, 300): [(1, 40), (3, 301), (9, 17)],
    (257, 129): [(100, 50), (32, 16), (9, 5), (258, 130)],
    (97, 83): [(640, 547)],
    (1500, 1200): [(640, 512)],
    (3000, 2): [(2560, 1)],
    (1030, 770): [(3, 2)],
    (2, 700): [(700, 2)],
    (9000, 3): [(5, 3)],
}

# Results of more bytes than this are told by their checksum alone.
MOST_STORED = 16_000


def noise(width, height, channels, seed):
    """Uniform bytes of a small generator that other languages can follow: x ← 1664525·x + 1013904223."""
    values = np.empty(width * height * channels, dtype=np.uint8)
    state = seed
    for i in range(values.size):
        state = (1664525 * state + 1013904223) & 0xFFFFFFFF
        values[i] = state >> 24
    return values.reshape(height, width, channels)


def scene(width, height):
    """A smooth coloured picture with edges, different in every corner."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    red = 255 * x / max(width - 1, 1)
    green = 255 * y / max(height - 1, 1)
    blue = 127 + 120 * np.sin(x / 3.7) * np.cos(y / 5.3)
    picture = np.stack([red, green, blue], axis=-1)
    picture[(x - width * 0.3) ** 2 + (y - height * 0.4) ** 2 < (min(width, height) * 0.2) ** 2] = (
        250,
        30,
        60,
    )
    picture[: height // 5, : width // 4] = (20, 220, 240)
    return np.clip(picture, 0, 255).astype(np.uint8)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


# Adam7: first column, first row, column step, row step.
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def png(samples, depth, color, interlaced=False, extra=b"", after=b"", filters=True):
    """Encodes `[height, width, channels]` samples of any depth and colour; the five filters take turns."""
    height, width, channels = samples.shape

    def packed(rows):
        rows = rows.reshape(rows.shape[0], -1)
        if depth == 16:
            return rows.astype(">u2").tobytes(), 2 * rows.shape[1]
        if depth == 8:
            return rows.astype(np.uint8).tobytes(), rows.shape[1]
        per_byte = 8 // depth
        padded = np.zeros((rows.shape[0], -(-rows.shape[1] // per_byte) * per_byte), dtype=np.uint8)
        padded[:, : rows.shape[1]] = rows
        shifts = np.arange(per_byte)[::-1] * depth
        joined = (padded.reshape(rows.shape[0], -1, per_byte) << shifts).sum(-1).astype(np.uint8)
        return joined.tobytes(), joined.shape[1]

    def filtered(rows):
        data, stride = packed(rows)
        unit = max(1, channels * depth // 8)
        out, above = bytearray(), bytes(stride)
        for y in range(len(data) // stride if stride else 0):
            line = data[y * stride : (y + 1) * stride]
            kind = y % 5 if filters else 0
            out.append(kind)
            for i, value in enumerate(line):
                a = line[i - unit] if i >= unit else 0
                b = above[i]
                c = above[i - unit] if i >= unit else 0
                p = a + b - c
                nearest = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
                guess = (0, a, b, (a + b) // 2, nearest)[kind]
                out.append((value - guess) & 255)
            above = line
        return bytes(out)

    if interlaced:
        parts = (samples[y0::dy, x0::dx] for x0, y0, dx, dy in PASSES)
        data = b"".join(filtered(part) for part in parts if part.size)
    else:
        data = filtered(samples)
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", zlib.compress(data, 9))
        + after
        + chunk(b"IEND", b"")
    )


def exif(orientation, order="little", kind=3, mark=True):
    """A TIFF block with a maker's entry and the orientation."""
    sign = "<" if order == "little" else ">"
    head = b"II*\0" if order == "little" else b"MM\0*"
    value = struct.pack(
        sign + ("HH" if kind == 3 else "I"), *((orientation, 0) if kind == 3 else (orientation,))
    )
    directory = struct.pack(sign + "H", 2)
    directory += struct.pack(sign + "HHI", 0x0100, 3, 1) + struct.pack(sign + "HH", 7, 0)
    directory += struct.pack(sign + "HHI", 0x0112, kind, 1) + value + struct.pack(sign + "I", 0)
    return (b"Exif\0\0" if mark else b"") + head + struct.pack(sign + "I", 8) + directory


def over_white(picture):
    """What a picture shows on white paper, and its alpha, or None where it is opaque."""
    if not picture.has_transparency_data:
        return np.asarray(picture.convert("RGB")), None
    rgba = picture.convert("RGBA")
    paper = Image.new("RGB", rgba.size, "white")
    paper.paste(rgba, mask=rgba.getchannel("A"))
    alpha = np.asarray(rgba.getchannel("A"))
    return np.asarray(paper), alpha if alpha.min() < 255 else None


class Fixtures:
    def __init__(self, folder):
        self.folder = folder
        self.pictures = []
        self.blob = bytearray()

    def store(self, data):
        """Appends to expected.bin; returns where."""
        self.blob += data
        return len(self.blob) - len(data)

    def add(self, name, data, rgb=None, labels=None):
        """Stores a file; its pixels come from Pillow unless `rgb` is given."""
        (self.folder / name).write_bytes(data)
        alpha = None
        if rgb is None:
            with Image.open(self.folder / name) as picture:
                rgb, alpha = over_white(ImageOps.exif_transpose(picture))
        entry = {
            "name": name,
            "width": rgb.shape[1],
            "height": rgb.shape[0],
            "rgb": self.store(rgb.tobytes()),
        }
        if alpha is not None:
            entry["alpha"] = self.store(alpha.tobytes())
        if labels is not None:
            entry["labels"] = self.store(labels.astype("<u2").tobytes())
        self.pictures.append(entry)


def png_kinds(f):
    picture = scene(37, 23)
    grey = picture[..., 1:2]
    alpha = noise(37, 23, 1, 5)
    wide = picture.astype(np.uint16) << 8 | noise(37, 23, 3, 6)
    palette = noise(16, 1, 3, 7)
    for interlaced in (False, True):
        tail = "_interlaced" if interlaced else ""
        for depth in (1, 2, 4, 8, 16):
            values = (
                (grey.astype(np.uint16) << 8 | noise(37, 23, 1, 8)) if depth == 16 else grey >> (8 - depth)
            )
            data = png(values, depth, 0, interlaced)
            # Pillow clips 16-bit grey at 255; the high byte is what its 16-bit RGB does.
            rgb = np.repeat((values >> 8).astype(np.uint8), 3, axis=-1) if depth == 16 else None
            f.add(f"grey{depth}{tail}.png", data, rgb, labels=values[..., 0])
        for depth in (1, 2, 4, 8):
            values = (grey >> 4) % min(16, 1 << depth)
            plte = chunk(b"PLTE", palette[0, : min(16, 1 << depth)].tobytes())
            data = png(values, depth, 3, interlaced, plte)
            f.add(f"palette{depth}{tail}.png", data, labels=values[..., 0])
        f.add(f"rgb8{tail}.png", png(picture, 8, 2, interlaced))
        f.add(f"rgb16{tail}.png", png(wide, 16, 2, interlaced))
        f.add(f"rgba8{tail}.png", png(np.concatenate([picture, alpha], -1), 8, 6, interlaced))
        f.add(
            f"rgba16{tail}.png",
            png(np.concatenate([wide, alpha.astype(np.uint16) << 8], -1), 16, 6, interlaced),
        )
        f.add(f"grey_alpha8{tail}.png", png(np.concatenate([grey, alpha], -1), 8, 4, interlaced))
        f.add(
            f"grey_alpha16{tail}.png",
            png(np.concatenate([grey, alpha], -1).astype(np.uint16) * 257, 16, 4, interlaced),
        )
    plte = chunk(b"PLTE", palette.tobytes())
    f.add(
        "palette8_transparent.png",
        png((grey >> 4), 8, 3, extra=plte + chunk(b"tRNS", bytes(range(0, 160, 10)))),
    )
    f.add("rgb8_transparent.png", png(picture, 8, 2, extra=chunk(b"tRNS", struct.pack(">HHH", 20, 220, 240))))
    f.add("grey8_transparent.png", png(grey, 8, 0, extra=chunk(b"tRNS", struct.pack(">H", 220))))
    f.add("rgb8_gamma.png", png(picture, 8, 2, extra=chunk(b"gAMA", struct.pack(">I", 100000))))
    f.add("one_pixel.png", png(picture[:1, :1], 8, 2))


def orientations(f):
    picture = scene(37, 23)
    for o in range(1, 9):
        order = "little" if o % 2 else "big"
        Image.fromarray(picture).save(f.folder / "base.jpg", quality=90, exif=exif(o, order))
        f.add(f"orientation{o}.jpg", (f.folder / "base.jpg").read_bytes())
        (f.folder / "base.jpg").unlink()
        note = chunk(b"eXIf", exif(o, order, mark=False))
        # Before the pixels, and after.
        place = {"extra": note} if o % 2 else {"after": note}
        f.add(f"orientation{o}.png", png(picture, 8, 2, interlaced=o in (3, 6), **place))


def jpeg_kinds(f):
    picture = Image.fromarray(scene(61, 43))

    def save(name, source, **options):
        source.save(f.folder / name, **options)
        f.add(name, (f.folder / name).read_bytes())

    save("baseline420.jpg", picture, quality=85, subsampling=2)
    save("baseline422.jpg", picture, quality=85, subsampling=1)
    save("baseline444.jpg", picture, quality=85, subsampling=0)
    save("progressive.jpg", picture, quality=75, progressive=True)
    save("optimized_restarts.jpg", picture, quality=60, optimize=True, restart_marker_blocks=4)
    save("grey.jpg", picture.convert("L"), quality=85)
    save("grey_progressive.jpg", picture.convert("L"), quality=85, progressive=True)
    save("rgb_inside.jpg", picture, quality=85, keep_rgb=True)
    inks = np.concatenate([scene(61, 43), noise(61, 43, 1, 9) // 4], -1)
    planes = [Image.fromarray(np.ascontiguousarray(inks[..., c])) for c in range(4)]
    save("cmyk.jpg", Image.merge("CMYK", planes), quality=90)
    save("one_pixel.jpg", picture.crop((3, 3, 4, 4)), quality=90)
    # YCCK: the CMYK file's Adobe mark says that the first three inks are YCbCr.
    data = (f.folder / "cmyk.jpg").read_bytes()
    at = data.index(b"Adobe") + 11
    f.add("ycck.jpg", data[:at] + b"\x02" + data[at + 1 :])


def resizes(f):
    cases = []
    for number, ((w, h), targets) in enumerate(RESIZES.items()):
        seed = 100 + number
        source = Image.fromarray(noise(w, h, 3, seed))
        for tw, th in targets:
            for name, kind in FILTERS.items():
                # Columns first, as every Pillow up to 12.0 does, the model's reference included. Later ones
                # begin with the rows for some sizes, which moves some values by one or two.
                data = np.asarray(source.resize((tw, h), kind).resize((tw, th), kind)).tobytes()
                case = {
                    "seed": seed,
                    "from": [w, h],
                    "to": [tw, th],
                    "filter": name,
                    "crc32": zlib.crc32(data),
                }
                if len(data) <= MOST_STORED:
                    case["offset"] = f.store(data)
                cases.append(case)
    return cases


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    f = Fixtures(folder)
    png_kinds(f)
    orientations(f)
    jpeg_kinds(f)
    index = {"pictures": f.pictures, "resizes": resizes(f)}
    (folder / "expected.json").write_text(
        json.dumps(index, separators=(",", ":")).replace("},", "},\n") + "\n"
    )
    (folder / "expected.bin").write_bytes(f.blob)


if __name__ == "__main__":
    main()
