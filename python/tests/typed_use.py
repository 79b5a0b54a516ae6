"""What a user writes, for `mypy --strict`; it is not run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from typing_extensions import assert_type

import san
import san.ray
import san.spark

segmenter = san.Segmenter(model="san-mini", threads=None, precision="f32")
vocabulary = segmenter.vocabulary(["cat", san.ClassName("dog", ("dog", "puppy"))], background=["sofa"])
assert_type(vocabulary, san.Vocabulary)
segmenter.vocabulary({"cat": ["cat", "kitten"]}, synonyms="mean")
segmenter.vocabulary("coco-80", background="distractors")

encoded = segmenter.encode(Path("photo.jpg"), short_side=256)
result = segmenter.segment(encoded, vocabulary, threshold=0.5, scores=True, doubt=True)
assert_type(result.labels, NDArray[np.uint16])
assert_type(result.scores, NDArray[np.float32] | None)
assert_type(result.classes, tuple[san.ClassPart, ...])
assert_type(result.classes[0].coverage, float)
assert_type(result.overlay(opacity=0.3), Image.Image)
assert_type(result.polygons(minimum_area=10), dict[str, list[NDArray[np.int32]]])
assert_type(result.rle()["cat"]["counts"], str)
assert_type(encoded.proposals.masks, NDArray[np.float32])
segmenter.segment(b"bytes", vocabulary)
segmenter.segment(np.zeros((4, 4, 3), np.uint8), vocabulary)
segmenter.segment(Image.new("RGB", (4, 4)), vocabulary)


async def main() -> None:
    assert_type(await segmenter.segment_async("photo.jpg", vocabulary), san.Segmentation)
    assert_type(await segmenter.encode_async("photo.jpg"), san.Encoded)
    assert_type(await segmenter.vocabulary_async(["cat"]), san.Vocabulary)


labeller = san.ray.Labeller(["cat", "dog"], threshold=0.5)
function = san.spark.labeller(["cat", "dog"])
