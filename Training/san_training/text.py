"""Prompts and class embeddings."""
import torch
import torch.nn.functional as F

from .tokenizer import batch

SIZES = ("small", "medium", "large")
TEMPLATES = (
    ["a photo of a {}.", "This is a photo of a {}", "There is a {} in the scene", "There is the {} in the scene",
     "a photo of a {} in the scene"]
    + [f"a photo of a {size} {{}}." for size in SIZES]
    + [f"This is a photo of a {size} {{}}." for size in SIZES]
    + [f"There is a {size} {{}} in the scene." for size in SIZES]
)


@torch.no_grad()
def encode(encoder, tokenizer, texts, size=512):
    """Unit vectors [len(texts),E], longer texts batched together."""
    device = encoder.text_projection.device
    rows = [tokenizer.encode(text) for text in texts]
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    out = torch.empty(len(rows), encoder.text_projection.shape[1], device=device)
    for begin in range(0, len(order), size):
        chosen = order[begin: begin + size]
        out[chosen] = encoder(batch([rows[i] for i in chosen], tokenizer.end).to(device))
    return out


def class_embeddings(encoder, tokenizer, names, templates=TEMPLATES):
    """Mean over the templates of unit vectors, made unit again: [len(names),E]."""
    texts = [template.format(name) for name in names for template in templates]
    each = encode(encoder, tokenizer, texts).view(len(names), len(templates), -1)
    return F.normalize(each.mean(dim=1), dim=-1)
