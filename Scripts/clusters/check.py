"""Labels a folder of photos with Ray, with Spark and as Slurm would, and holds what comes out against one process's rows.

    python check.py PATH/TO/san-cli FOLDER_OF_PHOTOS

In Ray's and Spark's runs the first worker that comes to one of the photos is killed there.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
from PIL import Image

import san
import san.ray
import san.spark
from san._photos import Job

CLASSES = ["person", "cat", "wall", "sky"]
DEADLY = "rocket-2.jpg"

checks = 0


def check(is_right: bool, *what: object) -> None:
    global checks
    checks += 1
    if not is_right:
        sys.exit(f"differs: {' '.join(map(str, what))}")


def make_photos(source: Path, folder: Path) -> None:
    """Every photo in three sizes, and a file that is cut short."""
    folder.mkdir()
    for path in sorted(source.iterdir()):
        if path.suffix in (".png", ".jpg"):
            image = Image.open(path).convert("RGB")
            for number, size in enumerate([640, 480, 320]):
                copy = image.copy()
                copy.thumbnail((size, size))
                copy.save(folder / f"{path.stem}-{number}.jpg", quality=90)
    whole = (folder / "rocket-0.jpg").read_bytes()
    (folder / "damaged.jpg").write_bytes(whole[: len(whole) // 2])


def name_of(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def by_name(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Rows by their photo's name, each once, whatever the place of its folder."""
    found = {name_of(row["path"]): {key: value for key, value in row.items() if key != "path"} for row in rows}
    check(len(found) == len(rows), "a photo has two rows")
    return found


def die_once(path: str, marker: Path) -> None:
    """Kills this process at the deadly photo, unless one was killed before."""
    if name_of(path) == DEADLY:
        try:
            marker.touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)


def by_one_process(photos: Path) -> dict[str, dict[str, Any]]:
    """What all else is held against. Says what a photo costs."""
    job = Job.of(CLASSES, None, "san-mini", "f32", 0.0, None)
    paths = sorted(photos.iterdir())
    job.row("", paths[0].read_bytes(), 1)
    before = resource.getrusage(resource.RUSAGE_SELF)
    rows = [job.row(str(path), path.read_bytes(), 1) for path in paths]
    after = resource.getrusage(resource.RUSAGE_SELF)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    table = pa.Table.from_pylist(rows, schema=san.ray.SCHEMA)
    sink = pa.BufferOutputStream()
    pa.parquet.write_table(table, sink)
    print(
        f"a photo: {seconds / len(paths):.2f} s of a processor, {sink.getvalue().size / len(paths):.0f} bytes of Parquet;"
        f" the process took {after.ru_maxrss / 1024:.0f} MiB at most")
    return by_name(rows)


class MortalLabeller(san.ray.Labeller):
    """One that is killed once."""

    def __init__(self, *arguments: Any, marker: Path, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._marker = marker

    def __call__(self, batch: dict[str, Any]) -> Any:
        for path in batch["path"]:
            die_once(str(path), self._marker)
        return super().__call__(batch)


def by_ray(photos: Path, folder: Path) -> Iterator[tuple[str, dict[str, dict[str, Any]]]]:
    # A cluster of this machine's own, for these minutes: no token in the user's home, no report of its use, and time to
    # start on a busy machine.
    os.environ |= {
        "RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0", "RAY_raylet_start_wait_time_s": "600"}
    import ray

    ray.init(
        num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=200 << 20,
        _temp_dir=str(folder / "ray"))
    forms: dict[str, Callable[[Any, Path], Any]] = {
        "Ray, tasks": lambda data, marker: data.map_batches(
            MortalLabeller(CLASSES, marker=marker), batch_size=2, num_cpus=1),
        "Ray, actors": lambda data, marker: data.map_batches(
            MortalLabeller, fn_constructor_args=(CLASSES,), fn_constructor_kwargs={"marker": marker}, batch_size=2,
            num_cpus=1, concurrency=1),
    }
    for index, (name, form) in enumerate(forms.items()):
        data = ray.data.read_binary_files(str(photos), include_paths=True, override_num_blocks=8)
        marker = folder / f"ray-{index}.killed"
        form(data, marker).write_parquet(str(folder / f"ray-{index}"))
        check(marker.exists(), name, "no worker was killed")
        yield name, by_name(pa.parquet.read_table(folder / f"ray-{index}").to_pylist())
    ray.shutdown()


def by_spark(photos: Path, folder: Path) -> dict[str, dict[str, Any]]:
    from pyspark.sql import SparkSession

    # Workers are this Python, whatever `python3` is; they have what this one has.
    os.environ["PYSPARK_PYTHON"] = sys.executable
    # On one machine Spark tries a task once, unless it is told otherwise: here four times, as on a cluster.
    spark = (
        SparkSession.builder.master("local[2,4]").config("spark.ui.enabled", "false")
        .config("spark.sql.files.maxPartitionBytes", "150k").config("spark.sql.files.openCostInBytes", "0")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1").config("spark.sql.warehouse.dir", str(folder / "warehouse"))
        .config("spark.local.dir", str(folder)).getOrCreate())
    spark.sparkContext.setLogLevel("OFF")
    label, marker = san.spark.labeller(CLASSES), folder / "spark.killed"

    def mortal(tables: Iterator[Any]) -> Iterator[Any]:
        def watched() -> Iterator[Any]:
            for table in tables:
                for path in table["path"]:
                    die_once(path, marker)
                yield table

        return label(watched())

    photos_table = spark.read.format("binaryFile").load(str(photos)).select("path", "content")
    photos_table.mapInPandas(mortal, schema=san.spark.SCHEMA).write.parquet(str(folder / "spark"))
    spark.stop()
    check(marker.exists(), "Spark: no worker was killed")
    return by_name(pa.parquet.read_table(folder / "spark").to_pylist())


def check_slurm(program: Path, photos: Path, folder: Path, right: dict[str, dict[str, Any]]) -> None:
    """The tasks of an array, one after the other: their data sets together are what one process found."""
    script = Path(__file__).resolve().parents[2] / "python/examples/slurm-array.sh"
    found: dict[str, dict[str, str]] = {}
    failed = []
    for task in (1, 2, 3):
        environment = os.environ | {
            "PATH": f"{program.parent}:{os.environ['PATH']}", "SLURM_ARRAY_TASK_ID": str(task),
            "SLURM_ARRAY_TASK_COUNT": "3", "SLURM_CPUS_PER_TASK": "1"}
        subprocess.run([script, photos, folder / "slurm", ",".join(CLASSES)], check=True, env=environment)
        data = json.loads((folder / f"slurm/found-{task}-of-3.json").read_text())
        names = {image["id"]: image["file_name"] for image in data["images"]}
        check(not set(names.values()) & set(found), "Slurm: two tasks had one photo")
        found |= {name: {} for name in names.values()}
        for annotation in data["annotations"]:
            label = CLASSES[annotation["category_id"] - 1]
            found[names[annotation["image_id"]]][label] = annotation["segmentation"]["counts"]
        for line in (folder / f"slurm/report-{task}-of-3.jsonl").read_text().splitlines():
            row = json.loads(line)
            if row.get("error"):
                failed.append(line)
    whole = {name: row for name, row in right.items() if row["error"] is None}
    check(set(found) == set(whole), "Slurm: photos", sorted(found))
    for name, row in whole.items():
        check(found[name] == {part["name"]: part["rle"] for part in row["classes"]}, "Slurm:", name)
    check(len(failed) == 1 and "damaged.jpg" in failed[0], "Slurm: the damaged photo", failed)


def check_rows(name: str, rows: dict[str, dict[str, Any]], right: dict[str, dict[str, Any]]) -> None:
    check(rows.keys() == right.keys(), name, "photos", sorted(rows))
    for photo, row in right.items():
        check(rows[photo] == row, name, photo, rows[photo], row)
    print(f"{name}: {len(rows)} rows as one process makes them, after a worker was killed")


def main() -> None:
    program, source = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        photos = folder / "photos"
        make_photos(source, photos)
        right = by_one_process(photos)
        check(right["damaged.jpg"]["error"] is not None and right["damaged.jpg"]["classes"] == [], "the damaged photo")
        check(sum(row["error"] is None for row in right.values()) == len(right) - 1, "another photo failed")
        check_slurm(program, photos, folder, right)
        print("Slurm: three tasks' files together are what one process makes")
        check_rows("Spark", by_spark(photos, folder), right)
        for name, rows in by_ray(photos, folder):
            check_rows(name, rows, right)
    print(f"clusters: {checks} checks passed")


main()
