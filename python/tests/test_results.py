"""Results are san-cli's, array by array."""

from __future__ import annotations

import gc
import io
from typing import Any

import numpy as np
import pytest
from conftest import CLASSES, PHOTO, ROCKET, expected, expected_labels
from IPython.core.formatters import DisplayFormatter
from PIL import Image
from pycocotools import mask as coco_mask

import san


def annotations(name: str) -> dict[str, Any]:
    """A data set's annotations of its one image, by class."""
    data = expected(name)
    names = {category["id"]: category["name"] for category in data["categories"]}
    return {names[annotation["category_id"]]: annotation for annotation in data["annotations"]}


def test_labels(result: san.Segmentation) -> None:
    assert result.labels.dtype == np.uint16
    np.testing.assert_array_equal(result.labels, expected_labels("labels.png"))
    assert set(np.unique(result.labels)) == {0, 1, 2, san.OTHER}, "a photo with all of them"


def test_classes(result: san.Segmentation) -> None:
    report = expected("result.json")
    parts = [*report["classes"], report["other"]]
    assert [part.name for part in result.classes] == [part["name"] for part in parts] == [*CLASSES, "other"]
    for found, right in zip(result.classes, parts):
        assert found.pixels == right["pixels"] == (result.labels == found.label).sum()
        assert found.coverage == right["coverage"]
        assert found.score == (right["score"] or 0)
        assert found.color == right["color"]
    assert [part.label for part in result.classes] == [0, 1, 2, san.OTHER]


def test_scores_and_doubt(
    result: san.Segmentation, segmenter: san.Segmenter, encoded: san.Encoded, vocabulary: san.Vocabulary
) -> None:
    assert result.scores is not None and result.scores.dtype == np.float32
    np.testing.assert_array_equal(result.scores, expected("scores.npy"))
    assert result.doubt is not None
    assert result.doubt._asdict() == expected("result.json")["doubt"]
    plain = segmenter.segment(encoded, vocabulary)
    assert plain.scores is None and plain.doubt is None


def test_nothing_is_copied(segmenter: san.Segmenter, encoded: san.Encoded, vocabulary: san.Vocabulary) -> None:
    result = segmenter.segment(encoded, vocabulary, scores=True)
    labels, scores = result.labels, result.scores
    assert scores is not None
    right = labels.copy(), scores.copy()
    for array in (labels, scores):
        assert not array.flags.owndata and not array.flags.writeable
        with pytest.raises(ValueError):
            array[...] = 0
    # An array, or a part of one, outlives the result: the library's memory is its own until then.
    part = labels[10:20]
    del result
    gc.collect()
    others = [segmenter.segment(encoded, vocabulary, scores=True) for _ in range(3)]
    np.testing.assert_array_equal(labels, right[0])
    np.testing.assert_array_equal(scores, right[1])
    del labels, others
    gc.collect()
    np.testing.assert_array_equal(part, right[0][10:20])


def test_overlay(result: san.Segmentation) -> None:
    overlay = result.overlay()
    assert overlay.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(overlay), expected("overlay.png"))
    plain = result.overlay(opacity=0, legend=False)
    assert (plain.height, plain.width) == result.labels.shape
    with pytest.raises(san.InvalidArgumentError, match="opacity 2"):
        result.overlay(opacity=2)


def test_a_notebook_shows_the_overlay(result: san.Segmentation) -> None:
    data, _ = DisplayFormatter().format(result)
    shown = Image.open(io.BytesIO(data["image/png"]))
    np.testing.assert_array_equal(np.asarray(shown), expected("overlay.png"))
    assert "person" in data["text/plain"]


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # in pycocotools
def test_run_lengths_and_boxes(result: san.Segmentation) -> None:
    right = annotations("rle.json")
    masks, boxes = result.rle(), result.boxes()
    assert set(masks) == set(boxes) == set(right)
    for name, mask in masks.items():
        assert mask == right[name]["segmentation"]
        assert list(boxes[name]) == right[name]["bbox"]
        label = list(CLASSES).index(name)
        np.testing.assert_array_equal(coco_mask.decode(dict(mask)), result.labels == label)


def test_polygons(result: san.Segmentation) -> None:
    right = annotations("polygons.json")
    polygons = result.polygons()
    assert set(polygons) == set(right)
    for name, regions in polygons.items():
        assert [region.ravel().tolist() for region in regions] == right[name]["segmentation"]
    few = result.polygons(minimum_area=500, tolerance=3)
    assert sum(map(len, few.values())) < sum(map(len, polygons.values()))
    for wrong in ({"minimum_area": -1}, {"tolerance": -1.0}, {"tolerance": float("nan")}):
        with pytest.raises(ValueError):
            result.polygons(**wrong)  # type: ignore[arg-type]


def test_proposals(encoded: san.Encoded) -> None:
    proposals = encoded.proposals
    count, height, width = proposals.masks.shape
    assert proposals.embeddings.shape[0] == count
    np.testing.assert_allclose(np.linalg.norm(proposals.embeddings, axis=1), 1, rtol=1e-5)
    assert proposals.padded[0] >= proposals.resized[0] and proposals.padded[1] >= proposals.resized[1]
    assert proposals.padded[0] % height == 0 and proposals.padded[1] % width == 0
    assert not proposals.masks.flags.writeable
    with Image.open(PHOTO) as photo:
        assert encoded.size == (photo.height, photo.width)


def test_the_ways_to_ask(segmenter: san.Segmenter, encoded: san.Encoded) -> None:
    mean = segmenter.vocabulary(CLASSES, synonyms="mean")
    np.testing.assert_array_equal(segmenter.segment(encoded, mean).labels, expected_labels("mean.png"))
    coco = segmenter.vocabulary("coco-80")
    assert coco.background == ()
    np.testing.assert_array_equal(segmenter.segment(encoded, coco).labels, expected_labels("coco.png"))
    odd = segmenter.vocabulary(
        [san.ClassName("person", ("person", "man")), "sky", "grass"], background=["building", "camera"])
    found = segmenter.segment(PHOTO, odd, threshold=0.75, short_side=256)
    np.testing.assert_array_equal(found.labels, expected_labels("odd.png"))
    plain = segmenter.vocabulary(["rocket", "sky"], background="none")
    np.testing.assert_array_equal(segmenter.segment(ROCKET, plain).labels, expected_labels("rocket.png"))


def test_integers() -> None:
    with san.Segmenter(precision="int8", threads=1) as segmenter:
        found = segmenter.segment(PHOTO, segmenter.vocabulary(CLASSES))
        assert segmenter.threads == 1
    np.testing.assert_array_equal(found.labels, expected_labels("int8.png"))


def test_built_in_sets() -> None:
    assert "coco-80" in san.vocabularies()
    names = san.class_names("coco-80")
    assert len(names) == 80 and names[0] == "person"
