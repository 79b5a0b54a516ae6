"""Scores of several views of a photo: scales, mirror images and overlapping windows, blended in float64."""
import math

import numpy as np
import torch
from PIL import Image

from fixtures_model import CLASSES
from fixtures_photo import MEAN, STD, photo
from layers import resize

SHORT_SIDE = 128
CASES = {
    "toy_views_scales_flip": dict(photo=(61, 97), scales=(0.5, 1, 1.5), flip=True, window=None, overlap=0.0),
    "toy_views_window": dict(photo=(90, 53), scales=(1,), flip=False, window=96, overlap=0.25),
    "toy_views_all": dict(photo=(47, 83), scales=(0.75, 1.25), flip=True, window=100, overlap=0.6)}


def target_size(height, width, short_side):
    short, long = min(height, width), max(height, width)
    size = (short_side, int(long * short_side / short))
    return size if height <= width else size[::-1]


def windows(extent, side, overlap):
    """(start, end) of each window: as few as overlap enough, spread evenly."""
    if side is None or side >= extent:
        return [(0, extent)]
    steps = math.ceil((extent - side) / math.floor(side * (1 - overlap)))
    starts = [i * (extent - side) // steps for i in range(steps + 1)]
    return [(start, start + side) for start in starts]


def tent(parts, extent, pixels):
    """[windows, pixels]: 1 inside, falling to 0 over what neighbours share; columns sum to 1."""
    centers = (np.arange(pixels) + 0.5) * extent / pixels
    heights = np.zeros((len(parts), pixels))
    for i, (start, end) in enumerate(parts):
        height = ((start <= centers) & (centers < end)).astype(np.float64)
        if i > 0 and parts[i - 1][1] > start:
            height = np.minimum(height, (centers - start) / (parts[i - 1][1] - start))
        if i + 1 < len(parts) and end > parts[i + 1][0]:
            height = np.minimum(height, (end - centers) / (end - parts[i + 1][0]))
        heights[i] = np.maximum(height, 0)
    return heights / heights.sum(axis=0)


def at_photo(x, axis, start, extent, pixels):
    """Samples a window's pixels, which begin at `start` of `extent`, at the photo's: bilinear, held within the window."""
    positions = torch.clamp((torch.arange(pixels).double() + 0.5) * extent / pixels - 0.5, min=0)
    lower = positions.floor()
    weight = (positions - lower).reshape([-1 if i == axis else 1 for i in range(x.dim())])

    def take(index):
        return x.index_select(axis, torch.clamp(index - start, 0, x.shape[axis] - 1).long())
    return take(lower) * (1 - weight) + take(torch.clamp(lower + 1, max=extent - 1)) * weight


def view_scores(model, classifier, picture, size, side, overlap):
    """[K, height, width] of the photo of `size` from its resized picture, [h, w, 3]."""
    (height, width), (tall, wide) = size, picture.shape[:2]
    rows, columns = windows(tall, side, overlap), windows(wide, side, overlap)
    down, across = tent(rows, tall, height), tent(columns, wide, width)
    total = 0
    for i, (top, bottom) in enumerate(rows):
        for j, (left, right) in enumerate(columns):
            part = picture[top:bottom, left:right]
            padded = np.zeros((-(-part.shape[0] // 32) * 32, -(-part.shape[1] // 32) * 32, 3))
            padded[:part.shape[0], :part.shape[1]] = (np.float64(part) - MEAN) / STD
            found = model.stages(torch.from_numpy(padded.transpose(2, 0, 1).copy())[None], classifier)
            masks = resize(found["mask_logits"], padded.shape[:2])[0, :, :part.shape[0], :part.shape[1]]
            masks = at_photo(masks, 1, top, tall, height)
            masks = at_photo(masks, 2, left, wide, width)
            classes = found["class_logits"][0].softmax(dim=-1)[:, :-1]
            scores = torch.einsum("qk,qhw->khw", classes, masks.sigmoid())
            total = total + scores * torch.from_numpy(np.outer(down[i], across[j]))
    return total


def blended(model, classifier, pixels, scales, flip, window, overlap):
    height, width = pixels.shape[:2]
    views = []
    for scale in scales:
        tall, wide = target_size(height, width, round(SHORT_SIDE * scale))
        picture = np.asarray(Image.fromarray(pixels).resize((wide, tall), Image.Resampling.BICUBIC))
        views.append(view_scores(model, classifier, picture, (height, width), window, overlap))
        if flip:
            mirrored = view_scores(model, classifier, picture[:, ::-1], (height, width), window, overlap)
            views.append(mirrored.flip(2))
    return sum(views) / len(views)


def make(toy, tokenizer):
    """Tensors by file name: the toy at a short side of 128 times each scale."""
    made = {}
    classifier = toy.classifier(tokenizer, CLASSES)
    for name, case in CASES.items():
        case = dict(case)
        pixels = photo(*case.pop("photo"))
        made[name] = {"photo": torch.from_numpy(pixels).double(),
                      "scores": blended(toy, classifier, pixels, **case)}
    return made
