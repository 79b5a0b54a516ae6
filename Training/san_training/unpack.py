"""Takes a model file apart into the states of the stages, for further training where only the file was kept."""
from pathlib import Path

import torch

from . import checkpoint
from .adapter_stage import trainable


def main(args):
    folder = Path(args.state)
    folder.mkdir(parents=True, exist_ok=True)
    model = checkpoint.load(args.model)
    weights = model.state_dict()

    def part(prefix, new=""):
        return {new + name[len(prefix):]: value for name, value in weights.items() if name.startswith(prefix)}

    scale = {"logit_scale": weights["ov_classifier.logit_scale"]}
    states = {
        "text": part("ov_classifier."),
        "image": {**part("clip_visual_extractor.", "extractor."), **part("clip_rec_head.", "head."), **scale},
        "adapter": {name: weights[name] for name, _, _ in trainable(model, positions=False)},
    }
    for stage, state in states.items():
        path = folder / f"{stage}.pt"
        if path.exists():
            raise SystemExit(f"{path} exists: give an empty --state folder")
        torch.save({"model": state, "optimizer": None, "step": 0, "seconds": 0.0}, path)
    print(f"text.pt, image.pt and adapter.pt in {folder}")
