"""Scores of model files on photos never trained on: the 80 COCO names as vocabulary, annotated pixels only."""
import json
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from . import checkpoint, names, photos
from .model import normalise, semantic_scores
from .text import class_embeddings
from .tokenizer import Tokenizer

SYNONYMS = (("kitten", "cat"), ("puppy", "dog"), ("automobile", "car"), ("sofa", "couch"))


def prepared(model, pixels, device):
    """A photo u8 [H,W,3] -> the padded input [1,3,H',W'] and the size within it, as the engine makes them."""
    height, width = pixels.shape[:2]
    short = model.config["input"]["short_side"]
    scale = short / min(height, width)
    size = (short, int(width * scale)) if height <= width else (int(height * scale), short)
    image = np.array(Image.fromarray(pixels).resize(size[::-1], Image.BICUBIC))
    x = normalise(torch.from_numpy(image).to(device).permute(2, 0, 1)[None].float(), model.config)
    padded = tuple(-(-side // 32) * 32 for side in size)
    return torch.nn.functional.pad(x, (0, padded[1] - size[1], 0, padded[0] - size[0])), size


@torch.no_grad()
def scores_of(model, pixels, texts):
    """A photo u8 [H,W,3] and sets of class rows [K,E] -> scores [K,H,W] for each set, as the engine makes them."""
    x, size = prepared(model, pixels, texts[0].device)
    masks, embeddings, _, places = model.propose(model.extract(x))[-1]
    found = []
    for text in texts:
        classifier = model.classifier(text)
        scores = semantic_scores(masks[0], model.class_logits(embeddings[0], classifier),
                                 model.class_logits(places[0], classifier), size, tuple(x.shape[-2:]),
                                 model.config.get("dense"))
        found.append(torch.nn.functional.interpolate(scores[None], size=pixels.shape[:2], mode="bilinear",
                                                     align_corners=False)[0])
    return found


@torch.no_grad()
def probe(model, pixels, truth, text):
    """Where quality is lost, for each class of a photo: its class, share of the annotated pixels, the name its true
    mask gets as attention bias (among all, among the photo's own), and the best overlap of a proposed mask."""
    x, size = prepared(model, pixels, text.device)
    own = np.unique(truth[truth >= 0])
    masks = torch.from_numpy(np.stack([truth == k for k in own])).float()[None]  # [1,M,H,W]
    scaled = torch.nn.functional.interpolate(masks, size=size, mode="area")
    scaled = torch.nn.functional.pad(scaled, (0, x.shape[3] - size[1], 0, x.shape[2] - size[0]))
    extracted = model.extract(x)
    _, features, grid = extracted
    cover = torch.nn.functional.adaptive_avg_pool2d(scaled, grid).flatten(2)  # [1,M,N]
    inside = (cover > 0.3) | (cover >= cover.amax(-1, keepdim=True).clamp_min(1e-3))
    bias = torch.where(inside, 0.0, -30.0)[:, None].expand(-1, model.clip_rec_head.heads, -1, -1).to(x.device)
    rows = torch.nn.functional.normalize(model.clip_rec_head(features[-1], bias)[0, : len(own)].float(), dim=-1)
    logits = (rows @ text.t()).cpu()
    proposals = model.propose(extracted)[-1][0]
    proposals = torch.nn.functional.interpolate(proposals, size=x.shape[2:], mode="bilinear", align_corners=False)
    found = (proposals[0, :, : size[0], : size[1]] > 0).flatten(1).float().cpu()
    wanted = (scaled[0, :, : size[0], : size[1]] > 0.5).flatten(1).float()
    both = wanted @ found.t()
    overlap = (both / (wanted.sum(1, keepdim=True) + found.sum(1) - both).clamp_min(1)).amax(1)
    return [{"class": int(k), "share": float((truth == k).sum() / (truth >= 0).sum()),
             "named": int(logits[i].argmax()), "among_own": int(own[logits[i, own].argmax()]),
             "best_overlap": float(overlap[i])} for i, k in enumerate(own)]


def summary(found):
    """Means over the regions that `probe` looked at."""
    mean = lambda values: float(np.mean(list(values)))  # noqa: E731
    classes = sorted({r["class"] for r in found})
    return {"regions": len(found), "named_right": mean(r["named"] == r["class"] for r in found),
            "named_right_class_mean": mean(mean(r["named"] == k for r in found if r["class"] == k) for k in classes),
            "named_right_among_own": mean(r["among_own"] == r["class"] for r in found),
            "best_overlap": mean(r["best_overlap"] for r in found)}


class Tally:
    """Pixel accuracy and mIoU over annotated pixels (the union counts annotated pixels only)."""

    def __init__(self, classes):
        self.matrix = np.zeros((classes, classes), np.int64)

    def add(self, truth, found):
        known = truth >= 0
        self.matrix += np.bincount(truth[known] * len(self.matrix) + found[known],
                                   minlength=self.matrix.size).reshape(self.matrix.shape)

    def result(self):
        hit = np.diag(self.matrix)
        true, union = self.matrix.sum(1), self.matrix.sum(1) + self.matrix.sum(0) - hit
        there = true > 0
        return {"pixel_accuracy": hit.sum() / self.matrix.sum(), "miou": (hit[there] / union[there]).mean(),
                "classes": int(there.sum())}


class Names:
    """A set of names as text rows, and a photo's truth as their columns (-1: not annotated, or none of them)."""

    def __init__(self, model, table):
        """table: class id -> name."""
        self.names = list(table.values())
        self.lookup = np.full(256, -1)
        self.lookup[list(table)] = np.arange(len(table))
        self.model, self.tokenizer = model, Tokenizer(model.config["clip"]["text"]["vocabulary_size"])
        self.text = self.rows(self.names)

    def rows(self, names):
        return class_embeddings(self.model.ov_classifier, self.tokenizer, names)

    def swapped(self, new, old):
        text = self.text.clone()
        text[self.names.index(old)] = self.rows([new])[0]
        return text


def coco_names(data):
    return names.classes(Path(data) / "coco_train2017_mini" / "classes.txt")


def whole_labels(data, photo):
    """A COCO photo's ids with everything around the things named, or None."""
    path = Path(data) / "coco_train2017_mini" / "labels_all" / photo.label.name
    return photos.Photo(photo.path, photo.source, path).ids if path.exists() else None


def score(model, data, split="heldout", device="cpu"):
    """COCO's 80 names on COCO's labels; all names that occur in the split on its whole labels, where there are any."""
    model.eval().to(device)
    kept = photos.coco(data, split)
    called = Names(model, coco_names(data))
    tally, present, regions = Tally(len(called.names)), Tally(len(called.names)), []
    everything = [ids for ids in (whole_labels(data, photo) for photo in kept) if ids is not None]
    more = None
    if everything:
        table = names.classes(Path(data) / "classes_all.txt")
        there = np.unique(np.concatenate([np.unique(ids) for ids in everything])).tolist()
        more = Names(model, {k: table[k] for k in there if k in table})
        whole = Tally(len(more.names))
    for photo in kept:
        truth, ids = called.lookup[photo.ids], whole_labels(data, photo)
        if (truth >= 0).sum() == 0 and ids is None:
            continue
        # besides all names, the photo's own alone: what a user who knows what is there would ask for
        own = np.unique(truth[truth >= 0])
        texts = [called.text] + ([called.text[torch.from_numpy(own)]] if len(own) else [])
        found = [scores.argmax(0).cpu().numpy() for scores in
                 scores_of(model, photo.pixels, texts + ([] if ids is None else [more.text]))]
        if len(own):
            tally.add(truth, found[0])
            present.add(truth, own[found[1]])
            regions += probe(model, photo.pixels, truth, called.text)
        if ids is not None:
            whole.add(more.lookup[ids], found[-1])
    result = {"vocabulary_80": tally.result(), "own_classes": present.result(), "regions": summary(regions)}
    if everything:
        result["everything_named"] = {**whole.result(), "photos": len(everything)}
    return json.loads(json.dumps(result, default=float))


def synonyms(model, data, device="cpu"):
    """The overlap (IoU) of a class's map under its name and under another, among the 80 names, over the photos kept back
    that hold the class: its mean where either map has a pixel, and how many photos have one or none."""
    model.eval().to(device)
    called = Names(model, coco_names(data))
    found = {pair: [] for pair in SYNONYMS}
    for photo in [photo for split in photos.SPLITS[1:] for photo in photos.coco(data, split)]:
        own = {called.names[k] for k in np.unique(called.lookup[photo.ids]) if k >= 0}
        asked = [pair for pair in SYNONYMS if pair[1] in own]
        if not asked:
            continue
        first, *others = scores_of(model, photo.pixels, [called.text] + [called.swapped(*pair) for pair in asked])
        for pair, other in zip(asked, others):
            k = called.names.index(pair[1])
            one, two = first.argmax(0) == k, other.argmax(0) == k
            either = (one | two).sum().item()
            found[pair].append((one & two).sum().item() / either if either else None)
    result = {}
    for (new, old), values in found.items():
        some = [value for value in values if value is not None]
        result[f"{new} for {old}"] = {"overlap": sum(some) / len(some) if some else None, "photos": len(some),
                                      "empty": len(values) - len(some)}
    return result


def baselines(data, split="heldout"):
    """One label a photo: its own most frequent (an oracle), and the training photos' most frequent for all."""
    table = coco_names(data)
    lookup = np.full(256, -1)
    lookup[list(table)] = np.arange(len(table))
    counts = sum(np.bincount(t[t >= 0], minlength=len(table)) for t in (lookup[p.ids] for p in photos.coco(data)))
    oracle, common = Tally(len(table)), Tally(len(table))
    for photo in photos.coco(data, split):
        truth = lookup[photo.ids]
        if (truth >= 0).sum():
            best = np.bincount(truth[truth >= 0], minlength=len(table)).argmax()
            oracle.add(truth, np.full_like(truth, best))
            common.add(truth, np.full_like(truth, counts.argmax()))
    return json.loads(json.dumps({"oracle_single_label": oracle.result(), "most_frequent_label": common.result()},
                                 default=float))


def main(args):
    torch.set_num_threads(args.threads)
    began = time.monotonic()
    result = baselines(args.data, args.split)
    for path in args.models:
        model = checkpoint.load(path)
        if args.size:
            model.config["input"]["short_side"] = args.size
        result[str(path)] = score(model, args.data, args.split, args.device)
        if args.synonyms:
            result[str(path)]["synonyms"] = synonyms(model, args.data, args.device)
    result["seconds"] = round(time.monotonic() - began, 1)
    text = json.dumps(result, indent=1)
    Path(args.state).mkdir(parents=True, exist_ok=True)
    (Path(args.state) / "evaluate.json").write_text(text + "\n")
    print(text)
