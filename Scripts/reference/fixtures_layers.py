"""Fixtures of single layers: inputs and outputs side by side, float64 arithmetic rounded to float32."""
import math

import torch
import torch.nn.functional as F

import procedural
from clip import pool_bias
from layers import quick_gelu, resize, resize_grid
from san import clip_input, scores


def noise(name, *shape, scale=1, offset=0):
    """offset ± scale, depending on the name and shape alone; float64 that float32 holds exactly."""
    u = torch.from_numpy(procedural.uniform("fixture/" + name, math.prod(shape)).reshape(shape))
    return (offset + scale * u).double()


def procedural_values():
    """One tensor for each rule of procedural.py, and an image."""
    names = {
        "ov_classifier.logit_scale": (), "mask_decoder.bias_scaling.weight": (1, 1),
        "clip_visual_extractor.class_embedding": (5,), "side_adapter_network.query_embed": (1, 2, 3),
        "side_adapter_network.query_pos_embed": (1, 2, 3), "clip_visual_extractor.positional_embedding": (3, 4),
        "side_adapter_network.vit_model.pos_embed": (1, 3, 2), "ov_classifier.bg_embed": (1, 6),
        "ov_classifier.token_embedding.weight": (4, 3), "clip_rec_head.proj": (4, 3),
        "ov_classifier.text_projection": (3, 3), "clip_rec_head.ln_post.weight": (7,),
        "clip_rec_head.ln_post.bias": (7,), "clip_rec_head.resblocks.0.attn.in_proj_weight": (9, 3),
        "clip_rec_head.resblocks.0.attn.in_proj_bias": (9,),
        "side_adapter_network.vit_model.blocks.0.attn.qkv.weight": (6, 2),
        "clip_rec_head.resblocks.0.mlp.c_proj.weight": (2, 8),
        "side_adapter_network.vit_model.patch_embed.proj.weight": (2, 3, 4, 4)}
    found = {name: torch.from_numpy(procedural.tensor(name, shape)) for name, shape in names.items()}
    found["image"] = torch.from_numpy(procedural.image("input/small", 32, 64))
    return found


def clip_block(toy):
    """Block 0 of the toy's recognition head: plain, and with the mask of 4 recognition tokens over a 2×3 grid."""
    block, head = toy.clip_rec_head.resblocks[0], toy.clip_rec_head
    bias = noise("clip_block/bias", 1, 4, 4, 2, 3, scale=8)
    x = noise("clip_block/x", 1, 4 + 1 + 6, 64, scale=2)
    mask = head.mask(bias)
    return {"x": x, "bias": bias, "mask": mask, "plain": block(x), "masked": block(x, mask)}


def side_block(toy):
    """Block 0 of the toy's side adapter."""
    x = noise("side_block/x", 1, 13, 48, scale=2)
    return {"x": x, "y": toy.side_adapter_network.vit_model.blocks[0](x)}


def bicubic_grid():
    """Positional grids, `a×b_to_c×d`: [a·b, C] → [c·d, C]."""
    found = {}
    for old, new in [((4, 4), (3, 7)), ((8, 8), (6, 14)), ((4, 4), (4, 5)), ((3, 5), (9, 2)), ((2, 2), (1, 1)),
                     ((1, 1), (2, 3)), ((14, 14), (20, 27)), ((6, 6), (6, 6))]:
        name = "{}x{}_to_{}x{}".format(*old, *new)
        x = noise("bicubic/" + name, old[0] * old[1], 3)
        found[name + ".x"], found[name + ".y"] = x, resize_grid(x, old, new)
    return found


def bilinear():
    """To a size, `a×b_to_c×d`; by a factor as CLIP's input is made, `a×b_by_s`. [1, 2, a, b] → [1, 2, c, d]."""
    found = {}
    for old, new in [((4, 5), (8, 10)), ((3, 7), (6, 14)), ((8, 10), (64, 80)), ((12, 9), (5, 4)),
                     ((1, 1), (3, 2)), ((5, 1), (2, 6)), ((33, 47), (20, 61)), ((6, 6), (6, 6))]:
        name = "{}x{}_to_{}x{}".format(*old, *new)
        x = noise("bilinear/" + name, 1, 2, *old)
        found[name + ".x"], found[name + ".y"] = x, resize(x, new)
    for size, scale in [((32, 64), 0.5), ((32, 64), 0.7), ((7, 9), 0.5), ((11, 13), 0.7), ((96, 32), 0.7)]:
        name = "{}x{}_by_{}".format(*size, scale)
        x = noise("bilinear/" + name, 1, 2, *size)
        found[name + ".x"], found[name + ".y"] = x, clip_input(x, scale)
    return found


def adaptive_max_pool():
    """`a×b_to_c×d`: [1, 2, 3, a, b] → [1, 2, 3, c, d]."""
    found = {}
    for old, new in [((8, 10), (4, 5)), ((6, 14), (4, 11)), ((20, 27), (16, 21)), ((5, 7), (5, 7)),
                     ((7, 5), (3, 2)), ((2, 3), (4, 5)), ((1, 1), (1, 1))]:
        name = "{}x{}_to_{}x{}".format(*old, *new)
        x = noise("max_pool/" + name, 1, 2, 3, *old, offset=-0.5)
        found[name + ".x"], found[name + ".y"] = x, pool_bias(x, new)
    return found


def softmax():
    """Over the last dimension; `masked` has entries at −100 and −∞, `large` would overflow without the maximum."""
    masked = noise("softmax/masked", 6, 17, scale=3)
    masked[:, 3:9] -= 100
    masked[2, 10:] = -torch.inf
    inputs = {"plain": noise("softmax/plain", 5, 33, scale=4), "masked": masked.float().double(),
              "one": noise("softmax/one", 4, 1), "large": noise("softmax/large", 3, 8, scale=1e4),
              "equal": torch.full((2, 7), 3.5)}
    return {name + end: value for name, x in inputs.items()
            for end, value in ((".x", x), (".y", x.softmax(dim=-1)))}


def activations():
    x = torch.cat([torch.linspace(-12, 12, 193), torch.tensor([-1e4, -88.7, -1e-6, 0.0, 1e-6, 88.7, 1e4])])
    x = x.float().double()
    return {"x": x, "gelu": F.gelu(x), "quick_gelu": quick_gelu(x), "sigmoid": x.sigmoid()}


def layer_norm():
    """Rows of 48 with a weight and bias; the last rows are nearly constant, where ε decides."""
    x = noise("layer_norm/x", 6, 48, scale=3)
    x[3] *= 1e-3
    x[4] = 5 + 1e-4 * x[4]
    x[5] = 0.25
    x = x.float().double()
    weight = noise("layer_norm/weight", 48, scale=0.1, offset=1)
    bias = noise("layer_norm/bias", 48, scale=0.1)
    found = {"x": x, "weight": weight, "bias": bias}
    for name, epsilon in [("eps_1e-5", 1e-5), ("eps_1e-6", 1e-6)]:
        found[name] = F.layer_norm(x, (48,), weight, bias, epsilon)
    return found


def score_map():
    """Class logits [1, Q, K + 1] and mask logits to scores: padded 32×64, content 25×50, photo 37×61."""
    classes = noise("scores/classes", 1, 5, 4, scale=4)
    masks = noise("scores/masks", 1, 5, 2, 4, scale=6)
    found = scores(classes, masks, (32, 64), (25, 50), (37, 61))
    return {"class_logits": classes, "mask_logits": masks, "padded": scores(classes, masks, (32, 64)),
            "photo": found, "labels": found.argmax(dim=0).int()}


def make(toy):
    """File name → tensors."""
    return {
        "procedural": procedural_values(), "clip_block": clip_block(toy), "side_block": side_block(toy),
        "bicubic_grid": bicubic_grid(), "bilinear": bilinear(), "adaptive_max_pool": adaptive_max_pool(),
        "softmax": softmax(), "activations": activations(), "layer_norm": layer_norm(), "scores": score_map()}
