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


def ccp(data):
    return labelled(Path(data) / "ccp", "ccp")


def caltech(data):
    found = []
    for folder in sorted((Path(data) / "caltech101").iterdir()):
        if folder.is_dir():
            name = None if "BACKGROUND" in folder.name else names.caltech(folder.name)
            found += [Photo(path, "caltech", name=name) for path in sorted(folder.iterdir())]
    return found


def cutouts(data):
    folder = Path(data) / "cutouts"
    entries = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    return [Photo(folder / entry["file"], "cutouts", name=names.cutout(entry["name"])) for entry in entries]


def backgrounds(data):
    return [Photo(path, "backgrounds") for path in sorted((Path(data) / "backgrounds").iterdir())
            if path.suffix.lower() in (".jpg", ".jpeg", ".png")]


class Vocabulary:
    """All names of the data sets, and which columns belong to which source."""

    def __init__(self, data):
        data = Path(data)
        self.tables = {"coco": names.classes(data / "coco_train2017_mini" / "classes.txt"),
                       "ccp": names.classes(data / "ccp" / "classes.txt")}
        flat = {"caltech": {p.name for p in caltech(data) if p.name}, "cutouts": {p.name for p in cutouts(data)}}
        self.sources = {**{s: set(t.values()) for s, t in self.tables.items()}, **flat}
        self.names = sorted(set().union(*self.sources.values()))
        self.index = {name: i for i, name in enumerate(self.names)}

    def columns(self, source):
        return sorted(self.index[name] for name in self.sources[source])

    def of(self, source, class_id):
        """The column of a label PNG's id, or None for an id that is no class."""
        name = self.tables[source].get(int(class_id))
        return None if name is None else self.index[name]
