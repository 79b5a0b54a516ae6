"""Puts the states together into one model file, with config.json and its SHA-256 beside it."""
import hashlib
import json
from pathlib import Path

import torch

from . import checkpoint
from .adapter_stage import assemble
from .cache import Standard
from .stem import load_lite2


def finished(folder, adapter=True):
    """The model of the states, reading the stem's own maps."""
    model = assemble(folder, adapter=adapter)
    load_lite2(model.clip_visual_extractor.stem)
    Standard(torch.load(folder / "standard.pt", weights_only=True)).fold(model)
    return model.eval()


def main(args):
    output = Path(args.output)
    model = finished(Path(args.state), not args.untrained)
    if args.untrained:  # the places' term alone is worth something then
        model.config = {**model.config, "dense": {"mask": 0.0, "mask_mean": 0.0, "places": 1.0}}
    checkpoint.write(model, output, args.dtype)
    output.with_name("config.json").write_text(json.dumps(model.config, indent=2) + "\n")
    digest = hashlib.sha256(output.read_bytes()).hexdigest()
    output.with_name(f"{output.name}.sha256").write_text(f"{digest}  {output.name}\n")
    count = sum(value.numel() for value in model.state_dict().values())
    print(f"{output}: {output.stat().st_size:,} bytes, {count:,} parameters, SHA-256 {digest}")
