"""The data folder as lists of photos, and what is held out of it."""
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from . import names

LISTS = Path(__file__).resolve().parents[1]
SPLITS = ("train", "validation", "heldout")


@dataclass
class Photo:
    path: Path
    source: str
    label: Path | None = None  # a PNG of class ids
    name: str | None = None  # one name for the whole photo, or for a cut-out

    @cached_property
    def pixels(self):
        """uint8 [H,W,3], or [H,W,4] for a cut-out."""
        with Image.open(self.path) as image:
            image = ImageOps.exif_transpose(image)
            return np.asarray(image.convert("RGBA" if self.source == "cutouts" else "RGB"))

    @cached_property
    def ids(self):
        """uint8 [H,W] of class ids; 0 is none. At the photo's size."""
        with Image.open(self.label) as image:
            ids = np.asarray(image)
        if ids.shape != self.pixels.shape[:2]:
            ids = np.asarray(Image.fromarray(ids).resize(self.pixels.shape[1::-1], Image.NEAREST))
        return ids


def listed(split):
    """The stems of `heldout.txt` (scored at the end) or `validation.txt` (to choose by); neither is trained on."""
    return set((LISTS / f"{split}.txt").read_text().split())


def labelled(folder, source, keep=lambda stem: True):
    """Photos of `images/` with their `labels/<stem>.png`."""
    folder = Path(folder)
    paths = sorted((folder / "images").iterdir())
    photos = [Photo(p, source, folder / "labels" / (p.stem + ".png")) for p in paths if keep(p.stem)]
    return [photo for photo in photos if photo.label.exists()]


def coco(data, split="train"):
    kept_back = {name: listed(name) for name in SPLITS[1:]}
    wanted = kept_back.get(split)
    keep = (lambda stem: stem in wanted) if wanted else (
        lambda stem: not any(stem in stems for stems in kept_back.values()))
    return labelled(Path(data) / "coco_train2017_mini", "coco", keep)


def cutouts(data):
    folder = Path(data) / "cutouts"
    entries = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    return [Photo(folder / entry["file"], "cutouts", name=names.cutout(entry["name"])) for entry in entries]
