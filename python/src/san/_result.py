"""What is found in an image."""

from __future__ import annotations

import ctypes
import io
import math
from typing import NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ._library import ClassRecord, Handle, MaskRecord, PolygonRecord, ProposalsRecord, check, make, san, view

OTHER = 65535
"""The label of pixels that are none of the classes."""


class ClassPart(NamedTuple):
    """One class's part of an image."""

    name: str
    """Its title, or "other"."""
    label: int
    """Its place in the vocabulary, from 0, or `OTHER`."""
    pixels: int
    """How many pixels it won."""
    coverage: float
    """Its share of the image's pixels, 0 to 1."""
    score: float
    """The mean of its score over its pixels, 0 where it has none. A score is no probability and can exceed 1."""
    color: str
    """Its colour in overlays, `#rrggbb`."""


class Doubt(NamedTuple):
    """How sure labels are: to put images that were labelled alike in the order in which a person should look at them."""

    margin: float
    """By how much the score of the label that won is ahead of the next, in the mean over pixels."""
    unsure: float
    """The share of pixels, 0 to 1, where that is less than 0.1."""


class RunLengths(TypedDict):
    """A mask as pycocotools takes it."""

    size: list[int]
    """Height and width, in pixels."""
    counts: str
    """Compressed run lengths, down the columns."""


class Proposals(NamedTuple):
    """Masks that the network proposes, whatever the classes: Q of them, on a grid of cells.

    The grid lies over the image as the network saw it: resized, and padded at the right and below.
    """

    masks: NDArray[np.float32]
    """`[Q, h, w]`: logits, positive inside."""
    embeddings: NDArray[np.float32]
    """`[Q, E]`, of length 1, in the space of names' embeddings."""
    padded: tuple[int, int]
    """Height and width under the grid, in pixels of the resized image."""
    resized: tuple[int, int]
    """The part of these, from the top left, that is the image."""


class Encoded:
    """What the network has found in an image, whatever the classes: ask it for any number of vocabularies.

    It keeps the image's pixels too, 3 bytes each.
    """

    def __init__(self, handle: Handle, image: Handle) -> None:
        self._handle, self._image = handle, image
        self.size: tuple[int, int] = (
            san.san_image_height(image.pointer), san.san_image_width(image.pointer))
        """The image's height and width, in pixels, turned upright."""

    @property
    def proposals(self) -> Proposals:
        """The masks, as arrays over the library's memory that cannot be written to."""
        record = ProposalsRecord()
        check(san.san_encoded_proposals(self._handle.pointer, ctypes.byref(record)))
        return Proposals(
            view(self._handle, record.masks, (record.count, record.height, record.width), np.float32),
            view(self._handle, record.embeddings, (record.count, record.dimension), np.float32),
            (record.padded_height, record.padded_width), (record.resized_height, record.resized_width))

    def __repr__(self) -> str:
        return f"<Encoded image of {self.size[1]}×{self.size[0]} pixels>"


class Segmentation:
    """What an image holds of a vocabulary.

    Arrays are views of the library's memory, which lives as long as they do, and cannot be written to: copy them
    (`labels.copy()`) to change them. The image's pixels are kept for `overlay`, 3 bytes each.
    """

    def __init__(self, handle: Handle, image: Handle) -> None:
        self._handle, self._image = handle, image
        pointer = handle.pointer
        height, width = san.san_height(pointer), san.san_width(pointer)
        self.labels: NDArray[np.uint16] = view(handle, san.san_label_data(pointer), (height, width), np.uint16)
        """`[H, W]`, upright: a class's place in the vocabulary at each pixel, or `OTHER`."""
        self.classes: tuple[ClassPart, ...] = tuple(map(self._part, range(san.san_class_count(pointer))))
        """The vocabulary's classes in their order, found or not; then "other", where a background or a threshold may take
        pixels."""
        scores = san.san_score_data(pointer)
        self.scores: NDArray[np.float32] | None = None
        """`[K, H, W]`: every class's score at each pixel; None where they were not asked for."""
        if scores is not None:
            self.scores = view(handle, scores, (san.san_score_class_count(pointer), height, width), np.float32)
        margin, unsure = ctypes.c_double(), ctypes.c_double()
        check(san.san_doubt(pointer, ctypes.byref(margin), ctypes.byref(unsure)))
        self.doubt: Doubt | None = None
        """None where it was not asked for, or where there is but one label."""
        if not math.isnan(margin.value):
            self.doubt = Doubt(margin.value, unsure.value)

    def _part(self, index: int) -> ClassPart:
        record = ClassRecord()
        check(san.san_class_at(self._handle.pointer, index, ctypes.byref(record)))
        return ClassPart(
            record.name.decode(), record.label, record.pixels, record.coverage, record.mean_score,
            f"#{san.san_color(record.label):06x}")

    def overlay(self, opacity: float = 0.5, legend: bool = True) -> Image.Image:
        """The image with its classes laid over it.

        opacity: of their colours, 0 to 1.
        legend: whether names and shares stand below, which makes the picture higher.
        """
        drawn = make(
            san.san_image_free, san.san_overlay, self._handle.pointer, self._image.pointer, opacity, int(legend))
        pointer = drawn.pointer
        shape = (san.san_image_height(pointer), san.san_image_width(pointer), 3)
        return Image.fromarray(view(drawn, san.san_image_data(pointer), shape, np.uint8))

    def polygons(self, minimum_area: int = 0, tolerance: float = 0.0) -> dict[str, list[NDArray[np.int32]]]:
        """The outlines of each class's regions, by the class's name: corners `[N, 2]`, x and y in pixels, clockwise.

        Corners lie between pixels, from 0 to the image's width and height. A hole is joined to the outline around it by a
        cut that is walked both ways, as in COCO's files. Classes without pixels are left out.

        minimum_area: regions of fewer pixels are left out, and holes of fewer are filled.
        tolerance: how far a corner may lie from the outline that leaves it out, in pixels.
        """
        if minimum_area < 0:
            raise ValueError(f"minimum_area: {minimum_area} is negative")
        traced = make(san.san_polygons_free, san.san_polygons_new, self._handle.pointer, minimum_area, tolerance)
        found: dict[str, list[NDArray[np.int32]]] = {}
        record = PolygonRecord()
        for index in range(san.san_polygon_count(traced.pointer)):
            check(san.san_polygon_at(traced.pointer, index, ctypes.byref(record)))
            corners = view(traced, record.points, (record.count, 2), np.int32).copy()
            found.setdefault(self.classes[record.label].name, []).append(corners)
        return found

    def rle(self) -> dict[str, RunLengths]:
        """Each class's pixels as COCO's run lengths, by the class's name. Classes without pixels are left out."""
        height, width = self.labels.shape
        return {
            part.name: {"size": [height, width], "counts": self._mask(part).counts.decode()}
            for part in self.classes if part.label != OTHER and part.pixels > 0
        }

    def boxes(self) -> dict[str, tuple[int, int, int, int]]:
        """The smallest box around each class's pixels, by the class's name: left, top, width, height, in pixels."""
        found = {}
        for part in self.classes:
            if part.label != OTHER and part.pixels > 0:
                mask = self._mask(part)
                found[part.name] = (mask.x, mask.y, mask.width, mask.height)
        return found

    def _mask(self, part: ClassPart) -> MaskRecord:
        record = MaskRecord()
        check(san.san_mask_of(self._handle.pointer, part.label, ctypes.byref(record)))
        return record

    def _repr_png_(self) -> bytes:
        """What notebooks show: the overlay with its legend."""
        file = io.BytesIO()
        self.overlay().save(file, "png")
        return file.getvalue()

    def __repr__(self) -> str:
        height, width = self.labels.shape
        most = sorted((part for part in self.classes if part.pixels), key=lambda part: -part.pixels)
        shares = ", ".join(f"{part.name} {100 * part.coverage:.1f} %" for part in most[:5])
        return f"<Segmentation of {width}×{height} pixels: {shares}{', …' if len(most) > 5 else ''}>"
