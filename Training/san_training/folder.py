"""Fine-tuning's samples: random crops of a folder of photos with masks."""
import random
from pathlib import Path

import numpy as np
from PIL import Image

from . import names, photos

# What may fill the pixels nobody annotated; competes with the classes there, and is nobody's target.
STUFF = ("sky", "grass", "tree", "wall", "floor", "ground", "road", "pavement", "building", "house", "water", "sea",
         "river", "sand", "beach", "snow", "mountain", "hill", "rock", "ceiling", "window", "door", "curtain", "carpet",
         "fence", "bush", "leaves", "flower", "dirt", "gravel", "table", "shelf", "cabinet", "stairs", "bridge", "railing",
         "cloud", "fog", "paper", "cloth", "mirror", "picture frame", "sign", "pole", "platform", "field", "forest")


class Folder:
    """A user's own folder: images/, labels/<stem>.png of class ids (0: unlabelled), classes.txt (`id<TAB>name`)."""

    def __init__(self, data, size):
        self.size = size
        table = names.classes(Path(data) / "classes.txt")
        self.names = list(dict.fromkeys(table.values()))
        self.lookup = np.full(256, -1, np.int32)
        for value, name in table.items():
            self.lookup[value] = self.names.index(name)
        self.photos = photos.labelled(data, "folder")
        if not self.photos:
            raise SystemExit(f"{data}: no image in images/ has its labels/<name>.png")

    def sample(self, seed):
        draw = random.Random(seed)
        photo = draw.choice(self.photos)
        h, w = photo.pixels.shape[:2]
        where = box(draw, w, h, photo.ids)
        pixels = Image.fromarray(photo.pixels).resize((self.size, self.size), Image.BILINEAR, box=where)
        ids = Image.fromarray(photo.ids).resize((self.size, self.size), Image.NEAREST, box=where)
        return finish(draw, np.array(pixels), self.lookup[np.asarray(ids)])


def finish(draw, pixels, columns):
    if draw.random() < 0.5:
        pixels, columns = pixels[:, ::-1], columns[:, ::-1]
    return np.ascontiguousarray(pixels), np.ascontiguousarray(columns)


def box(draw, width, height, ids):
    """A random crop (x0, y0, x1, y1): anywhere, or around one annotated class."""
    if draw.random() < 0.6:
        present = [i for i in np.unique(ids) if i != 0]
        if present:
            rows, columns = np.nonzero(ids == draw.choice(present))
            y0, y1, x0, x1 = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
            grow = draw.uniform(1.0, 2.0)
            w = max((x1 - x0) * grow, 48) * draw.uniform(0.9, 1.15)
            h = max((y1 - y0) * grow, 48) * draw.uniform(0.9, 1.15)
            side = max(w, h)
            w, h = min(width, (w + side) / 2), min(height, (h + side) / 2)
            cx = np.clip((x0 + x1) / 2 + draw.uniform(-0.15, 0.15) * w, w / 2, width - w / 2)
            cy = np.clip((y0 + y1) / 2 + draw.uniform(-0.15, 0.15) * h, h / 2, height - h / 2)
            return cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2
    area = width * height * draw.uniform(0.25, 1)
    ratio = np.exp(draw.uniform(-0.28, 0.28)) * (width / height) ** 0.5
    w, h = min(width, (area * ratio) ** 0.5), min(height, (area / ratio) ** 0.5)
    x, y = draw.uniform(0, width - w), draw.uniform(0, height - h)
    return x, y, x + w, y + h
