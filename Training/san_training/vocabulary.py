"""All names of the labelled sets, as one vocabulary that competes at every place, with what must not compete."""
from pathlib import Path

import torch

from . import names

# Further names of one thing; the first is the data's. Drawn in turn while training.
ALIASES = (
    ("couch", "sofa"), ("airplane", "aeroplane", "plane"), ("motorcycle", "motorbike"), ("tv", "television", "tv monitor"),
    ("car", "automobile"), ("dog", "puppy"), ("cat", "kitten"), ("cell phone", "mobile phone"), ("bicycle", "bike"),
    ("donut", "doughnut"), ("refrigerator", "fridge"), ("person", "human", "man", "woman"), ("carpet", "rug"),
    ("sidewalk", "pavement", "footpath"), ("lamp", "light"), ("picture", "painting"), ("sea", "ocean"), ("rock", "stone"),
    ("potted plant", "pot plant"), ("sign", "signboard"), ("grass", "lawn"), ("road", "street"), ("trash can", "bin"),
    ("cup", "mug"), ("boat", "ship"), ("face", "head"), ("ground", "soil"), ("desk", "writing desk"),
    ("cow", "cattle"), ("leopard", "big cat"), ("cutting board", "chopping board"))

# Groups of names that one eye gives where another gives the other: each weighs little against the rest of its group.
KIN = (
    ("ground", "path", "pavement", "sidewalk", "road", "street", "parking lot", "platform", "floor", "sand", "speed bump"),
    ("ground", "grass", "hay", "playing field"), ("ground", "rock", "sand", "hill"),
    ("bush", "plant", "tree", "vegetation", "potted plant", "flower", "grass"), ("tree", "wood", "log", "christmas tree"),
    ("sea", "river", "water"), ("mountain", "hill", "rock"), ("building", "house", "roof", "shop front", "wall"),
    ("fence", "railing", "balcony railing", "cage"), ("table", "dining table", "desk", "counter"),
    ("cabinet", "shelf", "counter", "desk"), ("tv", "computer", "laptop"), ("cloth", "blanket", "towel", "pillow", "bed"),
    ("carpet", "mat", "floor"), ("bag", "handbag", "backpack", "suitcase", "box"), ("curtain", "window blind", "window"),
    ("picture", "mirror", "paper", "banner"), ("sign", "stop sign", "banner", "paper"), ("bottle", "jug", "pot", "vase"),
    ("cup", "bowl", "plate", "coffee"), ("food", "plate", "bowl"), ("stove", "oven"), ("couch", "ottoman", "chair", "stool"),
    ("couch", "pillow", "blanket"), ("bench", "chair", "stool"), ("boat", "ferry", "ketch", "schooner"),
    ("wheel", "car", "motorcycle", "bicycle"), ("railroad track", "train", "platform"), ("wall", "ceiling"),
    ("lily pad", "lotus", "water lily", "flower"), ("teddy bear", "toy"), ("playing field", "grass"),
    ("door", "wall", "cabinet", "elevator"), ("clothes", "cloth"))
KIN_WEIGHT = 0.2

# Ids of classes_all.txt whose names are objects that Caltech's folders are named by.
OBJECT_IDS = range(131, 255)

CLOTHES_ARE = "person"  # a fashion photo's clothes, skin and hair are of a person, and so is a face


def sources(data):
    """Data set -> {class id: name}."""
    data = Path(data)
    everything = names.classes(data / "classes_all.txt")
    found = {s: everything for s in ("coco", "voc12", "homes", "backgrounds", "caltech")}
    for own in ("facades", "corridor", "lums_road", "caltech_masks", "ccp"):
        found[own] = names.classes(data / own / "classes.txt")
    found["ccp"].pop(0, None)
    return found


class Vocabulary:
    """names: all of them, sorted; table: data set -> {class id: column}; things: COCO's 80, which always compete."""

    def __init__(self, data):
        tables = sources(data)
        cutouts = {name for name in names.cutouts(data)}
        self.coco = list(names.classes(Path(data) / "coco_train2017_mini" / "classes.txt").values())
        self.names = sorted(set().union(cutouts, *(t.values() for t in tables.values())))
        self.index = {name: i for i, name in enumerate(self.names)}
        self.table = {s: {k: self.index[n] for k, n in t.items()} for s, t in tables.items()}
        self.parts = sorted({*self.table["ccp"].values(), self.index["face"]})
        self.person = self.index[CLOTHES_ARE]
        # Things, which are annotated wherever they are; besides, what can be cut out and pasted.
        self.things = {self.index[n] for n in (*self.coco, *cutouts)}
        self.pasteable = self.things | {self.table["coco"][k] for k in OBJECT_IDS if k in self.table["coco"]}

    def against(self):
        """[K,K]: how much column k weighs against a target (a row): 1 mostly, KIN_WEIGHT for its kin, 0 for its own
        parts and the whole it is part of. A name within the other ("sign", "stop sign") is kin. COCO's annotators
        chose among their 80, so those weigh fully."""
        weight = torch.ones(len(self.names), len(self.names))

        def put(a, b, value):
            if a != b and not {self.names[a], self.names[b]} <= set(self.coco):
                weight[a, b] = weight[b, a] = value
        for group in KIN:
            known = [self.index[n] for n in group if n in self.index]
            for a in known:
                for b in known:
                    put(a, b, KIN_WEIGHT)
        for a, one in enumerate(self.names):
            for b, other in enumerate(self.names):
                if set(one.split()) < set(other.split()):
                    put(a, b, KIN_WEIGHT)
        for part in self.parts:
            put(part, self.person, 0)
        return weight

    def aliases(self):
        """Column -> the names it is called by, its own first."""
        found = {i: [name] for i, name in enumerate(self.names)}
        for own, *others in ALIASES:
            if own in self.index:
                found[self.index[own]] += [name for name in others]
        return found
