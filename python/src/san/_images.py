"""Pictures in all the forms that a segmenter takes."""

from __future__ import annotations

import os
from typing import Any, Union

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ._errors import InvalidArgumentError
from ._library import Handle, make, san

ImageLike = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview, Image.Image, NDArray[np.uint8]]
"""A picture: a file's path, a file's bytes, a PIL picture, or pixels `[H, W, 3]`, red, green, blue."""


def image_handle(image: ImageLike) -> Handle:
    """The picture as the library has it."""
    if isinstance(image, (str, os.PathLike)):
        path = os.fsencode(image)
        if b"\0" in path:
            raise InvalidArgumentError(f"{image!r} has a zero byte in it")
        return make(san.san_image_free, san.san_image_file, path)
    if isinstance(image, (bytes, bytearray, memoryview)):
        data = np.frombuffer(image, np.uint8) if len(image) else np.empty(0, np.uint8)
        return make(san.san_image_free, san.san_image_bytes, data.ctypes.data, data.size, b"image")
    if isinstance(image, Image.Image):
        return _pixels(pil_pixels(image))
    if isinstance(image, np.ndarray):
        return _pixels(image)
    raise TypeError(
        f"an image is a path, a file's bytes, a PIL picture or a NumPy array, not {type(image).__name__}")


def _pixels(pixels: NDArray[Any]) -> Handle:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise InvalidArgumentError(
            f"pixels are uint8 of shape [H, W, 3], not {pixels.dtype} of {list(pixels.shape)}: convert them first")
    height, width, _ = pixels.shape
    # Rows may lie apart, as in a cut of a larger picture, but not pixels.
    if pixels.strides[1:] != (3, 1) or pixels.strides[0] < 3 * width:
        pixels = np.ascontiguousarray(pixels)
    return make(
        san.san_image_free, san.san_image_pixels, pixels.ctypes.data, width, height,
        pixels.strides[0] if height > 1 else 3 * width)


def pil_pixels(image: Image.Image) -> NDArray[np.uint8]:
    """The pixels `[H, W, 3]` of a PIL picture, not turned: what the engine reads of the same picture in a file.

    Transparent pixels are laid over white, and of 16-bit grey the high byte counts.
    """
    if image.mode.startswith("I;16"):
        grey = (np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if image.has_transparency_data:
        picture = image.convert("RGBA")
        white = Image.new("RGBA", picture.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, picture)
    return np.asarray(image.convert("RGB"))
