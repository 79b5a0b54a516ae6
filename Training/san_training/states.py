"""A model file put back as the stages' states, to train it further: the inverse of `export`."""
from pathlib import Path

import torch

from . import adapter_stage, checkpoint, tower_stage
from .cache import Cache

TEXT = "ov_classifier."


def split(model):
    """Stage -> the weights that its state holds, by name."""
    weights = model.state_dict()

    def learned(stage):
        return {name: weights[name] for name, _, _ in stage.trained(model)}
    return {"text": {name[len(TEXT):]: value for name, value in weights.items() if name.startswith(TEXT)},
            "tower": learned(tower_stage), "adapter": learned(adapter_stage)}


def main(args):
    folder = Path(args.state)
    model = checkpoint.load(args.model)
    for stage in ("text", "tower", "adapter"):
        path = folder / f"{stage}.pt"
        if path.exists():
            raise SystemExit(f"{path} exists: remove it, or use another --state")
    if not (folder / "maps").exists():
        raise SystemExit(f"{folder} has no maps: run `maps` first, whose means and deviations the weights are put back with")
    Cache(folder / "maps").standard.unfold(model)
    for stage, weights in split(model).items():
        torch.save({"model": weights, "optimizer": None, "step": 0, "seconds": 0.0}, folder / f"{stage}.pt")
        print(f"{folder}/{stage}.pt: {sum(value.numel() for value in weights.values()):,} parameters")
