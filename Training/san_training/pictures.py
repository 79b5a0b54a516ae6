"""Training pictures of the labelled sets: crops at several scales, four scenes in one, things pasted in."""
import random
from pathlib import Path

import numpy as np
from PIL import Image

from . import photos
from .vocabulary import Vocabulary

# How often a picture is drawn from a set, and how many photos hold a name before it counts as common.
SHARES = {"coco": 0.40, "voc12": 0.22, "homes": 0.12, "backgrounds": 0.05, "caltech": 0.07, "facades": 0.04,
          "corridor": 0.02, "lums_road": 0.02, "caltech_masks": 0.01, "ccp": 0.05}
MOSAICS, PASTED = 0.2, 0.2  # shares of pictures that are four scenes, or have something pasted in
UNKNOWN = -1


def listed(data):
    """Data set -> its photos with labels; of COCO those of the training split, with their whole labels where there are."""
    data = Path(data)
    found = {}
    whole = data / "coco_train2017_mini" / "labels_all"
    found["coco"] = photos.coco(data)
    for photo in found["coco"]:
        if (whole / photo.label.name).exists():
            photo.label = whole / photo.label.name
    for source in ("voc12", "homes", "facades", "corridor", "lums_road", "caltech_masks", "ccp"):
        found[source] = photos.labelled(data / source, source)
    by_stem = {path.stem: path for path in (data / "backgrounds").iterdir()}
    found["backgrounds"] = [photos.Photo(by_stem[label.stem], "backgrounds", label)
                            for label in sorted((data / "backgrounds_labels").iterdir())]
    found["caltech"] = []
    for label in sorted((data / "caltech101_labels").iterdir()):
        folder, stem = label.stem.split("__", 1)
        found["caltech"].append(photos.Photo(data / "caltech101" / folder / f"{stem}.jpg", "caltech", label))
    return found


class Pictures:
    """Draws (pixels u8 [S,S,3], columns i16 [S/4,S/4], UNKNOWN where nothing is known) by a seed."""

    def __init__(self, data, size):
        self.size = size
        self.vocabulary = Vocabulary(data)
        self.photos = listed(data)
        self.cutouts = photos.cutouts(data)
        self.lookup = {}
        for source, table in self.vocabulary.table.items():
            self.lookup[source] = np.full(256, UNKNOWN, np.int16)
            self.lookup[source][list(table)] = list(table.values())
        present = {s: [self.names_in(p) for p in group] for s, group in self.photos.items()}
        counts = np.zeros(len(self.vocabulary.names))
        for group in present.values():
            for columns in group:
                counts[columns] += 1
        # A photo is drawn by its rarest name.
        self.weights = {s: [1 / np.sqrt(counts[columns].min()) if len(columns) else 0 for columns in group]
                        for s, group in present.items()}
        self.things = [(p, column) for s in ("coco", "caltech") for p, columns in zip(self.photos[s], present[s])
                       for column in columns if column in self.vocabulary.pasteable]

    def names_in(self, photo):
        with Image.open(photo.label) as image:
            counts = np.bincount(np.asarray(image).flatten(), minlength=256)
        ids = np.flatnonzero(counts > 0.004 * counts.sum())
        columns = self.lookup[photo.source][ids]
        return np.unique(columns[columns >= 0])

    def columns(self, draw, photo):
        columns = self.lookup[photo.source][photo.ids]
        if photo.source == "ccp" and draw.random() < 0.5:
            columns = np.where(columns >= 0, self.vocabulary.person, UNKNOWN).astype(np.int16)
        return columns

    def choose(self, draw):
        source = draw.choices(list(SHARES), list(SHARES.values()))[0]
        photo = draw.choices(self.photos[source], self.weights[source])[0]
        return photos.Photo(photo.path, photo.source, photo.label)  # nothing is kept in memory

    def crop(self, draw, photo, shape, least):
        """A window of the photo, `least` to 1 of its short side, at `shape` (height, width) pixels: pixels and columns at
        a quarter of them."""
        h, w = photo.pixels.shape[:2]
        side = min(h, w) * (1 - (1 - least) * draw.random() ** 2)
        aspect = draw.uniform(0.9, 1.1) * (shape[1] / shape[0]) ** 0.5
        high, wide = min(h, side / aspect), min(w, side * aspect)
        x, y = draw.uniform(0, w - wide), draw.uniform(0, h - high)
        where = (x, y, x + wide, y + high)
        pixels = Image.fromarray(photo.pixels).resize(shape[::-1], Image.BICUBIC, box=where)
        columns = Image.fromarray(self.columns(draw, photo).astype(np.int32)).resize(
            (shape[1] // 4, shape[0] // 4), Image.NEAREST, box=where)
        pixels, columns = np.array(pixels), np.array(columns).astype(np.int16)
        return (pixels[:, ::-1], columns[:, ::-1]) if draw.random() < 0.5 else (pixels, columns)

    def scene(self, draw):
        return self.crop(draw, self.choose(draw), (self.size, self.size), 0.45)

    def mosaic(self, draw):
        """Four scenes that meet near the middle."""
        y, x = (int(self.size * draw.uniform(0.35, 0.65)) // 4 * 4 for _ in range(2))
        pixels = np.empty((self.size, self.size, 3), np.uint8)
        columns = np.empty((self.size // 4, self.size // 4), np.int16)
        for top, bottom in ((0, y), (y, self.size)):
            for left, right in ((0, x), (x, self.size)):
                part, named = self.crop(draw, self.choose(draw), (bottom - top, right - left), 0.6)
                pixels[top:bottom, left:right] = part
                columns[top // 4:bottom // 4, left // 4:right // 4] = named
        return pixels, columns

    def thing(self, draw):
        """Something to paste: an RGB piece, its alpha (both PIL) and its column."""
        if draw.random() < 0.5:
            photo = draw.choice(self.cutouts)
            with Image.open(photo.path) as image:
                piece = image.convert("RGBA")
            return piece.convert("RGB"), piece.getchannel("A"), self.vocabulary.index[photo.name]
        photo, column = draw.choice(self.things)
        photo = photos.Photo(photo.path, photo.source, photo.label)
        mask = self.lookup[photo.source][photo.ids] == column
        rows, cols = np.nonzero(mask)
        y, x = slice(rows.min(), rows.max() + 1), slice(cols.min(), cols.max() + 1)
        return Image.fromarray(photo.pixels[y, x]), Image.fromarray(mask[y, x].astype(np.uint8) * 255), int(column)

    def pasted(self, draw):
        pixels, columns = (np.ascontiguousarray(x) for x in self.scene(draw))
        for _ in range(draw.randint(1, 3)):
            piece, alpha, column = self.thing(draw)
            scale = self.size * draw.uniform(0.15, 0.7) / max(piece.size)
            shape = (max(8, int(piece.width * scale)), max(8, int(piece.height * scale)))
            piece, alpha = piece.resize(shape, Image.BICUBIC), alpha.resize(shape, Image.BILINEAR)
            if draw.random() < 0.5:
                piece, alpha = piece.transpose(Image.FLIP_LEFT_RIGHT), alpha.transpose(Image.FLIP_LEFT_RIGHT)
            x, y = draw.randint(0, self.size - shape[0]), draw.randint(0, self.size - shape[1])
            layer = Image.fromarray(pixels)
            layer.paste(piece, (x, y), alpha)
            pixels = np.array(layer)
            whole = Image.new("L", (self.size, self.size))
            whole.paste(alpha, (x, y))
            columns[np.asarray(whole)[2::4, 2::4] > 127] = column
        return pixels, columns

    def sample(self, seed):
        draw = random.Random(seed)
        kind = draw.random()
        made = self.mosaic if kind < MOSAICS else self.pasted if kind < MOSAICS + PASTED else self.scene
        pixels, columns = made(draw)
        return np.ascontiguousarray(pixels), np.ascontiguousarray(columns)
