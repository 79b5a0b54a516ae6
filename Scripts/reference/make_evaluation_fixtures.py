"""Writes Tests/Fixtures/evaluation: small random label maps and predictions, and their metrics.

    python make_evaluation_fixtures.py FOLDER
"""
import json
import pathlib
import sys

import numpy as np
from PIL import Image

import metrics

# name, classes, offset of the labels' numbers, the number that is left out, classes the labels have, classes given
CASES = (
    ("five", 5, 0, 255, (0, 1, 3), (0, 1, 2)),  # 3 is never given, 2 never true, 4 nowhere
    ("one", 1, 0, 255, (0,), (0,)),
    ("nothing", 3, 0, 255, (), (0, 2)),  # every pixel is left out
    ("offset", 150, 1, 0, range(0, 150, 2), range(120)),
    ("many", 847, 0, 65535, range(0, 847, 3), range(0, 847, 2)),
)
SIZE = (24, 32)


def blocks(random, labels, size):
    """Blocks of one label, so that runs of all lengths occur."""
    side = 4
    if not labels:
        return np.full(size, -1)
    often = random.dirichlet(np.ones(len(labels)))  # an image has some labels more than others
    return random.choice(labels, (size[0] // side, size[1] // side), p=often).repeat(side, 0).repeat(side, 1)


def make(name, classes, offset, ignored, there, given, number, folder):
    random = np.random.default_rng(number + 7)
    truth, images, kind = [], 3, np.uint16 if classes > 255 else np.uint8
    found = []
    for index in range(images):
        labels = blocks(random, list(there), SIZE)
        labels[random.random(SIZE) < 0.1] = -1
        prediction = np.where(random.random(SIZE) < 0.5, labels, blocks(random, list(given), SIZE))
        prediction = np.where(np.isin(prediction, list(given)), prediction, random.choice(list(given), SIZE))
        Image.fromarray(np.where(labels < 0, ignored, labels + offset).astype(kind)).save(
            folder / f"{name}-{index}-labels.png")
        Image.fromarray(prediction.astype(kind)).save(folder / f"{name}-{index}-prediction.png")
        truth.append(labels.ravel())
        found.append(prediction.ravel())
    truth, found = np.concatenate(truth), np.concatenate(found)
    known = truth >= 0
    counts = np.bincount(truth[known], minlength=classes)
    best = np.full_like(truth, counts.argmax())
    oracle = np.concatenate([np.full(SIZE[0] * SIZE[1], np.bincount(part[part >= 0], minlength=classes).argmax())
                             for part in np.split(truth, images)])
    summary = lambda guess: {k: v for k, v in metrics.of(truth, guess, classes).items() if not isinstance(v, list)}
    return {
        "name": name, "classes": classes, "offset": offset, "ignored": ignored, "images": images,
        "metrics": metrics.of(truth, found, classes),
        "best_label": int(counts.argmax()), "best": summary(best),
        "oracle": summary(oracle),
    }


def main(folder):
    folder = pathlib.Path(folder)
    cases = [make(*case, number, folder) for number, case in enumerate(CASES)]
    text = ",\n".join(json.dumps(case) for case in cases)
    (folder / "expected.json").write_text(f"[\n{text}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
