"""Which peers `--precision` compares the engine with, and which of them this processor can run."""
import pathlib

PACKAGES = {"openvino": "openvino", "onnxruntime": "onnxruntime", "pytorch": "torch"}
TITLES = {"openvino": "OpenVINO", "onnxruntime": "ONNX Runtime", "pytorch": "PyTorch"}
SINGLE = {"openvino:f32": "OpenVINO", "onnxruntime:f32": "ONNX Runtime", "pytorch:f32": "PyTorch"}
# As OpenVINO runs without being told, in each precision, and what the others have.
REDUCED = {
    "openvino:default": "OpenVINO, its default", "openvino:f32": "OpenVINO, float32",
    "openvino:bf16": "OpenVINO, bfloat16", "openvino:int8": "OpenVINO, int8 (NNCF)",
    "onnxruntime:int8": "ONNX Runtime, dynamic int8", "pytorch:bf16": "PyTorch, bfloat16 autocast",
}


def processor_flags():
    """What the processor says it has; nothing where that is not known."""
    path = pathlib.Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    return {flag for line in lines if line.startswith(("flags", "Features")) for flag in line.split(":")[1].split()}


def chosen(precision):
    """The peers beside the engine in `precision`, by key, and the titles of those that are left out."""
    if precision == "f32":
        return SINGLE, []
    if processor_flags() & {"avx512_bf16", "amx_bf16", "bf16"}:
        return REDUCED, []
    lacking = [key for key in REDUCED if key.endswith(":bf16")]
    kept = {key: title for key, title in REDUCED.items() if key not in lacking}
    return kept, [REDUCED[key] for key in lacking]
