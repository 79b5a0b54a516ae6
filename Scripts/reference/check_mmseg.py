"""Compares this reference with mmsegmentation's SAN, in float64 on the same procedural weights.

    python check_mmseg.py     ViT-B/16 at 640×864 and 320×416, ViT-L/14 at 320×416; exits 1 beyond 1e-9, relative
"""
import pathlib
import re
import sys
import types
import warnings

import torch
import torch.nn.functional as F

import config
import procedural
from check_goldens import CLASSES
from san import SAN
from tokenizer import Tokenizer

RELATIVE = 1e-9  # float64 leaves 1e-12 or so: anything above is another computation, not rounding

# A checkpoint's names to mmsegmentation's: every rule that fits is applied, in order.
RULES = (
    (r"^clip_visual_extractor\.class_embedding$", "image_encoder.cls_token"),
    (r"^clip_visual_extractor\.positional_embedding$", "image_encoder.pos_embed"),
    (r"^clip_visual_extractor\.conv1\.", "image_encoder.patch_embed.projection."),
    (r"^clip_visual_extractor\.ln_pre\.", "image_encoder.ln_pre."),
    (r"^clip_visual_extractor\.resblocks\.(\d+)\.attn\.", r"image_encoder.layers.\1.attn.attn."),
    (r"^clip_visual_extractor\.resblocks\.(\d+)\.ln_(\d)\.", r"image_encoder.layers.\1.ln\2."),
    (r"^clip_visual_extractor\.resblocks\.(\d+)\.mlp\.c_fc\.", r"image_encoder.layers.\1.ffn.layers.0.0."),
    (r"^clip_visual_extractor\.resblocks\.(\d+)\.mlp\.c_proj\.", r"image_encoder.layers.\1.ffn.layers.1."),
    (r"^clip_rec_head\.proj$", "clip_rec_head.proj.weight"),
    (r"^clip_rec_head\.", "decode_head.rec_with_attnbias."),
    (r"^ov_classifier\.transformer\.", "text_encoder.transformer."),
    (r"^ov_classifier\.", "text_encoder."),
    (r"\.(rec_with_attnbias|transformer)\.resblocks\.", r".\1.layers."),
    (r"^text_encoder\.transformer\.layers\.", "text_encoder.transformer."),
    (r"\.(layers|transformer)\.(\d+)\.ln_1\.", r".\1.\2.norms.0."),
    (r"\.(layers|transformer)\.(\d+)\.ln_2\.", r".\1.\2.norms.1."),
    (r"\.(layers|transformer)\.(\d+)\.attn\.(in_proj|out_proj)", r".\1.\2.attentions.0.attn.\3"),
    (r"\.mlp\.c_fc\.", ".ffns.0.layers.0.0."),
    (r"\.mlp\.c_proj\.", ".ffns.0.layers.1."),
    (r"^side_adapter_network\.", "decode_head.side_adapter_network."),
    (r"\.vit_model\.pos_embed$", ".pos_embed"),
    (r"\.vit_model\.patch_embed\.proj\.", ".patch_embed.projection."),
    (r"\.vit_model\.blocks\.(\d+)\.norm(\d)\.", r".encode_layers.\1.ln\2."),
    (r"\.vit_model\.blocks\.(\d+)\.attn\.qkv\.", r".encode_layers.\1.attn.attn.in_proj_"),
    (r"\.vit_model\.blocks\.(\d+)\.attn\.proj\.", r".encode_layers.\1.attn.attn.out_proj."),
    (r"\.vit_model\.blocks\.(\d+)\.mlp\.fc1\.", r".encode_layers.\1.ffn.layers.0.0."),
    (r"\.vit_model\.blocks\.(\d+)\.mlp\.fc2\.", r".encode_layers.\1.ffn.layers.1."),
    (r"\.fusion_layers\.layer_(\d+)\.input_proj\.0\.", r".conv_clips.\1.0."),
    (r"\.fusion_layers\.layer_(\d+)\.input_proj\.1\.", r".conv_clips.\1.1.conv."))

# What is stored in another shape there.
RESHAPED = {
    "image_encoder.cls_token": lambda x: x[None, None],
    "image_encoder.pos_embed": lambda x: x[None],
    "decode_head.rec_with_attnbias.proj.weight": lambda x: x.T}


class NoOps(types.ModuleType):
    """mmcv-lite has no compiled operators; mmsegmentation imports some by name, and SAN's inference calls none."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (torch.nn.Module,), {})


def their_model(file, adapt=lambda model: None):
    """mmsegmentation's own configuration of SAN, without its training part and without pretrained files; `adapt` may
    change it."""
    warnings.simplefilter("ignore")
    sys.modules["mmcv.ops"] = NoOps("mmcv.ops")
    import mmengine
    import mmseg.models
    from mmseg.registry import MODELS

    configs = pathlib.Path(mmseg.__file__).parent / ".mim" / "configs" / "san"
    model = mmengine.Config.fromfile(configs / file).model
    model.pretrained = None
    model.decode_head.train_cfg = None
    model.text_encoder.dataset_name = None
    model.text_encoder.vocabulary = list(CLASSES)
    adapt(model)
    mmengine.registry.init_default_scope("mmseg")
    return MODELS.build(model).eval()


def their_weights(ours):
    found = {}
    for name, x in ours.items():
        for pattern, replacement in RULES:
            name = re.sub(pattern, replacement, name)
        found[name] = RESHAPED.get(name, lambda x: x)(x)
    return found


def their_stages(model, clip_input, image):
    """Their modules, called as their `encode_decode` calls them, with the names of our stages."""
    features = model.image_encoder(clip_input)
    found = {}
    for index, (grid, token) in zip((0, *(i + 1 for i in model.image_encoder.out_indices)), features):
        found[f"clip.feature.{index}"], found[f"clip.feature.{index}_cls_token"] = grid, token[:, None]
    head, classifier = model.decode_head, model.text_encoder()
    found["text_classifier"] = classifier / model.text_encoder.logit_scale.exp()
    masks, biases = head.side_adapter_network(image, features, [])
    found["mask_logits"], found["attn_bias"] = masks[-1], biases[-1][0]
    found["mask_embed"] = head.rec_with_attnbias(biases[-1], features[-1])
    masks, classes = head.forward([image, features, classifier], [])
    found["class_logits"] = classes[-1]
    meta = [{"img_shape": image.shape[2:]}]
    found["sem_seg"] = head.predict_by_feat([masks[-1], classes[-1]], meta)[0]
    return found


def check(cfg, file, sizes):
    """True where all agree."""
    theirs = their_model(file)
    ours = SAN(cfg).load_procedural()
    theirs.load_state_dict(their_weights(ours.state_dict()), strict=True)
    theirs.double()
    classifier = ours.classifier(Tokenizer(), CLASSES)
    good = True
    for height, width in sizes:
        image = torch.from_numpy(procedural.image("input/mmseg", height, width)).double()
        mine = ours.stages(image, classifier)
        scaled = F.interpolate(image.float(), scale_factor=theirs.encoder_resolution, mode="bilinear").double()
        yours = {"clip.input": scaled, **their_stages(theirs, scaled, image)}
        for name, expected in yours.items():
            difference = float((mine[name] - expected).abs().max() / expected.abs().max())
            bad = mine[name].shape != expected.shape or not difference <= RELATIVE
            good &= not bad
            print(f"{cfg.name:<14} {height}×{width}  {name:<26} {difference:>8.1e}{'  FAILED' * bad}")
    return good


@torch.no_grad()
def main():
    torch.set_default_dtype(torch.float64)
    results = [check(config.VIT_B_16, "san-vit-b16_coco-stuff164k-640x640.py", [(640, 864), (320, 416)]),
               check(config.VIT_L_14, "san-vit-l14_coco-stuff164k-640x640.py", [(320, 416)])]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
