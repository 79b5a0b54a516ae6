"""Makes the fixtures of Tests/Fixtures/reference, hybrid, pth and mmseg; the READMEs there are written by hand.

    python make_fixtures.py                    in place
    python make_fixtures.py --folder FOLDER    into FOLDER/reference, FOLDER/hybrid, FOLDER/pth and FOLDER/mmseg
    python make_fixtures.py --full             those of the published sizes too (minutes, 6 GB)
"""
import argparse
import pathlib

import torch
from safetensors.torch import save_file

import config
import fixtures_hybrid
import fixtures_layers
import fixtures_mmseg
import fixtures_model
import fixtures_photo
import fixtures_pth
import fixtures_published
import fixtures_refused
import fixtures_synonyms
import fixtures_views
from san import SAN
from tokenizer import Tokenizer

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Fixtures"


def save(tensors, path):
    """Stores integers as they are and everything else as float32."""
    save_file({name: (x.float() if x.is_floating_point() else x).contiguous()
               for name, x in tensors.items()}, path)


@torch.no_grad()
def make_reference(folder, full):
    folder.mkdir(parents=True, exist_ok=True)
    toy, tokenizer = SAN(config.TOY).load_procedural(), Tokenizer()
    tensors, configs = fixtures_model.make(toy, tokenizer)
    tensors |= fixtures_layers.make(toy) | fixtures_photo.make(toy, tokenizer)
    tensors |= fixtures_synonyms.make(toy, tokenizer)
    tensors |= fixtures_views.make(toy, tokenizer)
    if full:
        tensors |= fixtures_published.make()
    for name, values in tensors.items():
        save(values, folder / f"{name}.safetensors")
    for name, value in configs.items():
        value.save(folder / f"{name}.config.json")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=pathlib.Path, default=FIXTURES)
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)  # sums in the same order everywhere
    torch.set_default_dtype(torch.float64)
    make_reference(options.folder / "reference", options.full)
    fixtures_hybrid.write(options.folder / "hybrid")
    torch.set_default_dtype(torch.float32)
    fixtures_pth.make(options.folder / "pth")
    fixtures_refused.make(options.folder / "pth" / "refused")
    fixtures_mmseg.make(options.folder / "mmseg")
    for path in [*(options.folder / "reference").iterdir(), *(options.folder / "hybrid").iterdir(), *(options.folder / "pth").rglob("*.*"),
                 *(options.folder / "mmseg").iterdir()]:
        path.chmod(0o644)


if __name__ == "__main__":
    main()
