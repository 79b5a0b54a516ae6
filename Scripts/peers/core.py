"""The network that all engines run: a normalised picture → mask logits and class logits, at one fixed size.

It is Scripts/reference with the same arithmetic in the forms that each peer is fastest with.
"""
import pathlib
import sys
import warnings
from unittest import mock

import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "reference"))
import clip
import config
import layers
import side_adapter
from san import SAN, clip_input

CONFIGS = {"b16": config.VIT_B_16, "l14": config.VIT_L_14}
SIDE = 640


def fused_attend(q, k, v, heads, mask=None):
    """`layers.attend` through PyTorch's fused attention."""
    def split(x):  # [B, L, C] → [B, heads, L, d]
        return x.unflatten(2, (heads, -1)).transpose(1, 2)

    found = F.scaled_dot_product_attention(split(q), split(k), split(v), attn_mask=mask)
    return found.transpose(1, 2).flatten(2)  # [B, L, C]


def exportable_attend(q, k, v, heads, mask=None):
    """`layers.attend` with a constant scale, in the form that the runtimes know and fuse themselves."""
    def split(x):  # [B, L, C] → [B, heads, L, d]
        return x.reshape(1, int(x.shape[1]), heads, int(x.shape[2]) // heads).transpose(1, 2)

    q, k, v = split(q), split(k), split(v)
    logits = (q * int(q.shape[-1]) ** -0.5) @ k.transpose(2, 3)  # [B, heads, L, L]
    if mask is not None:
        logits = logits + mask
    return (logits.softmax(dim=-1) @ v).transpose(1, 2).flatten(2)  # [B, L, C]


def exportable_mask(head, bias):
    """`ClipRecHead.mask` without writing into slices: all but the bias is constant."""
    bias = bias.flatten(3)  # [B, heads, Q, L]
    batch, heads, queries, patches = bias.shape
    own = -100 * (1 - torch.eye(int(queries)))
    top = torch.cat([own, torch.full((queries, 1), -100.0)], dim=1)  # [Q, Q + 1]
    below = torch.cat(
        [torch.full((1 + patches, queries), -100.0), torch.zeros(1 + patches, 1 + patches)], dim=1)
    above = torch.cat([top.expand(batch, heads, -1, -1), bias], dim=3)
    return torch.cat([above, below.expand(batch, heads, -1, -1)], dim=2)


def exportable_pool(bias, size):
    """`clip.pool_bias` from slices: ONNX has adaptive pooling only where the sizes divide."""
    for axis, new in ((3, size[0]), (4, size[1])):
        old, new = int(bias.shape[axis]), int(new)
        starts = [i * old // new for i in range(new)]
        lasts = [-(-(i + 1) * old // new) - 1 for i in range(new)]
        width = max(last - start for start, last in zip(starts, lasts)) + 1
        parts = [bias.index_select(axis, torch.tensor([min(s + step, e) for s, e in zip(starts, lasts)]))
                 for step in range(width)]
        bias = parts[0]
        for part in parts[1:]:
            bias = torch.maximum(bias, part)
    return bias


def fix_positions(model, height, width):
    """Resizes the positional grids once; forward then takes them as they are."""
    side, extractor = model.side_adapter_network, model.clip_visual_extractor
    scale, patch = model.config.clip.resolution_scale, model.config.clip.image.patch_size
    new = tuple(int(n * scale) // patch for n in (height, width))
    first, grid = extractor.positional_embedding[:1], extractor.positional_embedding[1:]
    extractor.positional_embedding = nn.Parameter(
        torch.cat([first, layers.resize_grid(grid, extractor.grid, new)]), requires_grad=False)
    extractor.grid = new
    new = tuple(n // model.config.side_adapter.patch_size for n in (height, width))
    side.vit_model.pos_embed = nn.Parameter(
        layers.resize_grid(side.vit_model.pos_embed[0], side.grid, new)[None], requires_grad=False)
    side.grid = new


class Core(nn.Module):
    """Image [1, 3, H, W] and classifier [K + 1, E] → mask logits [1, Q, h, w] and class logits [1, Q, K + 1]."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, image, classifier):
        model = self.model
        tower = model.clip_visual_extractor
        features = tower(tower.conv1(clip_input(image, model.config.clip.resolution_scale)))
        outputs = model.side_adapter_network(image, features)
        masks, bias = model.side_adapter_network.mask_decoder(*outputs[-1])
        embeddings, _ = model.clip_rec_head(features[-1], bias)  # [1, Q, E]
        return masks, model.ov_classifier.logit_scale.exp() * embeddings @ classifier.transpose(0, 1)


def load(name, weights):
    """The reference with PyTorch's fused attention: half of the plain form's time."""
    layers.attend = fused_attend
    return SAN(CONFIGS[name]).load(weights).requires_grad_(False)


def exportable_clip_input(image, scale):
    """`clip_input` by its size: with the scale 0.7, rounded, runtimes find a row less."""
    return layers.resize(image, tuple(int(int(n) * scale) for n in image.shape[2:]))


def exportable_norm(norm, x):
    """`ChannelNorm.forward` with axes counted from the front, as ONNX wants them."""
    return F.layer_norm(
        x.permute(0, 2, 3, 1), norm.normalized_shape, norm.weight, norm.bias, norm.eps).permute(0, 3, 1, 2)


def export(core, classifier, path):
    """Writes the core as ONNX."""
    with (mock.patch.object(layers, "attend", exportable_attend),
          mock.patch.object(sys.modules[__name__], "clip_input", exportable_clip_input),
          mock.patch.object(clip, "pool_bias", exportable_pool),
          mock.patch.object(clip.ClipRecHead, "mask", exportable_mask),
          mock.patch.object(side_adapter.ChannelNorm, "forward", exportable_norm),
          warnings.catch_warnings()):
        warnings.simplefilter("ignore")  # sizes become constants: that is meant
        torch.onnx.export(
            core, (torch.zeros(1, 3, SIDE, SIDE), classifier), path, dynamo=False, opset_version=17,
            do_constant_folding=True, input_names=["image", "classifier"],
            output_names=["mask_logits", "class_logits"])
