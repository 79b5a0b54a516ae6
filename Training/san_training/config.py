"""The model's configuration, in the layout of the engine's config.json."""
import json

from .stem import LITE2

SAN_MINI = {
    "name": "san-mini",
    "clip": {
        "image": {"width": 256, "layers": 2, "heads": 4, "patch_size": 16, "grid": [22, 22], "stem": LITE2},
        "text": {"width": 256, "layers": 4, "heads": 4, "context_length": 77, "vocabulary_size": 16898},
        "embedding": 256,
        "resolution_scale": 1.0,
        "extractor_layers": 1,
    },
    "side_adapter": {
        "width": 160, "layers": 4, "heads": 5, "patch_size": 16, "grid": [22, 22],
        "fusion": [[0, 0], [1, 1]], "queries": 64,
    },
    "mask_decoder": {"channels": 128, "mlp_layers": 3, "bias_heads": 4, "stride": 8},
    "dense": {"mask": 0.0, "mask_mean": 0.05, "places": 1.0},
    "input": {"short_side": 384, "mean": [127.0, 127.0, 127.0], "std": [128.0, 128.0, 128.0]},
}

SAN_VIT_B_16 = {
    "name": "san-vit-b-16",
    "clip": {
        "image": {"width": 768, "layers": 12, "heads": 12, "patch_size": 16, "grid": [14, 14]},
        "text": {"width": 512, "layers": 12, "heads": 8, "context_length": 77, "vocabulary_size": 49408},
        "embedding": 512,
        "resolution_scale": 0.5,
        "extractor_layers": 9,
    },
    "side_adapter": {
        "width": 240, "layers": 8, "heads": 6, "patch_size": 16, "grid": [40, 40],
        "fusion": [[0, 0], [3, 1], [6, 2], [9, 3]], "queries": 100,
    },
    "mask_decoder": {"channels": 256, "mlp_layers": 3, "bias_heads": 12},
    "input": {"short_side": 640},
}


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)
