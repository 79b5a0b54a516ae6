"""Compares this reference with the golden numbers, element by element, and exits 1 beyond the tolerances.

    python check_goldens.py           toy model, text, tokenizer
    python check_goldens.py --full    ViT-B/16 and ViT-L/14 too (minutes, 6 GB)

The goldens are float32, this runs in float64: what is left is the goldens' own rounding.
"""
import json
import pathlib
import sys

import torch
from safetensors.torch import load_file

import config
import procedural
from san import SAN
from tokenizer import Tokenizer

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Fixtures" / "golden"
CLASSES = ("cat", "sky", "a red car", "grass", "oak", "river")

# Largest difference allowed; for the tensors that are not named, relative to their largest magnitude.
ABSOLUTE = {"class_logits": 5e-3, "sem_seg": 1e-3, "sem_seg_stride16": 1e-3,
            "mask_embed": 2e-5, "text_classifier": 2e-5, "embeddings": 2e-5}
RELATIVE = 1e-4


class Report:
    def __init__(self):
        self.failed = False
        print(f"{'golden':<22} {'tensor':<26} {'shape':<15} {'largest':>8} {'difference':>10} {'relative':>8}"
              f" {'allowed':>7}")

    def compare(self, golden, found, expected):
        for name in sorted(expected):
            ours, theirs = found[name], expected[name]
            if ours.shape != theirs.shape:
                raise SystemExit(f"{golden}: {name} is {list(ours.shape)}, not {list(theirs.shape)}")
            largest = float(theirs.abs().max())
            difference = float((ours - theirs).abs().max())
            allowed = ABSOLUTE.get(name, RELATIVE * largest)
            bad = not difference <= allowed  # so that NaN fails
            self.failed |= bad
            shape = "×".join(map(str, theirs.shape))
            print(f"{golden:<22} {name:<26} {shape:<15} {largest:>8.3g} {difference:>10.1e}"
                  f" {difference / largest:>8.1e} {allowed:>7.0e}{'  FAILED' * bad}")


def check_tokenizer(report, tokenizer):
    entries = json.loads((GOLDEN / "tokenizer.golden.json").read_text())
    wrong = []
    for entry in entries:
        ids, expected = tokenizer.encode_padded(entry["text"], 77), entry["ids"]
        if ids != expected + [0] * (77 - len(expected)):
            wrong.append(entry["text"])
    report.failed |= bool(wrong)
    print(f"tokenizer: {len(entries) - len(wrong)} of {len(entries)} strings equal", *map(repr, wrong))


def check_model(report, tokenizer, cfg, files):
    """`files` holds (golden file's stem, image's name, height, width)."""
    model = SAN(cfg)
    stem = files[0][0].split(".")[0]
    shapes = json.loads((GOLDEN / f"{stem}.shapes.json").read_text())
    if {name: list(value.shape) for name, value in model.state_dict().items()} != shapes:
        raise SystemExit(f"{stem}: names or shapes differ from {stem}.shapes.json")
    model.load_procedural()
    classifier = model.classifier(tokenizer, CLASSES)
    for stem, name, height, width in files:
        image = torch.from_numpy(procedural.image(name, height, width)).double()
        found = model.stages(image, classifier)
        found["sem_seg_stride16"] = found["sem_seg"][:, 8::16, 8::16]
        report.compare(stem, found, load_file(GOLDEN / f"{stem}.golden.safetensors"))
    return model


@torch.no_grad()
def main():
    torch.set_default_dtype(torch.float64)
    report, tokenizer = Report(), Tokenizer()
    toy = check_model(report, tokenizer, config.TOY, [("toy", "input/toy", 128, 160)])
    prompts = (GOLDEN / "toy.text.prompts.txt").read_text().splitlines()
    tokens = torch.tensor([tokenizer.encode_padded(prompt, 77) for prompt in prompts])
    report.compare("toy.text", {"embeddings": toy.ov_classifier.encode(tokens)},
                   load_file(GOLDEN / "toy.text.golden.safetensors"))
    if "--full" in sys.argv[1:]:
        check_model(report, tokenizer, config.VIT_B_16, [
            ("san_vit_b_16.640x640", "input/b16", 640, 640), ("san_vit_b_16.640x864", "input/b16", 640, 864)])
        check_model(report, tokenizer, config.VIT_L_14, [("san_vit_l_14.640x640", "input/l14", 640, 640)])
    check_tokenizer(report, tokenizer)
    sys.exit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
