"""Fixtures of whole models: sizes and configurations for which no golden was published."""
import dataclasses

import torch

import config
import procedural
from san import SAN, scores

CLASSES = ("cat", "sky", "a red car", "grass", "oak", "river")
PROMPTS = ("", "cat", "a photo of a cat.", "a photo of a caterpillar.", "dog " * 100, "日本語の猫", "!!!")

# The L/14 path in small: a factor that is no power of two, pixels left over at the edges, pooling windows that overlap.
TOY_14 = dataclasses.replace(config.TOY, name="san-toy-14", clip=dataclasses.replace(
    config.TOY.clip, resolution_scale=0.7,
    image=dataclasses.replace(config.TOY.clip.image, patch_size=14)))

# Small enough for a checkpoint in the repository. Its vocabulary is cut, so that it has no use for real prompts.
MICRO = config.Config(
    name="san-micro",
    clip=config.Clip(
        image=config.ImageTower(width=16, layers=3, heads=2, patch_size=8, grid=(3, 3)),
        text=config.TextTower(width=16, layers=1, heads=2, context_length=77, vocabulary_size=520),
        embedding=12, resolution_scale=0.5, extractor_layers=2),
    side_adapter=config.SideAdapter(
        width=24, layers=3, heads=3, patch_size=8, grid=(5, 5), fusion=((0, 0), (2, 1)), queries=5),
    mask_decoder=config.MaskDecoder(channels=8, mlp_layers=3, bias_heads=2),
    input=config.Input(short_side=64))


def input_image(name, height, width):
    return torch.from_numpy(procedural.image(name, height, width)).double()


def odd_size(model, tokenizer):
    """Every stage at 96×224, with scores for content of 90×217 and a photo of 30×73."""
    found = model.stages(input_image("input/odd", 96, 224), model.classifier(tokenizer, CLASSES))
    del found["sem_seg"]
    found["sem_seg.photo"] = scores(
        found["class_logits"], found["mask_logits"], (96, 224), (90, 217), (30, 73))
    return found


def text(toy, tokenizer):
    """The toy's text tower on edge cases: no words, a shared prefix, a text that is cut at 77."""
    ids = torch.tensor([tokenizer.encode_padded(prompt, 77) for prompt in PROMPTS])
    return {"ids": ids.int(), "embeddings": toy.ov_classifier.encode(ids)}


def micro(model):
    """The outputs of the checkpoint in ../pth at 64×96: what does not depend on text."""
    classifier = torch.eye(model.config.clip.embedding)
    found = model.stages(input_image("input/micro", 64, 96), classifier)
    return {name: found[name] for name in ("clip.input", "mask_logits", "attn_bias", "mask_embed")}


def make(toy, tokenizer):
    """File name → tensors, and file name → configuration."""
    tensors = {
        "toy_96x224": odd_size(toy, tokenizer),
        "toy14_96x224": odd_size(SAN(TOY_14).load_procedural(), tokenizer),
        "toy_text": text(toy, tokenizer),
        "micro_64x96": micro(SAN(MICRO).load_procedural())}
    configs = {"toy": config.TOY, "toy14": TOY_14, "micro": MICRO, "san_vit_b_16": config.VIT_B_16,
               "san_vit_l_14": config.VIT_L_14}
    return tensors, configs
