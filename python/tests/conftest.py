"""What the tests share. They run where Scripts/check-wheel has put photos and what san-cli makes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import san

HOME = Path(__file__).parent.parent
PHOTO = HOME / "photos" / "camera.png"
ROCKET = HOME / "photos" / "rocket.jpg"
CLASSES = {"person": ["person", "man"], "sky": [], "grass": []}


@pytest.fixture(scope="session")
def segmenter() -> san.Segmenter:
    return san.Segmenter()


@pytest.fixture(scope="session")
def vocabulary(segmenter: san.Segmenter) -> san.Vocabulary:
    return segmenter.vocabulary(CLASSES)


@pytest.fixture(scope="session")
def encoded(segmenter: san.Segmenter) -> san.Encoded:
    return segmenter.encode(PHOTO)


@pytest.fixture(scope="session")
def result(segmenter: san.Segmenter, encoded: san.Encoded, vocabulary: san.Vocabulary) -> san.Segmentation:
    return segmenter.segment(encoded, vocabulary, scores=True, doubt=True)


def expected(name: str) -> Any:
    """What san-cli has written: JSON, or an array; of a label map, with "other" as OTHER."""
    path = HOME / "expected" / name
    if path.suffix == ".json":
        return json.loads(path.read_text())
    if path.suffix == ".npy":
        return np.load(path)
    return np.asarray(Image.open(path))


def expected_labels(name: str) -> NDArray[np.uint16]:
    labels = expected(name).astype(np.uint16)
    labels[labels == 255] = san.OTHER
    return np.asarray(labels, np.uint16)
