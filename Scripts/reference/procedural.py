"""Weights and images that are functions of their name and shape, so that a model of any size needs no file.

Tests/Fixtures/golden/README.md tells the same rules in words.
"""
import math

import numpy as np

MASK = (1 << 64) - 1


def fnv1a(text):
    """FNV-1a, 64 bits, of the text's UTF-8 bytes."""
    state = 0xCBF29CE484222325
    for byte in text.encode("utf-8"):
        state = (state ^ byte) * 0x100000001B3 & MASK
    return state


def uniform(name, count):
    """`count` float32 values in [-1, 1): SplitMix64 seeded with the name's hash, the top 24 bits kept."""
    with np.errstate(over="ignore"):
        x = np.arange(1, count + 1, dtype=np.uint64)
        x = x * np.uint64(0x9E3779B97F4A7C15) + np.uint64(fnv1a(name))
        x = (x ^ x >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ x >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        x = x ^ x >> np.uint64(31)
    return (x >> np.uint64(40)).astype(np.float32) / np.float32(2**23) - np.float32(1)


def affine(name, shape):
    """(offset, scale): a weight is offset + scale · u. The first rule that fits the name wins."""
    leaf = name.rpartition(".")[2]
    if name.endswith("logit_scale"):
        return math.log(100), 0
    if name.endswith("bias_scaling.weight"):
        return 4, 0
    embeddings = ("pos_embed", "positional_embedding")
    if leaf in ("class_embedding", "query_embed", "bg_embed") or any(e in leaf for e in embeddings):
        return 0, 0.5
    if "token_embedding" in name:
        return 0, 0.5
    if leaf in ("proj", "text_projection"):  # stored [in, out]
        return 0, math.sqrt(3 / shape[0])
    if len(shape) == 1:
        return (1, 0.1) if leaf == "weight" else (0, 0.1)
    gain = 2 if leaf == "in_proj_weight" or name.endswith("qkv.weight") else 1
    return 0, gain * math.sqrt(3 / math.prod(shape[1:]))


def tensor(name, shape):
    """The weight `name` of `shape`, float32."""
    offset, scale = affine(name, shape)
    u = uniform(name, math.prod(shape)).reshape(shape)
    return np.asarray(np.float32(offset) + np.float32(scale) * u, np.float32)


def image(name, height, width):
    """A normalised, padded image [1, 3, height, width]: blocks of 32×32 pixels plus noise."""
    fine = uniform(name, 3 * height * width).reshape(1, 3, height, width)
    rows, columns = height // 32, width // 32
    coarse = uniform(name + "/coarse", 3 * rows * columns).reshape(1, 3, rows, columns)
    blocks = coarse.repeat(32, axis=2).repeat(32, axis=3)
    return np.float32(1.5) * blocks + np.float32(0.5) * fine
