"""Model files: safetensors with the configuration in their metadata, and released PyTorch files."""
import json
import os
import struct
from pathlib import Path

import torch
from safetensors import safe_open

from . import config as configs
from .model import SAN

IGNORED = {"criterion.empty_weight", "ov_classifier.attn_mask"}
TYPES = {"f16": torch.float16, "bf16": torch.bfloat16, "f32": torch.float32}


def read(path):
    """(configuration, name -> float32 tensor) of a .safetensors or a released .pth file."""
    path = Path(path)
    if path.suffix == ".pth":
        weights = torch.load(path, map_location="cpu", weights_only=True)
        weights = weights.get("model", weights)
        if weights["clip_visual_extractor.conv1.weight"].shape[0] != 768:
            raise SystemExit(f"{path}: of the .pth files only the released ViT-B/16 is known; convert others first")
        config = configs.SAN_VIT_B_16
    else:
        with safe_open(path, framework="pt") as file:
            stored = (file.metadata() or {}).get("config")
            weights = {name: file.get_tensor(name) for name in file.keys()}
        beside = path.with_name("config.json")
        if not stored and not beside.exists():
            raise SystemExit(f"{path}: no configuration in its metadata and no config.json beside it")
        config = json.loads(stored) if stored else configs.load(beside)
    return config, {name: value.float() for name, value in weights.items() if name not in IGNORED}


def load(path):
    config, weights = read(path)
    model = SAN(config)
    model.load_state_dict(weights, strict=True)
    return model


def write(model, path, dtype="f16"):
    """Written whole or not at all, the same bytes for the same weights; the type must hold every value."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    header = {"__metadata__": {"format": "san", "config": json.dumps(model.config)}}
    content, offset = [], 0
    for name, value in sorted(model.state_dict().items()):
        value = value.detach().cpu().to(TYPES[dtype]).contiguous()
        if not torch.isfinite(value).all():
            raise SystemExit(f"{name} has values that {dtype} cannot hold")
        content.append(value.flatten().view(torch.uint8).numpy().tobytes())
        end = offset + len(content[-1])
        header[name] = {"dtype": dtype.upper(), "shape": list(value.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    part = path.with_name(path.name + ".part")
    part.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(content))
    os.replace(part, path)
