"""Classes."""

from __future__ import annotations

import ctypes
import warnings
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple, Union

from ._errors import InvalidArgumentError
from ._library import ClassNameRecord, Handle, make, names, san, text, texts


class ClassName(NamedTuple):
    """A class: what results call it, and the names under which the model looks for it."""

    title: str
    synonyms: tuple[str, ...] = ()
    """Where there are none, the title is the only name; else it counts only as one of them."""


Classes = Union[str, Iterable[Union[str, ClassName]], Mapping[str, Iterable[str]]]
"""Classes: names; or a mapping of titles to synonyms; or the name of a built-in set, such as `"coco-80"`."""

Background = Union[Literal["none", "distractors"], Iterable[str]]
"""What pixels may be that are none of the classes: nothing, COCO-Stuff's names, or names of the caller's."""

_BACKGROUNDS = {"none": 0, "distractors": 1}
_SYNONYMS = {"best": 0, "mean": 1}


def vocabularies() -> tuple[str, ...]:
    """The names of the built-in sets of classes, such as `coco-80`."""
    return names(san.san_builtin_sets)


def class_names(vocabulary: str) -> tuple[str, ...]:
    """The classes of a built-in set, in its data set's own order: a name's index is the data set's label."""
    return names(san.san_builtin_classes, text(vocabulary))


class Vocabulary:
    """Classes made ready for one model, by `Segmenter.vocabulary`, for any number of images."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self.classes: tuple[str, ...] = names(san.san_vocabulary_names, handle.pointer, 0)
        """The titles; a class's index is its label."""
        self.background: tuple[str, ...] = names(san.san_vocabulary_names, handle.pointer, 1)
        """Names that compete with the classes; what they win is "other"."""
        self.truncated: tuple[str, ...] = names(san.san_vocabulary_names, handle.pointer, 2)
        """Names too long for the model, which has not read their ends."""

    def __len__(self) -> int:
        return len(self.classes)

    def __repr__(self) -> str:
        return f"<Vocabulary of {len(self.classes)} classes, {len(self.background)} names beside them>"


def make_vocabulary(
    segmenter: Handle, classes: Classes, background: Background | None, synonyms: str, control: Handle | None
) -> Vocabulary:
    """See `Segmenter.vocabulary`."""
    # As san-cli: a data set's classes cover a whole picture.
    usual: Background = "none" if isinstance(classes, str) else "distractors"
    chosen = usual if background is None else background
    competing: list[str] = []
    mode = 2
    if isinstance(chosen, str):
        if chosen not in _BACKGROUNDS:
            raise InvalidArgumentError(f"background: {chosen!r} is neither 'none', 'distractors' nor a list of names")
        mode = _BACKGROUNDS[chosen]
    else:
        competing = list(chosen)
    if synonyms not in _SYNONYMS:
        raise InvalidArgumentError(f"synonyms: {synonyms!r} is neither 'best' nor 'mean'")
    wanted = _class_list(classes)
    records = (ClassNameRecord * len(wanted))()
    for record, name in zip(records, wanted):
        record.title = text(name.title)
        if name.synonyms:
            record.synonyms = ctypes.cast(texts(list(name.synonyms)), ctypes.POINTER(ctypes.c_char_p))
            record.synonym_count = len(name.synonyms)
    handle = make(
        san.san_vocabulary_free, san.san_vocabulary_new, segmenter.pointer, records, len(wanted), _SYNONYMS[synonyms],
        mode, texts(competing), len(competing), None if control is None else control.pointer)
    vocabulary = Vocabulary(handle)
    for long in vocabulary.truncated:
        warnings.warn(f"the model does not read {long!r} to its end: shorten it", stacklevel=3)
    return vocabulary


def _class_list(classes: Classes) -> list[ClassName]:
    if isinstance(classes, str):
        return [ClassName(name) for name in class_names(classes)]
    if isinstance(classes, Mapping):
        for title, synonyms in classes.items():
            if isinstance(synonyms, str):
                raise InvalidArgumentError(f"the synonyms of {title!r} are a list of names, not a text")
        return [ClassName(title, tuple(synonyms)) for title, synonyms in classes.items()]
    return [name if isinstance(name, ClassName) else ClassName(name) for name in classes]
