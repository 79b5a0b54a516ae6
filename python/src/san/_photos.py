"""One photo as one row of a table: what `san.ray` and `san.spark` have in common."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Union

import numpy as np
from numpy.typing import NDArray

from ._errors import SanError
from ._result import OTHER
from ._segmenter import Segmenter
from ._vocabulary import Background, Classes, ClassName, Vocabulary


@dataclass(frozen=True)
class Job:
    """What to do with each photo: plain values, which can be sent to another machine."""

    model: str
    precision: str
    classes: Union[str, tuple[ClassName, ...]]
    background: Union[str, tuple[str, ...], None]
    threshold: float
    short_side: int | None

    @staticmethod
    def of(
        classes: Classes, background: Background | None, model: str, precision: str, threshold: float,
        short_side: int | None
    ) -> Job:
        """A job as users describe it; see `Segmenter`."""
        names: Union[str, tuple[ClassName, ...]]
        if isinstance(classes, str):
            names = classes
        elif isinstance(classes, Mapping):
            names = tuple(ClassName(title, tuple(synonyms)) for title, synonyms in classes.items())
        else:
            names = tuple(name if isinstance(name, ClassName) else ClassName(name) for name in classes)
        competing = background if background is None or isinstance(background, str) else tuple(background)
        return Job(model, precision, names, competing, threshold, short_side)

    def row(self, path: str, image: Union[bytes, NDArray[np.uint8]], threads: int | None) -> dict[str, Any]:
        """A photo's row: `path`, `width`, `height`, `error` and `classes`.

        Where the photo cannot be segmented, `error` says why, and all else but the path is empty. Of `classes` there are
        those that were found: `name`, `label`, `pixels`, `coverage` (0 to 1), `score` and `rle`, COCO's run lengths.
        """
        segmenter, vocabulary = self._opened(threads)
        try:
            found = segmenter.segment(
                image, vocabulary, threshold=self.threshold, short_side=self.short_side)
        except SanError as error:
            return {"path": path, "width": None, "height": None, "error": str(error), "classes": []}
        masks = found.rle()
        height, width = found.labels.shape
        classes = [
            {"name": part.name, "label": part.label, "pixels": part.pixels, "coverage": part.coverage,
             "score": part.score, "rle": masks[part.name]["counts"]}
            for part in found.classes if part.label != OTHER and part.pixels > 0
        ]
        return {"path": path, "width": width, "height": height, "error": None, "classes": classes}

    def _opened(self, threads: int | None) -> tuple[Segmenter, Vocabulary]:
        """The job's model and classes, which a process loads once."""
        key = (self, threads, os.getpid())
        with _lock:
            if key not in _kept:
                _kept.clear()  # one job at a time
                segmenter = Segmenter(self.model, threads, self.precision)
                vocabulary = segmenter.vocabulary(self.classes, background=self.background)
                _kept[key] = (segmenter, vocabulary)
            return _kept[key]


_lock = threading.Lock()
_kept: dict[tuple[Job, int | None, int], tuple[Segmenter, Vocabulary]] = {}
