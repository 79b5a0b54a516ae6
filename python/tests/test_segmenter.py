"""Models, vocabularies, threads, asyncio, and what is not taken."""

from __future__ import annotations

import asyncio
import os
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
from conftest import CLASSES, PHOTO, expected_labels

import san
from san._library import Handle


def test_model_and_threads() -> None:
    with san.Segmenter(threads=3) as segmenter:
        assert (segmenter.name, segmenter.threads, segmenter.precision) == ("san-mini", 3, "f32")
        assert "san-mini" in repr(segmenter)


@pytest.mark.parametrize(
    "arguments, error, says",
    [
        ({"model": "no-such-model"}, san.CannotReadError, "there are: san-mini"),
        ({"model": Path("/no/model.pth")}, san.CannotReadError, "/no/model.pth"),
        ({"model": __file__}, san.BadDataError, "test_segmenter.py"),
        ({"model": "a\0b"}, san.InvalidArgumentError, "zero byte"),
        ({"precision": "f8"}, san.InvalidArgumentError, "f8"),
        ({"threads": 0}, san.InvalidArgumentError, "threads: 0"),
        ({"threads": 1025}, ValueError, "threads: 1025"),
    ],
)
def test_models_that_are_none(arguments: dict[str, object], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        san.Segmenter(**arguments)  # type: ignore[arg-type]


def test_vocabularies(segmenter: san.Segmenter) -> None:
    found = segmenter.vocabulary(["cat", "Straße", "森"])
    assert found.classes == ("cat", "Straße", "森") and len(found) == 3
    assert "dog" in found.background and "cat" not in found.background
    assert segmenter.vocabulary(("cat",), background=["dog", "bird"]).background == ("dog", "bird")
    assert segmenter.vocabulary("voc-20", background="distractors").background != ()
    assert segmenter.vocabulary(name for name in ["cat", "dog"]).classes == ("cat", "dog")
    with pytest.warns(UserWarning, match="to its end"):
        long = segmenter.vocabulary(["very " * 100 + "long"])
    assert len(long.truncated) == 1


@pytest.mark.parametrize(
    "classes, options, says",
    [
        ([], {}, "empty"),
        (["cat", "Cat"], {}, "twice"),
        ([" "], {}, "blank"),
        (["a\0b"], {}, "zero byte"),
        ("coco-81", {}, "coco-80"),
        ({"cat": "kitten"}, {}, "list of names"),
        (["cat"], {"background": "all"}, "background: 'all'"),
        (["cat"], {"background": [""]}, "background name 1"),
        (["cat"], {"synonyms": "worst"}, "synonyms: 'worst'"),
    ],
)
def test_vocabularies_that_are_none(
    segmenter: san.Segmenter, classes: san.Classes, options: dict[str, object], says: str
) -> None:
    with pytest.raises(san.InvalidArgumentError, match=says):
        segmenter.vocabulary(classes, **options)  # type: ignore[arg-type]


def test_what_a_run_does_not_take(
    segmenter: san.Segmenter, encoded: san.Encoded, vocabulary: san.Vocabulary
) -> None:
    with pytest.raises(TypeError, match="Segmenter.vocabulary"):
        segmenter.segment(encoded, ["cat"])  # type: ignore[arg-type]
    with pytest.raises(san.InvalidArgumentError, match="encoded already"):
        segmenter.segment(encoded, vocabulary, short_side=100)
    for threshold in (-1.0, float("nan")):
        with pytest.raises(san.InvalidArgumentError, match="threshold"):
            segmenter.segment(encoded, vocabulary, threshold=threshold)
    for side in (0, -1, 65536):
        with pytest.raises(san.InvalidArgumentError, match="short_side"):
            segmenter.encode(PHOTO, short_side=side)


def test_a_closed_segmenter(vocabulary: san.Vocabulary) -> None:
    segmenter = san.Segmenter(threads=1)
    found = segmenter.segment(PHOTO, vocabulary)
    segmenter.close()
    segmenter.close()
    with pytest.raises(san.SanError, match="closed"):
        segmenter.segment(PHOTO, vocabulary)
    with pytest.raises(san.SanError, match="closed"):
        asyncio.run(segmenter.encode_async(PHOTO))
    np.testing.assert_array_equal(found.labels, expected_labels("labels.png"))


def test_the_lock_is_let_go(segmenter: san.Segmenter, vocabulary: san.Vocabulary, tmp_path: Path) -> None:
    """The engine waits for a pipe's other end, which this thread opens: it could not, if the engine held the lock."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found: list[san.Segmentation] = []
    reader = threading.Thread(target=lambda: found.append(segmenter.segment(pipe, vocabulary)))
    reader.start()
    pipe.write_bytes(PHOTO.read_bytes())
    reader.join()
    np.testing.assert_array_equal(found[0].labels, expected_labels("labels.png"))


def test_threads_share_a_segmenter(segmenter: san.Segmenter, vocabulary: san.Vocabulary) -> None:
    right = expected_labels("labels.png")
    outcomes: list[object] = []

    def run(index: int) -> None:
        try:
            if index % 3 == 2:
                segmenter.segment(f"/no/photo-{index}", vocabulary)
            else:
                outcomes.append(bool((segmenter.segment(PHOTO, vocabulary).labels == right).all()))
        except san.CannotReadError as error:
            # A thread's error is its own.
            outcomes.append(f"/no/photo-{index}" in str(error))

    threads = [threading.Thread(target=run, args=(index,)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [True] * 6


def test_asyncio(segmenter: san.Segmenter) -> None:
    async def main() -> None:
        vocabulary = await segmenter.vocabulary_async(CLASSES)
        encoded = await segmenter.encode_async(PHOTO)
        results = await asyncio.gather(
            segmenter.segment_async(encoded, vocabulary),
            segmenter.segment_async(PHOTO, vocabulary),
            segmenter.segment_async("/no/photo", vocabulary),
            return_exceptions=True)
        for found in results[:2]:
            assert isinstance(found, san.Segmentation)
            np.testing.assert_array_equal(found.labels, expected_labels("labels.png"))
        assert isinstance(results[2], san.CannotReadError)

    asyncio.run(main())


def test_a_cancelled_task_ends_its_run(segmenter: san.Segmenter) -> None:
    """The run would go on for ever: it ends, and says why, as its task is cancelled."""
    running, ended = threading.Event(), threading.Event()
    outcome: list[BaseException] = []

    def work(control: Handle) -> None:
        try:
            while True:
                segmenter._encode(PHOTO, 64, control)
                running.set()
        except BaseException as error:
            outcome.append(error)
            raise
        finally:
            ended.set()

    async def main() -> None:
        task = asyncio.create_task(segmenter._in_thread(work))
        await asyncio.to_thread(running.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.to_thread(ended.wait)

    asyncio.run(main())
    assert [type(error) for error in outcome] == [san.CancelledError]


def test_cancelled_calls(segmenter: san.Segmenter, encoded: san.Encoded, vocabulary: san.Vocabulary) -> None:
    """Each of asyncio's forms is ended with its task, also while it waits for its turn."""

    async def main() -> None:
        calls = [
            segmenter.vocabulary_async(["a name", "and another"]), segmenter.encode_async(PHOTO),
            segmenter.segment_async(PHOTO, vocabulary), segmenter.segment_async(encoded, vocabulary),
        ]
        tasks: list[asyncio.Task[object]] = [asyncio.ensure_future(call) for call in calls]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends)
        # And the next is served.
        found = await segmenter.segment_async(encoded, vocabulary)
        np.testing.assert_array_equal(found.labels, expected_labels("labels.png"))

    asyncio.run(main())


def test_a_forked_process_opens_its_own(
    segmenter: san.Segmenter, vocabulary: san.Vocabulary, encoded: san.Encoded
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        status = 1
        try:
            segmenter.segment(encoded, vocabulary)
        except san.SanError as error:
            if "forked" in str(error):
                with san.Segmenter(threads=1) as own:
                    labels = own.segment(PHOTO, own.vocabulary(CLASSES)).labels
                status = 0 if (labels == expected_labels("labels.png")).all() else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
