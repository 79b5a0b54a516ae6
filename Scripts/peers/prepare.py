"""Writes what the engines share, once a model: weights, the ONNX export, pictures and classifiers.

    python prepare.py b16|l14 FOLDER
"""
import pathlib
import sys

import core
import numpy as np
import procedural
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file, save_file
from san import SAN
from tokenizer import Tokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
VOCABULARY = ROOT / "Weights/Resources/vocabularies/coco-stuff-171.txt"
GOLDENS = {"b16": "san_vit_b_16", "l14": "san_vit_l_14"}
MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32) * 255
STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32) * 255


def classes():
    return VOCABULARY.read_text(encoding="utf-8").split("\n")[:171]


def normalised(pixels):
    """8 bits [H, W, 3] → [1, 3, H, W]."""
    return torch.from_numpy(((np.float32(pixels) - MEAN) / STD).transpose(2, 0, 1).copy())[None]


def picture(side):
    """The picture of `san-cli benchmark`."""
    y, x = np.mgrid[:side, :side]
    return np.stack([x * 255 // side, y * 255 // side, (x // 32 + y // 32) % 2 * 160], axis=2).astype(np.uint8)


def prepare(name, folder):
    folder.mkdir(parents=True, exist_ok=True)
    config = core.CONFIGS[name]
    config.save(folder / "config.json")
    model = SAN(config).load_procedural()
    weights = {key: value.contiguous() for key, value in model.state_dict().items()}
    save_file(weights, folder / "model.safetensors")
    model = core.load(name, weights)
    pixels = picture(core.SIDE)
    Image.fromarray(pixels).save(folder / "picture.png")
    golden = load_file(ROOT / f"Tests/Fixtures/golden/{GOLDENS[name]}.640x640.golden.safetensors")
    with torch.inference_mode():
        classifier = model.classifier(Tokenizer(), classes(), ("{}",))  # [172, E]
    core.fix_positions(model, core.SIDE, core.SIDE)
    core.export(core.Core(model), classifier, str(folder / "core.onnx"))
    theirs = golden["text_classifier"]  # [7, E]
    save_file({
        "picture": normalised(pixels), "classifier": classifier.clone(),
        "golden.image": torch.from_numpy(procedural.image(f"input/{name}", core.SIDE, core.SIDE)),
        "golden.classifier": F.pad(theirs, (0, 0, 0, len(classifier) - len(theirs))),
        "golden.mask_logits": golden["mask_logits"], "golden.class_logits": golden["class_logits"],
    }, folder / "inputs.safetensors")


if __name__ == "__main__":
    prepare(sys.argv[1], pathlib.Path(sys.argv[2]))
