"""Runs PyTorch, ONNX Runtime, OpenVINO and the Swift engine in turn and prints tables; ../bench-peers calls it."""
import argparse
import importlib.metadata
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

import core
import numpy as np
import torch
from peers import PACKAGES, TITLES, chosen
from PIL import Image
from prepare import ROOT, VOCABULARY, classes
from safetensors.numpy import load_file
from san import scores

HERE = pathlib.Path(__file__).resolve().parent
CLI = ROOT / ".build/release/san-cli"
PHOTO = ROOT / "Examples/photos/rocket.jpg"  # 640×427, which the network sees as 960×640
STEPS = ("read", "image", "clip", "side", "decoder", "recognition", "labels")  # of a photo, the text being cached
TEXT_CLASSES = 6  # that PyTorch encodes; its time is scaled to all classes
RUNS = 3  # measured runs of the core a round and engine: Swift reports its least, median and most
REST = 0.5  # seconds between engines, so that one's waiting threads have gone to sleep
PATIENCE = 60  # seconds to wait for a quiet machine


class Worker:
    def __init__(self, peer, options, folder):
        self.process = subprocess.Popen(
            [sys.executable, HERE / "worker.py", peer, options.model, folder, str(options.threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "OMP_NUM_THREADS": str(options.threads)})
        self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"bench-peers: {self.process.args[2]} ended")
        return json.loads(line)

    def ask(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        return self.answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Swift:
    def __init__(self, options, folder):
        self.folder = folder
        self.common = ["--model", str(folder / "model.safetensors"), "--threads", str(options.threads)]
        self.precision = options.precision

    def core(self, precision):
        """Milliseconds of three runs after two to warm up."""
        report = json.loads(subprocess.check_output(
            [CLI, "benchmark", *self.common, "--precision", precision, "--size", "640", "--runs", str(RUNS), "--json"],
            stderr=subprocess.DEVNULL))
        core = next(stage for stage in report["stages"] if stage["stage"] == "core")
        return [core["min_ms"], core["median_ms"], core["max_ms"]]

    def segment(self, images, templates, *outputs):
        """Runs the program on images, one after the other."""
        subprocess.check_call(
            [CLI, "segment", *images, *self.common, "--precision", self.precision, "--vocabulary", VOCABULARY.stem, "--templates", templates,
             "--no-cache", "--no-overlay", "--jobs", "1", "--quiet", *outputs], stdout=subprocess.DEVNULL)

    def photo(self, path):
        """Milliseconds from file to labels, of a process's first three photos."""
        copies = [self.folder / f"photo-{number}.jpg" for number in (1, 2, 3)]
        for copy in copies:
            shutil.copyfile(path, copy)
        report = self.folder / "report.jsonl"
        self.segment(copies, "plain", "--labels", self.folder / "labels", "--report", report)
        lines = map(json.loads, report.read_text().splitlines())
        return [sum(line["timings_ms"][step] for step in STEPS) for line in lines]

    def text(self):
        """Milliseconds for the embeddings of all classes with 14 templates."""
        report = self.folder / "report.json"
        self.segment([PHOTO], "vild", "--json", report)
        return json.loads(report.read_text())["timings_ms"]["text"]


def processor_time():
    """Seconds that the machine's processors have worked, all together; 0 where that is not known."""
    stat = pathlib.Path("/proc/stat")
    if not stat.exists():
        return 0
    fields = [int(n) for n in stat.read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")  # idle, waiting for the disk


def rest():
    """Returns once the machine has been quiet for a moment, or is not going to be."""
    for _ in range(int(PATIENCE / REST)):
        before = processor_time()
        time.sleep(REST)
        if processor_time() - before < 0.1 * REST:
            return
    print("the machine is busy: these figures will be poor", file=sys.stderr)


def summary(samples):
    return f"{statistics.median(samples):.0f} | {min(samples):.0f} | {max(samples):.0f}"


def ratios(ours, theirs):
    return f"{statistics.median(ours) / statistics.median(theirs):.3f} | {min(ours) / min(theirs):.3f}"


def machine(options):
    fields = dict(line.split(":", 1) for line in subprocess.check_output(
        ["lscpu"], text=True, env={**os.environ, "LC_ALL": "C"}).splitlines() if ":" in line)
    cpu = {key: value.strip() for key, value in fields.items()}
    flags = cpu.get("Flags", "").split()
    vectors = "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else "no AVX2"
    name = cpu.get("Model name", cpu.get("Architecture"))
    return (f"{name}, family {cpu.get('CPU family', '?')} model {cpu.get('Model', '?')}, {cpu.get('CPU(s)')} "
            f"processors, {vectors}; {options.threads} threads")


def versions():
    return ", ".join(f"{title} {importlib.metadata.version(PACKAGES[engine])}" for engine, title in TITLES.items())


def measure_core(options, peers, workers, swift):
    ours = ["f32", options.precision] if options.precision != "f32" else ["f32"]
    times = {engine: [] for engine in (*peers, *ours)}
    for index in range(options.rounds):
        print(f"core, round {index + 1} of {options.rounds}", file=sys.stderr)
        for engine in peers:
            rest()
            times[engine] += workers[engine].ask("core", RUNS)
        for precision in ours:
            rest()
            times[precision] += swift.core(precision)
    print("| core | median, ms | least | most | Swift / engine | by the least |\n|---|---|---|---|---|---|")
    mine = times[options.precision]
    print(f"| Swift, {options.precision} | {summary(mine)} | | |")
    if options.precision != "f32":
        print(f"| Swift, f32 | {summary(times['f32'])} | {ratios(mine, times['f32'])} |")
    for engine, title in peers.items():
        print(f"| {title} | {summary(times[engine])} | {ratios(mine, times[engine])} |")


def measure_outputs(folder, peers, workers, swift):
    swift.segment([folder / "picture.png"], "plain", "--scores", folder / "scores.npy")
    ours = np.load(folder / "scores.npy")
    inputs = load_file(folder / "inputs.safetensors")
    masks, logits = inputs["golden.mask_logits"], inputs["golden.class_logits"]
    print("\n| largest difference | mask logits, golden | class logits, golden | scores, Swift |")
    print("|---|---|---|---|")
    for engine, title in peers.items():
        found = load_file(workers[engine].ask("outputs", folder / f"{engine}.safetensors"))
        outputs = (torch.from_numpy(found[key]) for key in ("class_logits", "mask_logits"))
        theirs = scores(*outputs, ours.shape[1:])
        print(f"| {title} | {np.abs(found['golden.mask_logits'] - masks).max():.1e}"
              f" | {np.abs(found['golden.class_logits'][..., :logits.shape[2]] - logits).max():.1e}"
              f" | {np.abs(theirs.numpy() - ours).max():.1e} |")
    largest = " | ".join(f"{np.abs(x).max():.3g}" for x in (masks, logits, ours))
    print(f"| *largest magnitude* | {largest} |")


def measure_whole(options, folder, worker, swift):
    square = folder / "photo.jpg"
    Image.open(PHOTO).resize((core.SIDE, core.SIDE)).save(square, quality=92)
    # By photo: Swift's first of a process, its second and third, PyTorch's.
    photos = {square: ([], [], [], []), PHOTO: ([], [], [], [])}
    text = ([], [])  # Swift's, PyTorch's
    same = {}
    scale = len(classes()) / TEXT_CLASSES
    for index in range(options.rounds):
        print(f"photo and text, round {index + 1} of {options.rounds}", file=sys.stderr)
        for path, (*ours, theirs) in photos.items():
            rest()
            for times, taken in zip(ours, swift.photo(path)):
                times.append(taken)
            rest()
            theirs.extend(worker.ask("photo", path, 1))
            same[path] = (
                np.asarray(Image.open(folder / "labels/photo-3.png")) == np.load(folder / "labels.npy")).mean()
        rest()
        text[0].append(swift.text())
        rest()
        text[1].extend(taken * scale for taken in worker.ask("text", TEXT_CLASSES))
    print("\n| 171 classes | median, ms | least | most | Swift / PyTorch | by the least |")
    print("|---|---|---|---|---|---|")
    for path, (first, second, third, theirs) in photos.items():
        title = "{}×{} → labels".format(*Image.open(path).size)
        print(f"| {title}: Swift | {summary(third)} | {ratios(third, theirs)} |")
        print(f"| {title}: Swift, the first of its process | {summary(first)} | {ratios(first, theirs)} |")
        print(f"| {title}: Swift, the second | {summary(second)} | {ratios(second, theirs)} |")
        print(f"| {title}: PyTorch | {summary(theirs)} | | |")
    print(f"| text, 14 templates: Swift | {summary(text[0])} | {ratios(*text)} |")
    print(f"| text, 14 templates: PyTorch | {summary(text[1])} | | |")
    print(f"\nThe label maps agree in {min(same.values()):.4%} of the pixels.")


def main():
    parser = argparse.ArgumentParser(prog="Scripts/bench-peers", description=__doc__)
    parser.add_argument("--model", choices=("b16", "l14"), default="b16")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--precision", choices=("f32", "bf16", "int8"), default="f32")
    options = parser.parse_args()
    if min(options.threads, options.rounds) < 1:
        parser.error("--threads and --rounds begin at 1")
    folder = ROOT / ".build/peers" / options.model
    if not (folder / "inputs.safetensors").exists():
        subprocess.check_call([sys.executable, HERE / "prepare.py", options.model, folder])
    peers, missing = chosen(options.precision)
    if "openvino:int8" in peers and not (folder / "core.int8.xml").exists():
        print("quantising for the runtimes", file=sys.stderr)
        subprocess.check_call([sys.executable, HERE / "quantise.py", folder], stdout=sys.stderr)
    torch.set_num_threads(options.threads)
    swift = Swift(options, folder)
    # The reference, which whole photos are measured by, is of single precision.
    workers = {peer: Worker(peer, options, folder) for peer in {**peers, "pytorch:f32": None}}
    print(f"SAN {options.model}, 640×640, batch 1, {options.precision}. {machine(options)}; {versions()}\n")
    for title in missing:
        print(f"Left out, as this processor has no bfloat16: {title}.\n")
    measure_core(options, peers, workers, swift)
    measure_outputs(folder, peers, workers, swift)
    for peer, worker in workers.items():
        if peer != "pytorch:f32":
            worker.close()
    measure_whole(options, folder, workers["pytorch:f32"], swift)
    workers["pytorch:f32"].close()


if __name__ == "__main__":
    main()
