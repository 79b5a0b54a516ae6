"""Stage 3's samples: photos with masks, COCO regions copied from photo to photo, cut-outs pasted on photos."""
import random

import numpy as np
from PIL import Image

from . import photos
from .crops import box

# What may fill the pixels nobody annotated; competes with the classes there, and is nobody's target.
STUFF = ("sky", "grass", "tree", "wall", "floor", "ground", "road", "pavement", "building", "house", "water", "sea",
         "river", "sand", "beach", "snow", "mountain", "hill", "rock", "ceiling", "window", "door", "curtain", "carpet",
         "fence", "bush", "leaves", "flower", "dirt", "gravel", "table", "shelf", "cabinet", "stairs", "bridge", "railing",
         "cloud", "fog", "paper", "cloth", "mirror", "picture frame", "sign", "pole", "platform", "field", "forest")


class Scenes:
    """Draws (image u8 [S,S,3], columns i32 [S,S] with -1 unknown, source) from the data sets or a user's folder."""

    SHARES = {"coco": 0.6, "ccp": 0.1, "cutouts": 0.3}
    PERSONS = 0.1  # of `coco`: fashion photos with clothes, skin and hair as one `person`
    TOGETHER = 0.5  # share of samples that are four scenes

    def __init__(self, data, size):
        self.size = size
        self.vocabulary = photos.Vocabulary(data)
        self.names = self.vocabulary.names
        self.sources = ["coco", "ccp", "cutouts"]
        self.photos = {"coco": photos.coco(data), "ccp": photos.ccp(data), "cutouts": photos.cutouts(data)}
        self.pool = photos.backgrounds(data) + [p for p in photos.caltech(data) if p.name is None]
        self.allowed = [self.vocabulary.columns(source) for source in self.sources]
        self.lookup = {}
        for source in ("coco", "ccp"):
            table = np.full(256, -1, np.int32)
            for value in self.vocabulary.tables[source]:
                table[value] = self.vocabulary.of(source, value)
            self.lookup[source] = table

    def crop(self, draw, photo):
        """A labelled photo's random crop: pixels and columns."""
        h, w = photo.pixels.shape[:2]
        where = box(draw, w, h, photo.ids, photo.source)
        pixels = Image.fromarray(photo.pixels).resize((self.size, self.size), Image.BILINEAR, box=where)
        ids = Image.fromarray(photo.ids).resize((self.size, self.size), Image.NEAREST, box=where)
        return np.array(pixels), self.lookup[photo.source][np.asarray(ids)]

    def paste(self, draw, pixels, columns, piece, alpha, column):
        """Pastes an RGB piece with its alpha (both PIL) somewhere, at a random size."""
        scale = self.size * draw.uniform(0.25, 0.85) / max(piece.size)
        shape = (max(4, int(piece.width * scale)), max(4, int(piece.height * scale)))
        piece, alpha = piece.resize(shape, Image.BILINEAR), alpha.resize(shape, Image.BILINEAR)
        if draw.random() < 0.5:
            piece, alpha = piece.transpose(Image.FLIP_LEFT_RIGHT), alpha.transpose(Image.FLIP_LEFT_RIGHT)
        x, y = draw.randint(0, self.size - shape[0]), draw.randint(0, self.size - shape[1])
        a = np.asarray(alpha, np.float32)[..., None] / 255
        window = (slice(y, y + shape[1]), slice(x, x + shape[0]))
        pixels[window] = pixels[window] * (1 - a) + np.asarray(piece) * a + 0.5
        columns[window][a[..., 0] > 0.5] = column

    def region(self, draw):
        """One class's region of a COCO photo: piece, alpha, column; or None where it is too small."""
        photo = draw.choice(self.photos["coco"])
        present = [v for v in np.unique(photo.ids) if self.lookup["coco"][v] >= 0]
        if not present:
            return None
        value = draw.choice(present)
        mask = photo.ids == value
        rows, cols = np.nonzero(mask)
        y, x = slice(rows.min(), rows.max() + 1), slice(cols.min(), cols.max() + 1)
        if mask.sum() < 900:
            return None
        return (Image.fromarray(photo.pixels[y, x]), Image.fromarray(mask[y, x].astype(np.uint8) * 255),
                int(self.lookup["coco"][value]))

    def scene(self, draw, source):
        if source == "cutouts":
            base = draw.choice(self.pool).pixels
            where = box(draw, base.shape[1], base.shape[0], None, "any")
            pixels = np.array(Image.fromarray(base).resize((self.size, self.size), Image.BILINEAR, box=where))
            columns = np.full((self.size, self.size), -1, np.int32)
            for _ in range(draw.randint(1, 3)):
                photo = draw.choice(self.photos["cutouts"])
                piece = Image.fromarray(photo.pixels)
                self.paste(draw, pixels, columns, piece.convert("RGB"), piece.getchannel("A"),
                           self.vocabulary.index[photo.name])
        elif source == "coco" and draw.random() < self.PERSONS:
            pixels, columns = self.crop(draw, draw.choice(self.photos["ccp"]))
            columns = np.where(columns >= 0, self.vocabulary.index["person"], -1).astype(np.int32)
        else:
            pixels, columns = self.crop(draw, draw.choice(self.photos[source]))
            if source == "coco":
                for _ in range(draw.choice((0, 0, 1, 2))):
                    found = self.region(draw)
                    if found:
                        self.paste(draw, pixels, columns, *found)
        return pixels, columns

    def four(self, draw, source):
        """Four scenes that meet near the middle: in most photos one name for everything is nearly right, here never."""
        pixels = np.empty((self.size, self.size, 3), np.uint8)
        columns = np.empty((self.size, self.size), np.int32)
        y, x = (int(self.size * draw.uniform(0.35, 0.65)) for _ in range(2))
        for rows in (slice(0, y), slice(y, self.size)):
            for across in (slice(0, x), slice(x, self.size)):
                shape = (across.stop - across.start, rows.stop - rows.start)
                part, named = self.scene(draw, source)
                pixels[rows, across] = Image.fromarray(part).resize(shape, Image.BILINEAR)
                columns[rows, across] = Image.fromarray(named).resize(shape, Image.NEAREST)
        return pixels, columns

    def sample(self, seed):
        draw = random.Random(seed)
        source = draw.choices(self.sources, [self.SHARES[s] for s in self.sources])[0]
        made = self.four if draw.random() < self.TOGETHER else self.scene
        return finish(draw, *made(draw, source)) + (self.sources.index(source),)


class Folder:
    """A user's own folder: images/, labels/<stem>.png of class ids (0: unlabelled), classes.txt (`id<TAB>name`)."""

    def __init__(self, data, size):
        from pathlib import Path

        from . import names
        self.size = size
        table = names.classes(Path(data) / "classes.txt")
        self.names = list(dict.fromkeys(table.values()))
        self.lookup = np.full(256, -1, np.int32)
        for value, name in table.items():
            self.lookup[value] = self.names.index(name)
        self.photos = photos.labelled(data, "folder")
        if not self.photos:
            raise SystemExit(f"{data}: no image in images/ has its labels/<name>.png")
        self.sources, self.allowed = ["folder"], [list(range(len(self.names)))]

    def sample(self, seed):
        draw = random.Random(seed)
        photo = draw.choice(self.photos)
        h, w = photo.pixels.shape[:2]
        where = box(draw, w, h, photo.ids, "folder")
        pixels = Image.fromarray(photo.pixels).resize((self.size, self.size), Image.BILINEAR, box=where)
        ids = Image.fromarray(photo.ids).resize((self.size, self.size), Image.NEAREST, box=where)
        return finish(draw, np.array(pixels), self.lookup[np.asarray(ids)]) + (0,)


def finish(draw, pixels, columns):
    if draw.random() < 0.5:
        pixels, columns = pixels[:, ::-1], columns[:, ::-1]
    return np.ascontiguousarray(pixels), np.ascontiguousarray(columns)
