"""A picture is the same picture in every form."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from conftest import PHOTO, expected_labels
from numpy.typing import NDArray
from PIL import Image

import san

LABELS = "labels.png"


@pytest.fixture(scope="module")
def pixels() -> NDArray[np.uint8]:
    with Image.open(PHOTO) as photo:
        return np.asarray(photo.convert("RGB"))


def seen(segmenter: san.Segmenter, image: san.ImageLike) -> NDArray[np.uint8]:
    """The pixels that the engine has of a picture."""
    found = segmenter.segment(image, segmenter.vocabulary(["cat"], background="none"))
    return np.asarray(found.overlay(opacity=0, legend=False))


def test_every_form(segmenter: san.Segmenter, vocabulary: san.Vocabulary, pixels: NDArray[np.uint8]) -> None:
    data = PHOTO.read_bytes()
    wide = np.zeros((pixels.shape[0], pixels.shape[1] + 40, 3), np.uint8)
    wide[:, 7:-33] = pixels
    forms: list[san.ImageLike] = [
        PHOTO, str(PHOTO), data, bytearray(data), memoryview(data), Image.open(PHOTO), pixels, wide[:, 7:-33],
        pixels[::-1][::-1], np.asfortranarray(pixels),
    ]
    for form in forms:
        np.testing.assert_array_equal(segmenter.segment(form, vocabulary).labels, expected_labels(LABELS))


def test_mirrored_and_cut_arrays(segmenter: san.Segmenter, pixels: NDArray[np.uint8]) -> None:
    for view in (pixels[:, ::-1], pixels[::2, ::3], pixels[..., ::-1], pixels[5:6], pixels[:, 5:6]):
        plain = segmenter.vocabulary(["cat", "wall"], background="none")
        np.testing.assert_array_equal(
            segmenter.segment(view, plain).labels, segmenter.segment(view.copy(), plain).labels)


def test_pil_modes(segmenter: san.Segmenter) -> None:
    """A PIL picture is what the engine reads of it in a file; transparent pixels within one step."""
    random = np.random.default_rng(1)
    colors = random.integers(0, 256, (24, 31, 4), np.uint8)
    grey16 = random.integers(0, 65536, (24, 31), np.uint16)
    pictures = [
        Image.fromarray(colors), Image.fromarray(colors[..., :3]), Image.fromarray(colors[..., 0]),
        Image.fromarray(colors).convert("LA"),
        Image.fromarray(colors[..., :3]).quantize(16), Image.fromarray(grey16),
    ]
    for picture in pictures:
        file = io.BytesIO()
        picture.save(file, "png")
        direct, read = seen(segmenter, picture), seen(segmenter, file.getvalue())
        assert np.abs(direct.astype(int) - read).max() <= (1 if picture.has_transparency_data else 0), picture.mode


def test_files_are_turned_upright(segmenter: san.Segmenter, pixels: NDArray[np.uint8]) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees, clockwise
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png", exif=exif)
    assert segmenter.encode(file.getvalue()).size == (pixels.shape[1], pixels.shape[0])
    # What is in memory is as its owner has it.
    assert segmenter.encode(Image.open(file)).size == pixels.shape[:2]


@pytest.mark.parametrize(
    "image, error, says",
    [
        ("/no/photo.jpg", san.CannotReadError, "/no/photo.jpg"),
        (Path("/no/photo.jpg"), OSError, "/no/photo.jpg"),
        ("a\0b", san.InvalidArgumentError, "zero byte"),
        (__file__, san.BadDataError, "test_images.py"),
        (b"", san.BadDataError, "image"),
        (b"no picture", ValueError, "image"),
        (np.zeros((4, 4), np.uint8), san.InvalidArgumentError, r"\[4, 4\]"),
        (np.zeros((4, 4, 4), np.uint8), san.InvalidArgumentError, r"\[H, W, 3\]"),
        (np.zeros((4, 4, 3), np.float32), san.InvalidArgumentError, "float32"),
        (np.zeros((0, 4, 3), np.uint8), san.InvalidArgumentError, "4×0"),
        (7, TypeError, "not int"),
        (None, TypeError, "not NoneType"),
    ],
)
def test_what_is_no_picture(
    segmenter: san.Segmenter, vocabulary: san.Vocabulary, image: san.ImageLike, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        segmenter.segment(image, vocabulary)


def test_a_cut_file_is_an_error(segmenter: san.Segmenter) -> None:
    with pytest.raises(san.BadDataError, match="image"):
        segmenter.encode(PHOTO.read_bytes()[:5000])
