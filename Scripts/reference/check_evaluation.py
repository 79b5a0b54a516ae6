"""Computes the metrics of label maps that `san-cli eval --predictions` wrote, and compares them with its `--json`.

    san-cli eval --images I --labels L --vocabulary S --predictions P --json report.json --baselines …
    python check_evaluation.py report.json --labels L --predictions P [--ignore 255] [--label-offset N]
        [--label-names FILE] [--label-suffix TEXT]

Nothing of the program's is used but the two kinds of files: labels are decoded by Pillow, and metrics.py computes. Exits 1
beyond 1e-12, relative.
"""
import argparse
import json
import pathlib
import sys

import numpy as np
from PIL import Image

import metrics

RELATIVE = 1e-12


def truth_table(arguments, names):
    """A class index for each of 65,536 numbers; -1 where pixels are left out, -2 where the number is an error."""
    table = np.full(65536, -2)
    if arguments.label_names:
        table[:] = -1
        for line in pathlib.Path(arguments.label_names).read_text(encoding="utf-8").splitlines():
            number, name = line.split("\t")
            table[int(number)] = names.index(name) if name in names else -2
    else:
        table[arguments.label_offset:arguments.label_offset + len(names)] = np.arange(len(names))
        table[:arguments.label_offset] = -1
    table[[int(number) for number in arguments.ignore.split(",")]] = -1
    return table


def compare(found, expected, path, worst):
    for name, value in expected.items():
        own = found[name]
        if value is None or own is None:
            if value is not own:
                sys.exit(f"{path}{name}: the report has {value}, expected is {own}")
            continue
        difference = abs(value - own) / max(abs(own), 1e-300) if own or value else 0.0
        worst[0] = max(worst[0], difference)
        if difference > RELATIVE:
            sys.exit(f"{path}{name}: the report has {value}, expected is {own}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("report")
    parser.add_argument("--labels", required=True)
    parser.add_argument("--predictions", required=True)
    parser.add_argument("--ignore", default="255")
    parser.add_argument("--label-offset", type=int, default=0)
    parser.add_argument("--label-names")
    parser.add_argument("--label-suffix", default="")
    arguments = parser.parse_args()
    report = json.loads(pathlib.Path(arguments.report).read_text(encoding="utf-8"))
    names = [entry["name"] for entry in report["classes"]]
    table = truth_table(arguments, names)

    predictions = pathlib.Path(arguments.predictions)
    truth, found, oracle = [], [], []
    for path in sorted(predictions.rglob("*.png")):
        place = path.relative_to(predictions)
        place = place.with_name(f"{place.stem}{arguments.label_suffix}.png")
        true = table[np.asarray(Image.open(pathlib.Path(arguments.labels) / place))]
        given = np.asarray(Image.open(path))
        assert true.shape == given.shape and (true > -2).all(), place
        truth.append(true.ravel())
        found.append(given.ravel())
        known = true[true >= 0]
        most = np.bincount(known, minlength=len(names)).argmax() if known.size else 0
        oracle.append(np.full(true.size, most))
    assert len(truth) == report["images"], f"{len(truth)} predictions, {report['images']} images in the report"
    truth, found, oracle = map(np.concatenate, (truth, found, oracle))
    known = truth >= 0
    worst = [0.0]
    compare({"counted": int(known.sum()), "left_out": int((~known).sum())},
            {key: report["pixels"][key] for key in ("counted", "left_out")}, "pixels.", worst)
    model = metrics.of(truth, found, len(names))
    compare(model, report["metrics"], "metrics.", worst)
    for key, name in (("iou", "iou"), ("accuracy", "accuracy"), ("true_pixels", "true_pixels"),
                      ("predicted_pixels", "predicted_pixels")):
        for index, entry in enumerate(report["classes"]):
            compare({name: model[key][index]}, {name: entry[name]}, f"classes[{index}].", worst)
    if report["baselines"]:
        best = np.bincount(truth[known], minlength=len(names)).argmax()
        assert names[best] == report["baselines"]["best_label"].pop("class")
        for key, guess in (("best_label", np.full(truth.size, best)), ("oracle", oracle)):
            compare(metrics.of(truth, guess, len(names)), report["baselines"][key], f"baselines.{key}.", worst)
    for name, value in report["metrics"].items():
        print(f"{name:26} {value * 100:8.4f} %" if value is not None else f"{name:26}        -")
    print(f"{len(names)} classes, {report['images']} images: equal; the largest relative difference is {worst[0]:.1e}")


if __name__ == "__main__":
    main()
