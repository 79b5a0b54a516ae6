"""Checkpoints written by PyTorch itself, each `NAME.pth` with the same tensors in `NAME.safetensors`."""
import collections
import warnings
import zipfile

import torch
from safetensors.torch import save_file
from torch import nn

import assemble
import procedural
from fixtures_model import MICRO
from san import SAN


def values(name, *shape):
    return torch.from_numpy(procedural.tensor("fixture." + name, shape))


def nested():
    """As a training run saves it: the model beside a real optimiser's state and other small things."""
    model = nn.Sequential(nn.Linear(4, 3), nn.LayerNorm(3))
    for name, parameter in model.named_parameters():
        parameter.data.copy_(values(name, *parameter.shape))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=1e-4)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2)
    for _ in range(3):
        model(values("batch", 5, 4)).square().sum().backward()
        optimizer.step()
        scheduler.step()
    return {"model": model.state_dict(), "optimizer": optimizer.state_dict(),
            "scheduler": scheduler.state_dict(), "iteration": 59999,
            "extra": {"text": "naïve 日本語", "none": None, "flags": [True, False], "big": 2**70, "minus": -129,
                      "pair": (1, "x"), "empty": [(), [], {}], "float": 0.1}}


def strides():
    """Views of one storage: transposed, every second column, one column, one row repeated, and so on."""
    base = values("base", 4, 6)
    cube = values("cube", 2, 3, 4)
    return {"base": base, "transposed": base.t(), "sliced": base[1:3, ::2], "column": base[:, 2],
            "expanded": base[1:2].expand(3, 6), "offset": base.flatten()[5:11], "corner": base[3, 5],
            "permuted": cube.permute(2, 0, 1), "last": cube[1, 1:], "empty": base[:0],
            "channels_last": values("kernel", 2, 3, 2, 2).to(memory_format=torch.channels_last)}


def specials(dtype):
    info = torch.finfo(dtype)
    odd = [0.0, -0.0, 1.0, -1.5, 65504.0, info.tiny, info.tiny / 4, info.smallest_normal, torch.inf, -torch.inf,
           torch.nan, 1 / 3]
    return {"weight": values("weight", 5, 7).to(dtype), "special": torch.tensor(odd).to(dtype),
            "transposed": values("weight", 5, 7).to(dtype).t()}


def other_types():
    return {"float64": values("weight", 3, 2).double() / 3, "float32": values("weight", 3, 2),
            "int64": torch.tensor([[2**62, -1], [0, 49407]]), "int32": torch.tensor([-2**31, 7], dtype=torch.int32),
            "int16": torch.tensor([-2**15], dtype=torch.int16), "int8": torch.tensor([-128], dtype=torch.int8),
            "uint8": torch.tensor([0, 255], dtype=torch.uint8), "bool": torch.tensor([True, False, True])}


def scalars():
    return {"logit_scale": torch.tensor(4.6051702), "one": torch.tensor([2.0]), "one_by_one": torch.tensor([[3.0]]),
            "of_storage": torch.arange(5.0)[3]}


def ordered():
    """`state_dict()` as it is: an OrderedDict that carries `_metadata`."""
    model = nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3))
    state = model.state_dict()
    for name in state:
        if state[name].is_floating_point():
            state[name].copy_(values(name, *state[name].shape))
    return state


def parameters():
    weight = values("weight", 3, 4)
    return {"parameter": nn.Parameter(weight), "frozen": nn.Parameter(weight.t(), requires_grad=False),
            "buffer": values("bias", 4), "needs_grad": values("bias", 4).requires_grad_()}


def micro_weights():
    """The micro model's weights with what a released file holds besides."""
    weights = collections.OrderedDict(
        (name, torch.from_numpy(procedural.tensor(name, tuple(parameter.shape))))
        for name, parameter in SAN(MICRO).state_dict().items())
    weights["criterion.empty_weight"] = torch.ones(172)
    weights["ov_classifier.attn_mask"] = torch.full((77, 77), -torch.inf).triu(1)
    return weights


def released(weights):
    """A released file's layout: the trained side adapter has optimiser state, CLIP has none."""
    trained = [name for name in weights if name.startswith("side_adapter_network")][:2]
    state = {index: {"step": torch.tensor(60000.0), "exp_avg": torch.zeros_like(weights[name]),
                     "exp_avg_sq": torch.ones_like(weights[name])} for index, name in enumerate(trained)}
    group = {"lr": 1e-4, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 1e-4, "amsgrad": False,
             "params": [0, 1]}
    return {"model": weights, "optimizer": {"state": state, "param_groups": [group]}, "iteration": 59999}


def pair(folder, name, saved, tensors=None, **options):
    """NAME.pth holds `saved`, NAME.safetensors its `tensors`."""
    torch.save(saved, folder / f"{name}.pth", **options)
    tensors = saved if tensors is None else tensors
    save_file({key: x.detach().contiguous().clone() for key, x in tensors.items()},
              folder / f"{name}.safetensors")


def make_assembled(folder):
    """Two that this machine's PyTorch would not write: tensors of a GPU, and the plainer zip of older versions."""
    weight = {"weight": torch.tensor([[1.0, 2.0], [3.0, 4.0]])}
    data = assemble.program(assemble.tensor(assemble.storage(device="cuda:0")))
    (folder / "cuda.pth").write_bytes(assemble.archive(data))
    save_file(weight, folder / "cuda.safetensors")
    with zipfile.ZipFile(folder / "strides.pth") as file:
        entries = {path.partition("/")[2]: file.read(path) for path in file.namelist()}
    entries = {path: entries[path] for path in entries if path in ("data.pkl", "version") or path[:5] == "data/"}
    (folder / "older_zip.pth").write_bytes(assemble.archive(b"", entries=entries))
    save_file({key: x.contiguous().clone() for key, x in strides().items()}, folder / "older_zip.safetensors")


def make_micro(folder):
    folder.mkdir(exist_ok=True)
    MICRO.save(folder / "config.json")
    weights = micro_weights()
    inference = {name: x for name, x in weights.items() if name not in ("criterion.empty_weight",
                                                                        "ov_classifier.attn_mask")}
    pair(folder, "model", released(weights), inference)
    metadata = {"config": (folder / "config.json").read_text()}
    for name, dtype in [("f16", torch.float16), ("bf16", torch.bfloat16)]:
        save_file({key: x.to(dtype) for key, x in inference.items()}, folder / f"model.{name}.safetensors", metadata)


def make(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, saved in [("strides", strides()), ("other_types", other_types()), ("scalars", scalars()),
                        ("ordered", ordered()), ("parameters", parameters())]:
        pair(folder, name, saved)
    whole = nested()
    pair(folder, "nested", whole, whole["model"])
    for name, dtype in [("float16", torch.float16), ("bfloat16", torch.bfloat16)]:
        tensors = specials(dtype)
        pair(folder, name, tensors)
        save_file({key: x.float().contiguous() for key, x in tensors.items()},
                  folder / f"{name}.as_float32.safetensors")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for protocol in (3, 4, 5):
            pair(folder, f"protocol{protocol}", strides(), pickle_protocol=protocol)
    make_assembled(folder)
    legacy = folder / "legacy.pth"
    if not legacy.exists():  # its bytes differ from run to run: storages are named by their address
        torch.save(strides(), legacy, _use_new_zipfile_serialization=False)
    make_micro(folder / "micro")
