"""Writes the export in 8-bit integers for the runtimes: core.dynamic.onnx for ONNX Runtime, core.int8.xml for OpenVINO.

    python quantise.py FOLDER
"""
import pathlib
import sys

import core
import nncf
import numpy as np
import openvino
from onnxruntime.quantization import QuantType, quantize_dynamic
from PIL import Image
from prepare import normalised
from safetensors.numpy import load_file

PICTURES = 8  # that activations are calibrated on


def picture(seed):
    """Soft blobs of colour with a finer grain over them."""
    random = np.random.default_rng(seed)
    layers = [
        np.float32(Image.fromarray(random.integers(0, 256, (n, n, 3), np.uint8)).resize((core.SIDE, core.SIDE), 3))
        for n in (3, 12, 80)]
    return np.uint8(0.5 * layers[0] + 0.3 * layers[1] + 0.2 * layers[2])


def main(folder):
    source = folder / "core.onnx"
    quantize_dynamic(source, folder / "core.dynamic.onnx", weight_type=QuantType.QInt8, per_channel=True)
    classifier = load_file(folder / "inputs.safetensors")["classifier"]
    pictures = [{"image": normalised(picture(seed)).numpy(), "classifier": classifier} for seed in range(PICTURES)]
    model = nncf.quantize(
        openvino.Core().read_model(source), nncf.Dataset(pictures), subset_size=PICTURES,
        model_type=nncf.ModelType.TRANSFORMER)
    openvino.save_model(model, folder / "core.int8.xml", compress_to_fp16=False)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
