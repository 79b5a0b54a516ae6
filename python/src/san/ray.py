"""Photos in Ray Data.

    photos = ray.data.read_binary_files("photos/", include_paths=True)
    found = photos.map_batches(san.ray.Labeller(["cat", "dog"]), batch_size=16, num_cpus=1)
    found.write_parquet("found/")

A row comes out for each photo, damaged or not: `path`, `width`, `height`, `error` (null where there is none) and `classes`,
a list of what was found: `name`, `label`, `pixels`, `coverage`, `score`, `rle` (COCO's compressed run lengths).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ._photos import Job
from ._vocabulary import Background, Classes

if TYPE_CHECKING:
    import os

SCHEMA: Any = pa.schema([
    ("path", pa.string()), ("width", pa.int32()), ("height", pa.int32()), ("error", pa.string()),
    ("classes", pa.list_(pa.struct([
        ("name", pa.string()), ("label", pa.int32()), ("pixels", pa.int64()), ("coverage", pa.float64()),
        ("score", pa.float64()), ("rle", pa.string()),
    ]))),
])
"""The table's columns."""


class Labeller:
    """What `map_batches` calls: a process that works for Ray loads the model and makes the classes ready once.

    It takes what `read_binary_files(..., include_paths=True)` reads. It also takes `read_images`' rows, but that reader ends
    the whole job at a damaged photo, and does not turn photos upright.

    Give the instance, and Ray runs tasks; or give the class, for actors that keep the model from start to end:
    `map_batches(Labeller, fn_constructor_kwargs={"classes": ["cat"]}, concurrency=2, num_cpus=4)`. Either computes with as
    many threads as `num_cpus` says.
    """

    def __init__(
        self, classes: Classes, *, background: Background | None = None, model: str | os.PathLike[str] = "san-mini",
        precision: str = "f32", threshold: float = 0.0, short_side: int | None = None
    ) -> None:
        """See `Segmenter`, its `vocabulary` and `segment`. Of a model file, every machine needs its own copy."""
        self._job = Job.of(classes, background, str(model), precision, threshold, short_side)

    def __call__(self, batch: dict[str, Any]) -> Any:
        """The rows of a batch, as a table of `SCHEMA`."""
        images = batch["bytes"] if "bytes" in batch else batch["image"]
        paths = batch["path"] if "path" in batch else [""] * len(images)
        threads = _threads()
        rows = [self._job.row(str(path), image, threads) for path, image in zip(paths, images)]
        return pa.Table.from_pylist(rows, schema=SCHEMA)


def _threads() -> int:
    """As many as Ray has given processors to this task or actor."""
    import ray

    context: Any = ray.get_runtime_context()
    return max(1, int(context.get_assigned_resources().get("CPU", 1)))
