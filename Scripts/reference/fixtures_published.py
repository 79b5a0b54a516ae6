"""Mask embeddings of the published sizes in float64: the published goldens' own rounding is as large as their tolerance.

The goldens are float32, and the recognition head magnifies rounding: on B/16 they lie up to 1.8e-5 from these. So the
engine is held to these within 2e-5, and to the goldens within the sum of both.
"""
import torch

import config
import procedural
from san import SAN

# File name → configuration, image's name, height, width
CASES = {
    "san_vit_b_16.640x640": (config.VIT_B_16, "input/b16", 640, 640),
    "san_vit_b_16.640x864": (config.VIT_B_16, "input/b16", 640, 864),
    "san_vit_l_14.640x640": (config.VIT_L_14, "input/l14", 640, 640),
}


def make():
    """File name → tensors. Takes minutes, and 6 GB for L/14."""
    models, made = {}, {}
    for name, (cfg, image, height, width) in CASES.items():
        if cfg.name not in models:
            models = {cfg.name: SAN(cfg).load_procedural()}  # one at a time
        pixels = torch.from_numpy(procedural.image(image, height, width)).double()
        found = models[cfg.name].stages(pixels, torch.eye(cfg.clip.embedding))
        made[f"{name}.float64"] = {"mask_embed": found["mask_embed"]}
    return made
