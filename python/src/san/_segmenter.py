"""A loaded model."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar, Union

from ._errors import InvalidArgumentError, SanError
from ._images import ImageLike, image_handle
from ._library import Handle, make, new_control, san, text
from ._result import Encoded, Segmentation
from ._vocabulary import Background, Classes, Vocabulary, make_vocabulary

Result = TypeVar("Result")

_RUNS_AT_ONCE = 2
"""Of asyncio's forms: one run has all threads in the network's loops, and another uses what it leaves idle between them."""


class Segmenter:
    """Labels the pixels of images with classes named in words.

        segmenter = san.Segmenter()
        vocabulary = segmenter.vocabulary(["cat", "dog"])
        result = segmenter.segment("photo.jpg", vocabulary)

    A model is loaded once and a vocabulary made once; both serve any number of images, from any number of threads: no call
    holds Python's global lock while it computes. Of the asyncio forms two run at once and the others wait; to cancel such a
    task ends its run. A process that is forked opens segmenters of its own.
    """

    def __init__(
        self, model: Union[str, "os.PathLike[str]"] = "san-mini", threads: int | None = None, precision: str = "f32"
    ) -> None:
        """Loads a model.

        model: `san-mini`, which comes with the package, another installed model's name (`san-cli models`), or a file.
        threads: 1 to 1024 that compute; None for one a processor.
        precision: in what the network computes: `f32`; `int8`, which is faster and labels a few pixels otherwise; or `bf16`, on
            processors with AVX-512 BF16.
        """
        if threads is not None and not 1 <= threads <= 1024:
            raise InvalidArgumentError(f"threads: {threads} is not allowed; 1 to 1024 is, and None for one a processor")
        self._handle: Handle | None = make(
            san.san_close, san.san_open_model, text(os.fsdecode(model)), text(precision), threads or 0)
        self.name: str = san.san_model_name(self._handle.pointer).decode()
        """The model's name."""
        self.threads: int = san.san_threads(self._handle.pointer)
        """How many threads compute."""
        self.precision = precision
        """In what the network computes."""
        self._lock = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None

    def vocabulary(
        self, classes: Classes, *, background: Background | None = None, synonyms: str = "best"
    ) -> Vocabulary:
        """Makes classes ready.

        classes: names, a class's place being its label: `["cat", "dog"]`; with synonyms,
            `{"cat": ["cat", "kitten"], "dog": []}` or `[san.ClassName("cat", ("cat", "kitten")), "dog"]`; or a built-in set,
            `"coco-80"` (`san.vocabularies()` lists them).
        background: what pixels may be that are none of the classes. `"none"`: nothing. `"distractors"`: COCO-Stuff's names
            compete, those near a class left out, and what they win is "other". A list: these names compete. Where it is
            None, none for a built-in set and distractors else.
        synonyms: whether a mask counts for the `best` of a class's names, or for their `mean`.
        """
        return make_vocabulary(self._open, classes, background, synonyms, None)

    def encode(self, image: ImageLike, *, short_side: int | None = None) -> Encoded:
        """Runs the network on an image, which is most of the work of segmenting it.

        image: a path, a file's bytes, a PIL picture, or pixels `[H, W, 3]` uint8, red green blue. Files are turned upright
            as they say; PIL pictures are taken as they are.
        short_side: to which the image's short side is resized, 1 to 65535 pixels; None for the model's own.
        """
        return self._encode(image, short_side, None)

    def segment(
        self, image: ImageLike | Encoded, vocabulary: Vocabulary, *, threshold: float = 0.0, scores: bool = False,
        doubt: bool = False, short_side: int | None = None
    ) -> Segmentation:
        """Labels an image's pixels.

        image: as `encode` takes it, or what that returns.
        vocabulary: made by this segmenter, or another of the same model.
        threshold: pixels whose best score is lower become "other".
        scores: whether to keep all scores, 4 bytes for each class at each pixel.
        doubt: whether to measure how sure the labels are.
        short_side: as for `encode`; not for what is encoded.
        """
        return self._segment(image, vocabulary, threshold, scores, doubt, short_side, None)

    async def vocabulary_async(
        self, classes: Classes, *, background: Background | None = None, synonyms: str = "best"
    ) -> Vocabulary:
        """As `vocabulary`, in a thread of its own; ended with its task."""
        return await self._in_thread(
            lambda control: make_vocabulary(self._open, classes, background, synonyms, control))

    async def encode_async(self, image: ImageLike, *, short_side: int | None = None) -> Encoded:
        """As `encode`, in a thread of its own; ended with its task."""
        return await self._in_thread(lambda control: self._encode(image, short_side, control))

    async def segment_async(
        self, image: ImageLike | Encoded, vocabulary: Vocabulary, *, threshold: float = 0.0, scores: bool = False,
        doubt: bool = False, short_side: int | None = None
    ) -> Segmentation:
        """As `segment`, in a thread of its own; ended with its task."""
        return await self._in_thread(
            lambda control: self._segment(image, vocabulary, threshold, scores, doubt, short_side, control))

    def close(self) -> None:
        """Frees the model, as soon as no call uses it any more. What it has made stays."""
        with self._lock:
            executor, self._executor, self._handle = self._executor, None, None
        if executor is not None:
            executor.shutdown(wait=False)

    def __enter__(self) -> Segmenter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Segmenter {self.name}, {self.precision}, {self.threads} threads>"

    @property
    def _open(self) -> Handle:
        handle = self._handle
        if handle is None:
            raise SanError("the segmenter is closed")
        return handle

    def _encode(self, image: ImageLike, short_side: int | None, control: Handle | None) -> Encoded:
        segmenter, side = self._open, _side(short_side)
        picture = image_handle(image)
        encoded = make(
            san.san_encoded_free, san.san_encode, segmenter.pointer, picture.pointer, side, _pointer(control))
        return Encoded(encoded, picture)

    def _segment(
        self, image: ImageLike | Encoded, vocabulary: Vocabulary, threshold: float, scores: bool, doubt: bool,
        short_side: int | None, control: Handle | None
    ) -> Segmentation:
        if not isinstance(vocabulary, Vocabulary):
            raise TypeError(f"a vocabulary is what Segmenter.vocabulary returns, not {type(vocabulary).__name__}")
        segmenter, classes = self._open, vocabulary._handle
        last = (threshold, (1 if scores else 0) + (2 if doubt else 0), _pointer(control))
        if isinstance(image, Encoded):
            if short_side is not None:
                raise InvalidArgumentError("short_side: the image is encoded already; say it where it is encoded")
            found = make(
                san.san_free, san.san_segment_encoded, segmenter.pointer, image._handle.pointer, classes.pointer, *last)
            return Segmentation(found, image._image)
        side = _side(short_side)
        picture = image_handle(image)
        found = make(
            san.san_free, san.san_segment_image, segmenter.pointer, picture.pointer, classes.pointer, side, *last)
        return Segmentation(found, picture)

    async def _in_thread(self, work: Callable[[Handle], Result]) -> Result:
        with self._lock:
            if self._executor is None and self._open:
                self._executor = ThreadPoolExecutor(_RUNS_AT_ONCE, thread_name_prefix="san")
            executor = self._executor
        control = new_control()
        try:
            return await asyncio.get_running_loop().run_in_executor(executor, work, control)
        except asyncio.CancelledError:
            san.san_control_cancel(control.pointer)
            raise


def _pointer(control: Handle | None) -> int | None:
    return None if control is None else control.pointer


def _side(short_side: int | None) -> int:
    if short_side is not None and not 1 <= short_side <= 65535:
        raise InvalidArgumentError(f"short_side: {short_side} is not allowed; 1 to 65535 pixels are")
    return short_side or 0
