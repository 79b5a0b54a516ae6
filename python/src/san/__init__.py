"""Open-vocabulary segmentation on the CPU: give it a photo and any list of names; it labels every pixel.

    import san

    segmenter = san.Segmenter()
    vocabulary = segmenter.vocabulary(["cat", "dog"])
    result = segmenter.segment("photo.jpg", vocabulary)
    print(result.labels, result.classes)
    result.overlay().save("overlay.png")

`san.ray` and `san.spark` do it for many photos on many machines.
"""

from ._errors import BadDataError, CancelledError, CannotReadError, InvalidArgumentError, SanError
from ._images import ImageLike
from ._result import OTHER, ClassPart, Doubt, Encoded, Proposals, RunLengths, Segmentation
from ._segmenter import Segmenter
from ._vocabulary import Background, Classes, ClassName, Vocabulary, class_names, vocabularies

__version__ = "0.1.0"

__all__ = [
    "OTHER",
    "Background",
    "BadDataError",
    "CancelledError",
    "CannotReadError",
    "ClassName",
    "ClassPart",
    "Classes",
    "Doubt",
    "Encoded",
    "ImageLike",
    "InvalidArgumentError",
    "Proposals",
    "RunLengths",
    "SanError",
    "Segmentation",
    "Segmenter",
    "Vocabulary",
    "class_names",
    "vocabularies",
]
