"""The stem's maps of a fixed set of pictures, made once: all further training is on them.

state/maps: x8 [N,48,44,44] · x16 [N,120,22,22] · x32 [N,352,11,11] float16, columns [N,88,88] int16; the head's map is
made again from x32, which is cheaper than to keep it. ready [N] is 1 where a picture is done. `--member 1` beside a running
`maps` makes the other half: each has one thread, since threads that wait for each other are slow on busy cores.
"""
import json
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from .config import SAN_MINI
from .model import normalise
from .pictures import Pictures
from .stem import Stem, load_lite2
from .training import Run

SIZE = 352
TYPES = {"columns": np.int16, "ready": np.uint8}
PART = 8  # pictures at once


def jitter(images):
    """Random brightness, contrast and colour of u8-valued floats [B,3,H,W]."""
    b = images.shape[0]
    draw = lambda spread: 1 + (torch.rand(b, 1, 1, 1) * 2 - 1) * spread  # noqa: E731
    grey = images.mean(dim=1, keepdim=True)
    images = grey + (images - grey) * draw(0.3) * (torch.rand(b, 1, 1, 1) > 0.05)
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return ((mean + (images - mean) * draw(0.25)) * draw(0.25)).clamp(0, 255)


def frozen_stem():
    image = SAN_MINI["clip"]["image"]
    stem = Stem(image["stem"], image["width"]).eval().requires_grad_(False)
    return stem, load_lite2(stem)


def arrays(folder, count=None):
    """The memory-mapped arrays by name; made where `count` is given."""
    shapes = {"x8": (48, SIZE // 8, SIZE // 8), "x16": (120, SIZE // 16, SIZE // 16),
              "x32": (352, SIZE // 32, SIZE // 32), "columns": (SIZE // 4, SIZE // 4), "ready": ()}
    found = {}
    for name, shape in shapes.items():
        path = folder / f"{name}.npy"
        dtype = TYPES.get(name, np.float16)
        found[name] = (np.lib.format.open_memmap(path, "w+", dtype, (count, *shape)) if count
                       else np.lib.format.open_memmap(path, "r+"))
    return found


@torch.no_grad()
def main(args):
    run = Run(args, "maps")
    folder = run.folder / "maps"
    folder.mkdir(exist_ok=True)
    pictures = Pictures(args.data, SIZE)
    stem, _ = frozen_stem()
    stem.to(memory_format=torch.channels_last)
    names = folder / "names.json"
    if run.member == 0 and not names.exists():
        arrays(folder, args.count)
        names.write_text(json.dumps(pictures.vocabulary.names))
    while not names.exists():
        time.sleep(1)
    kept = arrays(folder)
    parts = [n for n in range(run.member * PART, len(kept["ready"]), args.members * PART) if not kept["ready"][n]]
    with ThreadPoolExecutor(1) as pool:
        def request(begin):
            return [pool.submit(pictures.sample, args.seed * 1_000_003 + n)
                    for n in range(begin, min(len(kept["ready"]), begin + PART))]
        waiting = request(parts[0])
        for begin, after in zip(parts, [*parts[1:], len(kept["ready"])]):
            pixels, columns = zip(*(job.result() for job in waiting))
            waiting = request(after)
            images = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).float()
            x8, x16, x32 = stem.maps(normalise(jitter(images), SAN_MINI).to(memory_format=torch.channels_last))
            part = slice(begin, begin + len(pixels))
            for name, value in (("x8", x8), ("x16", x16), ("x32", x32[:, :352])):
                kept[name][part] = value.contiguous().half().numpy()
            kept["columns"][part] = np.stack(columns)
            kept["ready"][part] = 1
            if begin % 50 == 0:
                run.log(done=int(kept["ready"].sum()))
    run.log(done=int(kept["ready"].sum()))
