"""One peer in a process of its own. Reads a line, does what it says, prints one line of JSON.

    python worker.py ENGINE:PRECISION b16|l14 FOLDER THREADS

ENGINE is pytorch, onnxruntime or openvino; PRECISION is f32 and what `peers.py` names beside it.

    core N         milliseconds of N runs after one to warm up
    outputs PATH   writes the outputs for both pictures
    photo PATH N   PyTorch alone: JPEG → label map at the photo's size; milliseconds, and the labels' file
    text N         PyTorch alone: milliseconds for N classes with 14 templates
"""
import json
import pathlib
import sys
import time

import numpy as np
from safetensors.numpy import load_file, save_file


def pytorch(name, folder, threads, precision):
    import contextlib

    import core
    import torch
    from safetensors.torch import load_file as load_weights

    torch.set_num_threads(threads)
    model = core.load(name, load_weights(folder / "model.safetensors"))
    core.fix_positions(model, core.SIDE, core.SIDE)
    module = core.Core(model)
    casting = torch.autocast("cpu", torch.bfloat16) if precision == "bf16" else contextlib.nullcontext()

    def run(image, classifier):
        with torch.inference_mode(), casting:
            masks, classes = module(torch.from_numpy(image), torch.from_numpy(classifier))
        return masks.float().numpy(), classes.float().numpy()
    return run


def onnxruntime(name, folder, threads, precision):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(
        str(folder / ("core.dynamic.onnx" if precision == "int8" else "core.onnx")), options, providers=["CPUExecutionProvider"])
    return lambda image, classifier: session.run(None, {"image": image, "classifier": classifier})


def openvino(name, folder, threads, precision):
    import openvino

    # An int8 network says itself what of it is of 8 bits; the rest is as OpenVINO would have it.
    hint = {"INFERENCE_PRECISION_HINT": precision} if precision in ("f32", "bf16") else {}
    compiled = openvino.Core().compile_model(
        str(folder / ("core.int8.xml" if precision == "int8" else "core.onnx")), "CPU",
        {**hint, "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"})
    request = compiled.create_infer_request()

    def run(image, classifier):
        found = request.infer({"image": image, "classifier": classifier})
        return found["mask_logits"].copy(), found["class_logits"].copy()
    return run


def timed(body, count):
    body()
    found = []
    for _ in range(count):
        start = time.perf_counter()
        body()
        found.append((time.perf_counter() - start) * 1e3)
    return found


class Reference:
    """The whole of the reference, from the photo and the words on."""

    def __init__(self, name, folder):
        import core
        from safetensors.torch import load_file as load_weights
        from tokenizer import Tokenizer

        self.model = core.load(name, load_weights(folder / "model.safetensors"))
        self.tokenizer = Tokenizer()

    def label(self, path, classifier):
        """Labels [height, width]: the size, crop and scores of the published code."""
        import torch
        from core import Core
        from PIL import Image
        from prepare import normalised
        from san import scores

        photo = Image.open(path).convert("RGB")
        short = self.model.config.input.short_side
        width, height = (short * n // min(photo.size) for n in photo.size)
        image = normalised(np.asarray(photo.resize((width, height), Image.Resampling.BICUBIC)))
        image = torch.nn.functional.pad(image, (0, -width % 32, 0, -height % 32))
        with torch.inference_mode():
            masks, classes = Core(self.model)(image, torch.from_numpy(classifier))
            found = scores(classes, masks, image.shape[2:], (height, width), photo.size[::-1])
            return found.argmax(dim=0).numpy()

    def text(self, count):
        import torch
        from prepare import classes

        names = classes()
        with torch.inference_mode():
            self.model.classifier(self.tokenizer, names[::len(names) // count][:count])


def main(peer, name, folder, threads):
    folder = pathlib.Path(folder)
    engine, precision = peer.split(":")
    engines = {"pytorch": pytorch, "onnxruntime": onnxruntime, "openvino": openvino}
    run = engines[engine](name, folder, int(threads), precision)
    inputs = load_file(folder / "inputs.safetensors")
    reference = None
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        command, *words = line.split()
        if command in ("photo", "text") and reference is None:
            reference = Reference(name, folder)
        if command == "core":
            answer = timed(lambda: run(inputs["picture"], inputs["classifier"]), int(words[0]))
        elif command == "outputs":
            found = {}
            for prefix in ("", "golden."):
                image = inputs["golden.image" if prefix else "picture"]
                masks, classes = run(image, inputs[prefix + "classifier"])
                found.update({prefix + "mask_logits": masks, prefix + "class_logits": classes})
            save_file(found, words[0])
            answer = words[0]
        elif command == "photo":
            answer = timed(lambda: reference.label(words[0], inputs["classifier"]), int(words[1]))
            np.save(folder / "labels.npy", reference.label(words[0], inputs["classifier"]))
        elif command == "text":
            answer = timed(lambda: reference.text(int(words[0])), 1)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
