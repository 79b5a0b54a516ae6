"""Photos in Spark.

    photos = spark.read.format("binaryFile").load("photos/").select("path", "content")
    found = photos.mapInPandas(san.spark.labeller(["cat", "dog"]), schema=san.spark.SCHEMA)
    found.write.parquet("found/")

A row comes out for each photo, damaged or not: `path`, `width`, `height`, `error` (null where there is none) and `classes`,
an array of what was found: `name`, `label`, `pixels`, `coverage`, `score`, `rle` (COCO's compressed run lengths).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from ._photos import Job
from ._vocabulary import Background, Classes

SCHEMA = (
    "path string, width int, height int, error string, "
    "classes array<struct<name: string, label: int, pixels: bigint, coverage: double, score: double, rle: string>>")
"""The columns that come out."""


def labeller(
    classes: Classes, *, background: Background | None = None, model: str | os.PathLike[str] = "san-mini",
    precision: str = "f32", threshold: float = 0.0, short_side: int | None = None, threads: int | None = None
) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """What `mapInPandas` calls, for rows with `path` and `content`: see `Segmenter`, its `vocabulary` and `segment`.

    A Python worker loads the model and makes the classes ready once. Of a model file, every machine needs its own copy.

    threads: that a worker computes with; None for as many as `spark.task.cpus` says, one unless it is set.
    """
    job = Job.of(classes, background, str(model), precision, threshold, short_side)

    def label(tables: Iterator[Any]) -> Iterator[Any]:
        import pandas as pd

        count = threads or _task_cpus()
        for table in tables:
            # A row at a time: a table of photos' bytes is larger than what comes of it, but not by much.
            for path, content in zip(table["path"], table["content"]):
                yield pd.DataFrame([job.row(path, bytes(content), count)]).astype({"width": "Int32", "height": "Int32"})

    return label


def _task_cpus() -> int:
    from pyspark import TaskContext

    context = TaskContext.get()
    return context.cpus() if context is not None else 1
