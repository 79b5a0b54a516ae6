"""Makes the fixtures of the formats that are read through libraries found at run time, and of GIF and BMP.

    python make_codec_fixtures.py FOLDER

Pictures are drawn from formulas, written with Pillow, pillow-heif and tifffile or byte by byte here, and read with Pillow.
FOLDER gets expected.json and expected.bin: of every picture the pixels as they are laid over white, and how opaque each is.
"""

import io
import json
import struct
import sys
from pathlib import Path

import numpy as np
import pillow_heif
import tifffile
from make_image_fixtures import exif, noise, over_white, scene
from PIL import Image, ImageOps

WIDTH, HEIGHT = 37, 23


class Fixtures:
    def __init__(self, folder):
        self.folder = folder
        self.pictures = []
        self.blob = bytearray()

    def store(self, data):
        self.blob += data
        return len(self.blob) - len(data)

    def add(self, name, data, pixels=None, alpha=None, near=None):
        """Stores a file. What is expected of it comes from Pillow unless `pixels` are given. `near`: how far another
        version of the library than Pillow's may be off, in levels."""
        (self.folder / name).write_bytes(data)
        if pixels is None:
            with Image.open(io.BytesIO(data)) as picture:
                pixels, alpha = over_white(ImageOps.exif_transpose(picture))
        height, width = pixels.shape[:2]
        entry = {"name": name, "width": width, "height": height, "rgb": self.store(pixels.tobytes())}
        if alpha is not None:
            entry["alpha"] = self.store(alpha.tobytes())
        if near is not None:
            entry["near"] = near
        self.pictures.append(entry)

    def save(self, name, picture, format=None, near=None, **options):
        buffer = io.BytesIO()
        picture.save(buffer, format or name.rsplit(".", 1)[1], **options)
        self.add(name, buffer.getvalue(), near=near)


def drawn():
    rgb = scene(WIDTH, HEIGHT)
    alpha = noise(WIDTH, HEIGHT, 1, 5)
    # All of it, half, and nothing, beside everything between.
    alpha[:5], alpha[5:10], alpha[10:15] = 255, 128, 0
    return rgb, np.concatenate([rgb, alpha], -1)


def webp(f):
    rgb, rgba = (Image.fromarray(a) for a in drawn())
    f.save("lossless.webp", rgb, lossless=True)
    f.save("lossless_alpha.webp", rgba, lossless=True, exact=True)
    f.save("lossy.webp", rgb, quality=70)
    f.save("lossy_alpha.webp", rgba, quality=70)
    for o in (3, 6):
        f.save(f"orientation{o}.webp", rgb, lossless=True, exif=exif(o, mark=o == 3))
    other = Image.fromarray(255 - np.asarray(rgb))
    f.save("animated.webp", rgb, save_all=True, append_images=[other], lossless=True)
    f.save("animated_alpha.webp", rgba, save_all=True, append_images=[rgb], lossless=True, exact=True)
    # A first picture smaller than the canvas, at (4, 6).
    inner = io.BytesIO()
    rgba.crop((4, 6, 20, 17)).save(inner, "webp", quality=80)
    data = inner.getvalue()
    at, parts = 12, b""
    while at + 8 <= len(data):
        size = struct.unpack("<I", data[at + 4 : at + 8])[0]
        if data[at : at + 4] in (b"ALPH", b"VP8 "):
            parts += data[at : at + 8 + size + size % 2]
        at += 8 + size + size % 2

    def three(*values):
        return b"".join(struct.pack("<I", v)[:3] for v in values)

    frame = three(2, 3, 15, 10, 100) + b"\x02" + parts
    body = b"VP8X" + struct.pack("<II", 10, 0x12) + three(WIDTH - 1, HEIGHT - 1)
    body += b"ANIM" + struct.pack("<IIH", 6, 0xFFFFFFFF, 0)
    body += b"ANMF" + struct.pack("<I", len(frame)) + frame
    f.add("animated_part.webp", b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body)


def tiff(f):
    rgb, rgba = drawn()
    wide = rgb.astype(np.uint16) << 8 | noise(WIDTH, HEIGHT, 3, 6)
    grey = np.ascontiguousarray(rgb[..., 1])

    def write(name, data, pixels=None, alpha=None, **options):
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, data, metadata=None, software=False, **options)
        f.add(name, buffer.getvalue(), pixels, alpha)

    def grey3(values):
        return np.repeat(values[..., None], 3, -1)

    for compression in (None, "lzw", "deflate", "packbits", "zstd"):
        write(f"{compression or 'plain'}.tif", rgb, photometric="rgb", compression=compression, rowsperstrip=5)
    write("predicted.tif", rgb, photometric="rgb", compression="lzw", predictor=True)
    write("tiled.tif", rgb, photometric="rgb", tile=(16, 16), compression="deflate")
    planes = np.ascontiguousarray(rgb.transpose(2, 0, 1))
    write("planar.tif", planes, rgb, photometric="rgb", planarconfig="separate", rowsperstrip=7)
    write(
        "planar_tiled.tif", planes, rgb, photometric="rgb", planarconfig="separate", tile=(16, 32), compression="lzw"
    )
    write("big_endian.tif", rgb, photometric="rgb", byteorder=">")
    write("big.tif", rgb, rgb, photometric="rgb", bigtiff=True)
    write("grey8.tif", grey, photometric="minisblack", compression="lzw")
    write("white_is_zero.tif", grey, photometric="miniswhite")
    write("bilevel.tif", grey > 127, photometric="minisblack")
    # Pillow clips 16-bit grey at 255; the high byte is what its 16-bit RGB does.
    write("grey16.tif", wide[..., 1], grey3((wide[..., 1] >> 8).astype(np.uint8)), photometric="minisblack")
    write("rgb16.tif", wide, (wide >> 8).astype(np.uint8), photometric="rgb")
    write("rgb16_big_endian.tif", wide, photometric="rgb", byteorder=">", compression="deflate")
    write("planar16.tif", wide.transpose(2, 0, 1).copy(), (wide >> 8).astype(np.uint8), photometric="rgb",
          planarconfig="separate")
    colors = (noise(256, 1, 3, 7).astype(np.uint16)[0] * 257).T
    write("palette.tif", grey, photometric="palette", colormap=colors)
    write("rgba.tif", rgba, photometric="rgb", extrasamples=["unassalpha"], compression="lzw")
    multiplied = rgba.copy()
    multiplied[..., :3] = (rgba[..., :3].astype(int) * rgba[..., 3:] + 127) // 255
    write("multiplied.tif", multiplied, photometric="rgb", extrasamples=["assocalpha"])
    rgba16 = rgba.astype(np.uint16) * 257
    paper, alpha = over_white(Image.fromarray(rgba))
    write("rgba16.tif", rgba16, paper, alpha, photometric="rgb", extrasamples=["unassalpha"])
    write("unspecified.tif", rgba, photometric="rgb", extrasamples=["unspecified"])
    inks = np.concatenate([rgb, noise(WIDTH, HEIGHT, 1, 9) // 4], -1)
    write("cmyk.tif", inks, photometric="separated")
    for o in range(2, 9):
        write(f"orientation{o}.tif", rgb, photometric="rgb", extratags=[(274, 3, 1, o, True)], compression="lzw")
    f.save("jpeg.tif", Image.fromarray(rgb), "tiff", compression="jpeg", quality=90)
    f.save("pages.tif", Image.fromarray(rgb), "tiff", save_all=True, append_images=[Image.fromarray(255 - rgb)])
    for bits in (2, 4):
        data = (grey >> (8 - bits)).astype(np.uint8)
        write(f"grey{bits}.tif", data, grey3((data.astype(int) * 255 // ((1 << bits) - 1)).astype(np.uint8)),
              photometric="minisblack", bitspersample=bits, compression="none")


def gif(f):
    rgb, _ = drawn()
    picture = Image.fromarray(rgb).quantize(61, dither=Image.Dither.NONE)
    f.save("plain.gif", picture, interlace=0)
    f.save("interlaced.gif", picture, interlace=1)
    f.save("transparent.gif", picture, transparency=7)
    f.save("grey.gif", Image.fromarray(rgb[..., 1]))
    f.save("two_colors.gif", Image.fromarray(rgb[..., 1]).convert("1"))
    other = Image.fromarray(255 - rgb).quantize(100)
    f.save("animated.gif", picture, save_all=True, append_images=[other])
    # Noise fills the table of codes, so that it is emptied; and every width of code is used.
    f.save("noise.gif", Image.fromarray(noise(160, 90, 1, 11)[..., 0]))
    # A picture smaller than its canvas: its size and place are in its descriptor.
    data = (f.folder / "transparent.gif").read_bytes()
    at = data.index(b"\x2c\0\0\0\0" + struct.pack("<HH", WIDTH, HEIGHT))
    moved = data[:6] + struct.pack("<HH", 45, 31) + data[10:at] + b"\x2c" + struct.pack("<HH", 5, 3) + data[at + 5 :]
    f.add("part.gif", moved)


def bmp(f):
    rgb, rgba = drawn()
    grey = rgb[..., 1]
    palette = noise(256, 1, 3, 7)[0]

    def rows(values, bits, top_down=False):
        out = b""
        for line in values if top_down else values[::-1]:
            if bits < 8:
                per = 8 // bits
                padded = np.zeros(-(-len(line) // per) * per, np.uint8)
                padded[: len(line)] = line
                shifts = (np.arange(per)[::-1] * bits).astype(np.uint8)
                data = (padded.reshape(-1, per) << shifts).sum(-1).astype(np.uint8).tobytes()
            else:
                data = np.ascontiguousarray(line).tobytes()
            out += data + bytes(-len(data) % 4)
        return out

    def file(bits, data, colors=0, compression=0, top_down=False, masks=b"", size=40, height=HEIGHT):
        table = b"".join(bytes(c[::-1]) + (b"" if size == 12 else b"\0") for c in palette[:colors])
        if size == 12:
            head = struct.pack("<IHHHH", 12, WIDTH, height, 1, bits)
        else:
            head = struct.pack(
                "<IiiHHIIiiII", size, WIDTH, -height if top_down else height, 1, bits, compression, len(data), 2835,
                2835, colors, 0,
            )
            head += masks
            if size > 40:
                head += bytes(size - len(head))
        start = 14 + len(head) + len(table)
        return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + head + table + data

    for bits in (1, 4, 8):
        values = (grey >> (8 - bits)).astype(np.uint8)
        f.add(f"palette{bits}.bmp", file(bits, rows(values, bits), 1 << bits))
    f.add("few_colors.bmp", file(8, rows(grey // 10, 8), 26))
    f.add("os2.bmp", file(8, rows(grey, 8), 256, size=12))
    f.add("rgb24.bmp", file(24, rows(rgb[..., ::-1], 24)))
    f.add("top_down.bmp", file(24, rows(rgb[..., ::-1], 24, True), top_down=True))
    f.add("os2_rgb.bmp", file(24, rows(rgb[..., ::-1], 24), size=12))
    f.add("rgb32.bmp", file(32, rows(rgba[..., [2, 1, 0, 3]], 32)))
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    f.add("alpha.bmp", file(32, rows(rgba[..., [2, 1, 0, 3]], 32), compression=3, masks=masks, size=124))
    r, g, b = (rgb[..., c].astype(np.uint16) for c in range(3))
    f.add("rgb555.bmp", file(16, rows(r >> 3 << 10 | g >> 3 << 5 | b >> 3, 16)))
    masks = struct.pack("<III", 0xF800, 0x7E0, 0x1F)
    f.add("rgb565.bmp", file(16, rows(r >> 3 << 11 | g >> 2 << 5 | b >> 3, 16), compression=3, masks=masks))

    def runs8(values):
        out = b""
        for y, line in enumerate(values[::-1]):
            x = 0
            while x < WIDTH:
                n = 1
                while x + n < WIDTH and line[x + n] == line[x] and n < 255:
                    n += 1
                if n == 1 and x + 3 <= WIDTH and y % 2:
                    out += bytes([0, 3, *line[x : x + 3], 0])
                    x += 3
                else:
                    out += bytes([n, line[x]])
                    x += n
            out += b"\0\0"
        return out + b"\0\x01"

    def runs4(values):
        out = b""
        for y, line in enumerate(values[::-1]):
            for x in range(0, WIDTH, 5):
                part = [int(v) for v in line[x : x + 5]]
                padded = part + [0] * (6 - len(part) + len(part) % 2)
                if y % 2 and len(part) == 5:
                    pairs = [padded[i] << 4 | padded[i + 1] for i in range(0, 6, 2)]
                    out += bytes([0, 5, *pairs, 0])
                else:
                    for v in part:
                        out += bytes([1, v << 4])
            out += b"\0\0"
        return out + b"\0\x01"

    f.add("runs8.bmp", file(8, runs8(grey // 10 * 10), 256, compression=1))
    f.add("runs4.bmp", file(4, runs4(grey >> 4), 16, compression=2))
    # Passes over pixels and rows, and ends early, which Pillow does not take.
    jumps = bytes([5, 9, 0, 2, 3, 2, 4, 7, 0, 0, 0, 2, 30, 0, 7, 3, 0, 1])
    numbers = np.zeros((HEIGHT, WIDTH), np.uint8)
    numbers[-1, :5], numbers[-3, 8:12], numbers[-4, 30:] = 9, 7, 3
    f.add("jumps.bmp", file(8, jumps, 256, compression=1), palette[numbers])


def heif(f):
    rgb, rgba = drawn()

    def write(name, array, near=None, **options):
        # libheif's least side is 16 pixels.
        mode = {np.dtype("uint8"): ("RGB", "RGBA"), np.dtype("uint16"): ("RGB;16", "RGBA;16")}[array.dtype]
        image = pillow_heif.from_bytes(mode[array.shape[2] - 3], (WIDTH, HEIGHT), array.tobytes())
        buffer = io.BytesIO()
        image.save(buffer, **options)
        f.add(name, buffer.getvalue(), near=near)

    exact = {"quality": -1, "chroma": 444, "matrix_coefficients": 0}
    write("lossless.heic", rgb, **exact)
    write("alpha.heic", rgba, **exact)
    write("chroma420.heic", rgb, near=1, quality=80, chroma=420)
    write("chroma444.heic", rgb, near=1, quality=80, chroma=444)
    write("ten_bits.heic", rgb.astype(np.uint16) * 257, near=1, quality=90, chroma=444)
    image = Image.fromarray(rgb)
    for o in (2, 6, 8):
        buffer = io.BytesIO()
        image.save(buffer, "heif", exif=exif(o), **exact)
        f.add(f"orientation{o}.heic", buffer.getvalue())


def avif(f):
    rgb, rgba = (Image.fromarray(a) for a in drawn())
    f.save("chroma444.avif", rgb, near=1, quality=90, subsampling="4:4:4", max_threads=1)
    # Colours of half the size are enlarged in two ways, by repeating (libheif) and in between (Pillow's libavif), so this
    # one has no edges.
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    smooth = np.stack([100 + 2 * x, 100 + 3 * y, 160 - x - y], -1).astype(np.uint8)
    f.save("chroma420.avif", Image.fromarray(smooth), near=4, quality=90, max_threads=1)
    f.save("alpha.avif", rgba, near=1, quality=90, subsampling="4:4:4", max_threads=1)
    f.save("grey.avif", rgb.convert("L"), quality=90, max_threads=1)
    for o in (2, 6, 8):
        f.save(f"orientation{o}.avif", rgb, near=1, quality=90, subsampling="4:4:4", exif=exif(o), max_threads=1)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    pillow_heif.register_heif_opener()
    f = Fixtures(folder)
    for kind in (webp, tiff, gif, bmp, heif, avif):
        kind(f)
    text = json.dumps({"pictures": f.pictures}, separators=(",", ":")).replace("},", "},\n") + "\n"
    (folder / "expected.json").write_text(text)
    (folder / "expected.bin").write_bytes(f.blob)


main()
