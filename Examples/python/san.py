"""libsan for Python, by ctypes: open-vocabulary segmentation on the CPU.

    with san.Segmenter() as segmenter:
        segmenter.set_classes(["cat", "dog"])
        found = segmenter.segment("photo.jpg")
        print(found.classes, found.labels[0])
"""

import array
import ctypes
import os
from typing import NamedTuple

ABI_VERSION = 1
OTHER = 65535


class SanError(Exception):
    """What libsan says went wrong; `status` is as san.h numbers it."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class ClassPart(NamedTuple):
    """One class's part of a picture; "other", where there is one, comes last and has the label OTHER."""

    name: str
    label: int
    pixels: int
    coverage: float  # pixels as a share of the picture, 0 to 1
    mean_score: float


class Segmentation(NamedTuple):
    """What was found in a picture."""

    width: int
    height: int
    labels: array.array  # height rows of width 16-bit labels
    classes: list


class _Class(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("pixels", ctypes.c_uint64),
        ("coverage", ctypes.c_double),
        ("mean_score", ctypes.c_double),
        ("label", ctypes.c_uint16),
    ]


def _load(path):
    library = ctypes.CDLL(path or os.environ.get("SAN_LIBRARY") or "libsan.so.1")
    pointer, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
    signatures = {
        "san_abi_version": (ctypes.c_uint32, []),
        "san_last_error": (text, []),
        "san_open": (ctypes.c_int, [text, ctypes.c_int, ctypes.POINTER(pointer)]),
        "san_close": (None, [pointer]),
        "san_set_classes": (ctypes.c_int, [pointer, ctypes.POINTER(text), size, ctypes.c_int]),
        "san_set_threshold": (ctypes.c_int, [pointer, ctypes.c_float]),
        "san_segment_file": (ctypes.c_int, [pointer, text, ctypes.POINTER(pointer)]),
        "san_segment_pixels": (ctypes.c_int, [pointer, text, size, size, size, ctypes.POINTER(pointer)]),
        "san_width": (size, [pointer]),
        "san_height": (size, [pointer]),
        "san_labels": (ctypes.c_int, [pointer, ctypes.POINTER(ctypes.c_uint16), size]),
        "san_class_count": (size, [pointer]),
        "san_class_at": (ctypes.c_int, [pointer, size, ctypes.POINTER(_Class)]),
        "san_free": (None, [pointer]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    if library.san_abi_version() != ABI_VERSION:
        raise ImportError(f"libsan has version {library.san_abi_version()} of its functions; {ABI_VERSION} is needed")
    return library


def _text(value):
    """A string or path as C takes it."""
    encoded = os.fsencode(value)
    if b"\0" in encoded:
        raise ValueError(f"{value!r} has a zero byte in it")
    return encoded


class Segmenter:
    """A loaded model and its classes. Any number of threads may use one."""

    def __init__(self, model=None, threads=0, library=None):
        """`model`: a model file, or None for the one that comes with the library. `threads`: 0 is one a processor.
        `library`: libsan's path; else SAN_LIBRARY in the environment, else where the system finds it."""
        self._handle = ctypes.c_void_p()
        self._san = _load(library)
        path = None if model is None else _text(model)
        self._check(self._san.san_open(path, threads, ctypes.byref(self._handle)))

    def set_classes(self, names, distractors=True):
        """Names the classes; a class's label is its place. `distractors`: COCO-Stuff's names compete, and what they
        win is OTHER."""
        encoded = [_text(name) for name in names]
        strings = (ctypes.c_char_p * len(encoded))(*encoded)
        self._check(self._san.san_set_classes(self._handle, strings, len(encoded), int(distractors)))

    def set_threshold(self, threshold):
        """Pixels whose best score is lower become OTHER; 0 lets all pass."""
        self._check(self._san.san_set_threshold(self._handle, threshold))

    def segment(self, path):
        """Segments a picture file, such as JPEG or PNG."""
        found = ctypes.c_void_p()
        self._check(self._san.san_segment_file(self._handle, _text(path), ctypes.byref(found)))
        return self._take(found)

    def segment_pixels(self, pixels, width, height):
        """Segments `bytes` of red, green and blue, row by row without gaps."""
        if len(pixels) != width * height * 3:
            raise ValueError(f"{width}x{height} pixels are {width * height * 3} bytes, not {len(pixels)}")
        found = ctypes.c_void_p()
        self._check(
            self._san.san_segment_pixels(self._handle, pixels, width, height, width * 3, ctypes.byref(found)))
        return self._take(found)

    def close(self):
        """Frees the model."""
        handle, self._handle = self._handle, ctypes.c_void_p()
        self._san.san_close(handle)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _take(self, found):
        """Copies what the library found, and frees it there."""
        try:
            width, height = self._san.san_width(found), self._san.san_height(found)
            labels = array.array("H", bytes(2 * width * height))
            into = (ctypes.c_uint16 * len(labels)).from_buffer(labels)
            self._check(self._san.san_labels(found, into, len(labels)))
            classes, part = [], _Class()
            for index in range(self._san.san_class_count(found)):
                self._check(self._san.san_class_at(found, index, ctypes.byref(part)))
                classes.append(
                    ClassPart(part.name.decode(), part.label, part.pixels, part.coverage, part.mean_score))
            return Segmentation(width, height, labels, classes)
        finally:
            self._san.san_free(found)

    def _check(self, status):
        if status != 0:
            raise SanError(status, self._san.san_last_error().decode())
