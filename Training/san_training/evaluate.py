"""Held-out scores: the 60 photos of heldout.txt, the 80 COCO names as vocabulary, annotated pixels only."""
import json
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from . import checkpoint, photos
from .model import normalise, semantic_scores
from .text import class_embeddings
from .tokenizer import Tokenizer

SYNONYMS = (("kitten", "cat"), ("puppy", "dog"), ("automobile", "car"), ("sofa", "couch"))


@torch.no_grad()
def scores_of(model, pixels, text):
    """A photo u8 [H,W,3] and class rows [K,E] -> scores [K,H,W], as the engine makes them."""
    height, width = pixels.shape[:2]
    short = model.config["input"]["short_side"]
    scale = short / min(height, width)
    size = (short, int(width * scale)) if height <= width else (int(height * scale), short)
    image = np.array(Image.fromarray(pixels).resize(size[::-1], Image.BICUBIC))
    device = text.device
    x = normalise(torch.from_numpy(image).to(device).permute(2, 0, 1)[None].float())
    padded = tuple(-(-side // 32) * 32 for side in size)
    x = torch.nn.functional.pad(x, (0, padded[1] - size[1], 0, padded[0] - size[0]))
    masks, embeddings, _ = model.propose(x)[-1]
    logits = model.class_logits(embeddings[0], model.classifier(text))
    scores = semantic_scores(masks[0], logits, padded, size)
    return torch.nn.functional.interpolate(scores[None], size=(height, width), mode="bilinear", align_corners=False)[0]


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


def score(model, data, device="cpu"):
    model.eval().to(device)
    table = photos.Vocabulary(data).tables["coco"]
    ids, names = list(table), list(table.values())
    lookup = np.full(256, -1)
    lookup[ids] = np.arange(len(ids))
    tokenizer = Tokenizer(model.config["clip"]["text"]["vocabulary_size"])
    text = class_embeddings(model.ov_classifier, tokenizer, names)
    swapped = {}
    for new, old in SYNONYMS:
        swapped[new] = text.clone()
        swapped[new][names.index(old)] = class_embeddings(model.ov_classifier, tokenizer, [new])[0]
    tally, present, agreement = Tally(len(names)), Tally(len(names)), {new: [] for new, _ in SYNONYMS}
    for photo in photos.coco(data, held=True):
        truth = lookup[photo.ids]
        if (truth >= 0).sum() == 0:
            continue
        scores = scores_of(model, photo.pixels, text)
        found = scores.argmax(0).cpu().numpy()
        tally.add(truth, found)
        # the image's own classes as vocabulary: what a user who knows what is there would ask for
        own = torch.from_numpy(np.unique(truth[truth >= 0])).to(scores.device)
        present.add(truth, own[scores[own].argmax(0)].cpu().numpy())
        for new, old in SYNONYMS:
            if names.index(old) in own:
                k = names.index(old)
                other = scores_of(model, photo.pixels, swapped[new]).argmax(0).cpu().numpy() == k
                either = (other | (found == k)).sum()
                agreement[new].append(float((other & (found == k)).sum() / either) if either else 1.0)
    # synonyms: the overlap (IoU) of the class's map under either name, mean over the photos that hold it
    result = {"vocabulary_80": tally.result(), "own_classes": present.result(),
              "synonyms": {f"{new} for {old}": np.mean(agreement[new]) if agreement[new] else None
                           for new, old in SYNONYMS}}
    return json.loads(json.dumps(result, default=float))


def baselines(data):
    """One label a photo: its own most frequent (an oracle), and the training photos' most frequent for all."""
    table = photos.Vocabulary(data).tables["coco"]
    lookup = np.full(256, -1)
    lookup[list(table)] = np.arange(len(table))
    counts = sum(np.bincount(t[t >= 0], minlength=len(table)) for t in (lookup[p.ids] for p in photos.coco(data)))
    oracle, common = Tally(len(table)), Tally(len(table))
    for photo in photos.coco(data, held=True):
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
    result = baselines(args.data)
    for path in args.models:
        result[str(path)] = score(checkpoint.load(path), args.data, args.device)
    result["seconds"] = round(time.monotonic() - began, 1)
    text = json.dumps(result, indent=1)
    Path(args.state).mkdir(parents=True, exist_ok=True)
    (Path(args.state) / "evaluate.json").write_text(text + "\n")
    print(text)
