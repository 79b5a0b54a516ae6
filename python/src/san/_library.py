"""libsan by ctypes: its functions as san.h declares them, and the life of its objects.

ctypes lets go of Python's global lock while a function of the library runs.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ._errors import BY_STATUS, InvalidArgumentError, SanError

_ABI_VERSION = 1

_pointer = ctypes.c_void_p
_text = ctypes.c_char_p
_size = ctypes.c_size_t
_status = ctypes.c_int
_out = ctypes.POINTER(ctypes.c_void_p)
_names = ctypes.POINTER(ctypes.POINTER(ctypes.c_char_p))
_count = ctypes.POINTER(ctypes.c_size_t)


class ClassRecord(ctypes.Structure):
    """san_class"""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("pixels", ctypes.c_uint64),
        ("coverage", ctypes.c_double),
        ("mean_score", ctypes.c_double),
        ("label", ctypes.c_uint16),
    ]


class ClassNameRecord(ctypes.Structure):
    """san_class_name"""

    _fields_ = [
        ("title", ctypes.c_char_p),
        ("synonyms", ctypes.POINTER(ctypes.c_char_p)),
        ("synonym_count", ctypes.c_size_t),
    ]


class ProposalsRecord(ctypes.Structure):
    """san_proposals"""

    _fields_ = [
        ("masks", ctypes.c_void_p),
        ("embeddings", ctypes.c_void_p),
        ("count", ctypes.c_size_t),
        ("height", ctypes.c_size_t),
        ("width", ctypes.c_size_t),
        ("dimension", ctypes.c_size_t),
        ("padded_height", ctypes.c_size_t),
        ("padded_width", ctypes.c_size_t),
        ("resized_height", ctypes.c_size_t),
        ("resized_width", ctypes.c_size_t),
    ]


class MaskRecord(ctypes.Structure):
    """san_mask"""

    _fields_ = [
        ("counts", ctypes.c_char_p),
        ("pixels", ctypes.c_uint64),
        ("x", ctypes.c_uint32),
        ("y", ctypes.c_uint32),
        ("width", ctypes.c_uint32),
        ("height", ctypes.c_uint32),
    ]


class PolygonRecord(ctypes.Structure):
    """san_polygon"""

    _fields_ = [
        ("points", ctypes.c_void_p),
        ("count", ctypes.c_size_t),
        ("label", ctypes.c_uint16),
    ]


_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "san_abi_version": (ctypes.c_uint32, []),
    "san_last_error": (_text, []),
    "san_open_model": (_status, [_text, _text, ctypes.c_int, _out]),
    "san_close": (None, [_pointer]),
    "san_model_name": (_text, [_pointer]),
    "san_threads": (ctypes.c_int, [_pointer]),
    "san_control_new": (_status, [_out]),
    "san_control_cancel": (None, [_pointer]),
    "san_control_free": (None, [_pointer]),
    "san_image_file": (_status, [_text, _out]),
    "san_image_bytes": (_status, [_pointer, _size, _text, _out]),
    "san_image_pixels": (_status, [_pointer, _size, _size, _size, _out]),
    "san_image_width": (_size, [_pointer]),
    "san_image_height": (_size, [_pointer]),
    "san_image_data": (_pointer, [_pointer]),
    "san_image_free": (None, [_pointer]),
    "san_builtin_sets": (_status, [_names, _count]),
    "san_builtin_classes": (_status, [_text, _names, _count]),
    "san_vocabulary_new": (
        _status,
        [
            _pointer, ctypes.POINTER(ClassNameRecord), _size, ctypes.c_int, ctypes.c_int, ctypes.POINTER(_text),
            _size, _pointer, _out,
        ],
    ),
    "san_vocabulary_names": (_status, [_pointer, ctypes.c_int, _names, _count]),
    "san_vocabulary_free": (None, [_pointer]),
    "san_encode": (_status, [_pointer, _pointer, _size, _pointer, _out]),
    "san_encoded_proposals": (_status, [_pointer, ctypes.POINTER(ProposalsRecord)]),
    "san_encoded_free": (None, [_pointer]),
    "san_segment_encoded": (
        _status, [_pointer, _pointer, _pointer, ctypes.c_float, ctypes.c_uint, _pointer, _out]),
    "san_segment_image": (
        _status, [_pointer, _pointer, _pointer, _size, ctypes.c_float, ctypes.c_uint, _pointer, _out]),
    "san_width": (_size, [_pointer]),
    "san_height": (_size, [_pointer]),
    "san_label_data": (_pointer, [_pointer]),
    "san_score_data": (_pointer, [_pointer]),
    "san_score_class_count": (_size, [_pointer]),
    "san_doubt": (_status, [_pointer, ctypes.POINTER(ctypes.c_double), ctypes.POINTER(ctypes.c_double)]),
    "san_class_count": (_size, [_pointer]),
    "san_class_at": (_status, [_pointer, _size, ctypes.POINTER(ClassRecord)]),
    "san_color": (ctypes.c_uint32, [ctypes.c_uint16]),
    "san_overlay": (_status, [_pointer, _pointer, ctypes.c_double, ctypes.c_int, _out]),
    "san_mask_of": (_status, [_pointer, ctypes.c_uint16, ctypes.POINTER(MaskRecord)]),
    "san_polygons_new": (_status, [_pointer, _size, ctypes.c_double, _out]),
    "san_polygon_count": (_size, [_pointer]),
    "san_polygon_at": (_status, [_pointer, _size, ctypes.POINTER(PolygonRecord)]),
    "san_polygons_free": (None, [_pointer]),
    "san_free": (None, [_pointer]),
}


def _load() -> ctypes.CDLL:
    library = ctypes.CDLL(str(Path(__file__).parent / "lib" / "libsan.so.1"))
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    if library.san_abi_version() != _ABI_VERSION:
        raise ImportError(f"libsan has version {library.san_abi_version()} of its functions, not {_ABI_VERSION}")
    return library


san = _load()


def check(status: int) -> None:
    """Raises what a function's status says, with the text that the library keeps for this thread."""
    if status != 0:
        raise BY_STATUS.get(status, SanError)(san.san_last_error().decode())


class Handle:
    """An object of the library's, which is freed with the last reference to this one.

    What is forked off has the object's memory but not its threads, so it can neither use nor free it.
    """

    __slots__ = ("_free", "_getpid", "_owner", "_pointer")

    def __init__(self, pointer: int | None, free: Callable[[int | None], None]) -> None:
        self._pointer, self._free = pointer, free
        self._getpid = os.getpid
        self._owner = os.getpid()

    @property
    def pointer(self) -> int | None:
        """What functions of the library take."""
        if self._getpid() != self._owner:
            raise SanError("this was made before the process was forked: make it, and its segmenter, afterwards")
        return self._pointer

    def __del__(self) -> None:
        if self._getpid() == self._owner:
            self._free(self._pointer)


def make(free: Callable[[int | None], None], function: Callable[..., int], *arguments: Any) -> Handle:
    """The object that `function` puts into its last argument."""
    place = ctypes.c_void_p()
    check(function(*arguments, ctypes.byref(place)))
    return Handle(place.value, free)


def new_control() -> Handle:
    """A way to end calls from another thread, by `san.san_control_cancel`."""
    return make(san.san_control_free, san.san_control_new)


def text(value: str) -> bytes:
    """A text as C takes it."""
    encoded = value.encode()
    if b"\0" in encoded:
        raise InvalidArgumentError(f"{value!r} has a zero byte in it")
    return encoded


def texts(values: list[str]) -> Any:
    """A C array of texts."""
    return (ctypes.c_char_p * len(values))(*map(text, values))


def names(function: Callable[..., int], *arguments: Any) -> tuple[str, ...]:
    """The list of texts that `function` points its last two arguments to."""
    first, count = ctypes.POINTER(ctypes.c_char_p)(), ctypes.c_size_t()
    check(function(*arguments, ctypes.byref(first), ctypes.byref(count)))
    return tuple((first[index] or b"").decode() for index in range(count.value))


class _Memory:
    """Memory of the library's, as NumPy takes it."""

    def __init__(self, owner: Handle, address: int, shape: tuple[int, ...], kind: str) -> None:
        self.owner = owner
        self.__array_interface__ = {"version": 3, "shape": shape, "typestr": kind, "data": (address, True)}


def view(owner: Handle, address: int, shape: tuple[int, ...], dtype: type[np.generic]) -> Any:
    """An array over memory of `owner`, which lives as long as the array, or any view of it; it cannot be written to."""
    return np.asarray(_Memory(owner, address, shape, np.dtype(dtype).str))
