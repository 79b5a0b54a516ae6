"""What the stages train on: the stem's maps of fixed pictures, each channel at mean 0 and deviation 1, and photos to
validate on."""
import json
import random

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from . import photos
from .evaluate import Tally, prepared
from .maps_stage import arrays, frozen_stem
from .vocabulary import Vocabulary

LEAST = 0.05  # of the median deviation: a channel that hardly ever moves is not blown up


class Standard:
    """Each channel's mean and deviation over the cached pictures; models train on standardised maps, and `fold` moves that
    into the layers that read them."""

    def __init__(self, values):
        self.mean, self.deviation = values["mean"], values["deviation"]

    @classmethod
    def measured(cls, maps):
        mean = [x.mean((0, 2, 3)) for x in maps]
        deviation = [x.std((0, 2, 3)) for x in maps]
        return cls({"mean": mean, "deviation": [d.clamp_min(LEAST * d.median().item()) for d in deviation]})

    def values(self):
        return {"mean": self.mean, "deviation": self.deviation}

    def __call__(self, maps):
        return [(x - m[:, None, None]) / d[:, None, None] for x, m, d in zip(maps, self.mean, self.deviation)]

    def readers(self, model):
        """The layers that read maps: each with the bias that goes with it, and its inputs' mean and deviation."""
        near = [torch.cat([v[1], *[v[0]] * 4]) for v in (self.mean, self.deviation)]
        tokens = model.clip_visual_extractor.stem.tokens
        side = model.side_adapter_network
        proj, decoder = side.vit_model.patch_embed["proj"], side.mask_decoder
        return ((tokens.near, tokens.near.bias, *near), (tokens.far, tokens.near.bias, self.mean[2], self.deviation[2]),
                (proj, proj.bias, *near),
                (decoder.fine, decoder.pix_mlp.layers[0].bias, self.mean[0], self.deviation[0]))

    @torch.no_grad()
    def fold(self, model):
        """A model that was trained on standardised maps, made one that reads the stem's own."""
        for layer, bias, mean, deviation in self.readers(model):
            layer.weight /= deviation
            bias -= layer.weight @ mean

    @torch.no_grad()
    def unfold(self, model):
        """The inverse: a model of the stem's own maps, made one to be trained on standardised ones."""
        for layer, bias, mean, deviation in self.readers(model):
            bias += layer.weight @ mean
            layer.weight *= deviation


class Cache:
    """The pictures that `maps` made."""

    def __init__(self, folder):
        self.folder = folder
        self.kept = arrays(folder)
        self.stem, self.classifier = frozen_stem()
        self.names = json.loads((folder / "names.json").read_text())
        path = folder.parent / "standard.pt"
        if path.exists():
            self.standard = Standard(torch.load(path, weights_only=True))
        else:
            self.standard = Standard.measured(self.maps(self.ready[:400]))
            torch.save(self.standard.values(), path)

    @property
    def ready(self):
        """The pictures that are done; `maps` may still be making more."""
        return np.flatnonzero(self.kept["ready"]).tolist()

    @torch.no_grad()
    def maps(self, rows):
        """The stem's maps of pictures, those of stride 32 with the head's."""
        x8, x16, x32 = (torch.from_numpy(np.stack([self.kept[n][i] for i in rows])).float() for n in ("x8", "x16", "x32"))
        return x8, x16, torch.cat([x32, F.relu6(self.stem.head(x32))], dim=1)

    def batch(self, size, window=0, mosaics=0.0):
        """(standardised maps, columns [B,88,88], the head's own map) of random pictures; or of a random window of so many
        places a side (an even number) of each. mosaics: share of the pictures that are `mixed`."""
        rows = random.sample(self.ready, size)
        maps = self.maps(rows)
        columns = torch.from_numpy(np.stack([self.kept["columns"][i] for i in rows])).long()
        if window:
            places = columns.shape[1] // 4
            corners = [[2 * random.randint(0, (places - window) // 2) for _ in range(2)] for _ in rows]

            def part(x, stride):  # cells of `stride` pixels
                def span(first):
                    return slice(first * 16 // stride, (first + window) * 16 // stride)
                return torch.stack([one[..., span(y), span(x0)] for one, (y, x0) in zip(x, corners)])
            maps = [part(x, stride) for x, stride in zip(maps, (8, 16, 32))]
            columns = part(columns, 4)
        if mosaics:
            *maps, columns = mixed([*maps, columns], mosaics)
        return self.standard(maps), columns, maps[2][:, -self.stem.head.weight.shape[0]:]


STRIDES = (8, 16, 32, 4)  # of the three maps and the columns


def mixed(pictures, share):
    """A batch's maps and columns, a share of the pictures with three of their four quarters (which meet at an even place)
    of other pictures of the batch: what is in view elsewhere says little then of a place's name."""
    found = [x.clone() for x in pictures]
    count, places = len(pictures[0]), pictures[1].shape[-1]
    for b in range(count):
        if random.random() >= share:
            continue
        y, x = (2 * random.randint(places // 6, places // 3) for _ in range(2))
        for rows, across in ((slice(0, y), slice(x, places)), (slice(y, places), slice(0, x)),
                             (slice(y, places), slice(x, places))):
            other = random.randrange(count)
            for new, old, stride in zip(found, pictures, STRIDES):
                where = tuple(slice(part.start * 16 // stride, part.stop * 16 // stride) for part in (rows, across))
                new[b][..., where[0], where[1]] = old[other][..., where[0], where[1]]
    return found


def cut(x, size, padded):
    """A map [1,K,h,w] at a quarter of the padded size, without the padding: [K,...]."""
    x = F.interpolate(x, size=(padded[0] // 4, padded[1] // 4), mode="bilinear", align_corners=False)
    return x[0, :, : size[0] // 4, : size[1] // 4]


class Kept:
    """Photos of a split at the size the model sees them, with their maps, to score on while training; at a quarter of the
    pixels a side."""

    def __init__(self, data, split, cache, model):
        vocabulary = Vocabulary(data)
        self.items = []
        for photo in photos.coco(data, split):
            x, size = prepared(model, photo.pixels, "cpu")
            with torch.no_grad():
                maps = cache.standard(cache.stem.maps(x))
            truth = {}
            for name in ("labels", "labels_all"):
                photo.label = photo.label.parents[1] / name / photo.label.name
                photo.__dict__.pop("ids", None)
                if photo.label.exists():
                    lookup = np.full(256, -1)
                    table = vocabulary.table["coco"]
                    lookup[list(table)] = list(table.values())
                    ids = Image.fromarray(photo.ids).resize((size[1] // 4, size[0] // 4), Image.NEAREST)
                    truth[name] = lookup[np.asarray(ids)]
            self.items.append((photo, maps, size, tuple(x.shape[2:]), truth))
        self.coco = np.array([vocabulary.index[n] for n in vocabulary.coco])
        self.whole = np.unique(np.concatenate([np.unique(t["labels_all"]) for *_, t in self.items if "labels_all" in t]))
        self.whole = self.whole[self.whole >= 0]

    @torch.no_grad()
    def score(self, found):
        """found: standardised maps, size and padded size and columns -> scores [len(columns),H/4,W/4].
        Pixel accuracy and mIoU among COCO's names on its labels, and among all names that occur, with everything named."""
        result = {}
        for key, columns, label in (("coco", self.coco, "labels"), ("whole", self.whole, "labels_all")):
            tally = Tally(len(columns))
            place = np.full(columns.max() + 2, -1)
            place[columns] = np.arange(len(columns))
            for photo, maps, size, padded, truth in self.items:
                if label not in truth:
                    continue
                scores = found(maps, size, padded, columns)
                wanted = np.where((truth[label] >= 0) & (truth[label] <= columns.max()), truth[label], -1)
                tally.add(place[wanted], scores.argmax(0).numpy())
            one = tally.result()
            result[key + "_pixels"], result[key + "_miou"] = float(one["pixel_accuracy"]), float(one["miou"])
        return result

    @torch.no_grad()
    def overlap(self, model):
        """How well the best proposed mask covers a region of COCO's labels: the mean IoU over regions."""
        found = []
        for photo, maps, size, padded, truth in self.items:
            own = [k for k in np.unique(truth["labels"]) if k >= 0]
            if not own:
                continue
            masks = cut(model.propose(model.extract_maps(*maps))[-1][0], size, padded) > 0
            wanted = torch.from_numpy(np.stack([truth["labels"] == k for k in own])).flatten(1).float()
            both = wanted @ masks.flatten(1).float().t()
            found += (both / (wanted.sum(1, keepdim=True) + masks.flatten(1).sum(1) - both)).amax(1).tolist()
        return float(np.mean(found))
