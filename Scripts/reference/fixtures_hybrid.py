"""Fixtures of the hybrid: a toy whose tower has a convolutional stem, every stage at an even and an odd size."""
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

import config
import procedural
from fixtures_model import input_image
from san import SAN, enlarged

# Small widths, all different; both kernels with both strides, blocks with and without an expansion and a residual.
TOY = config.Config(
    name="san-toy-hybrid",
    clip=config.Clip(
        image=config.ImageTower(
            width=32, layers=3, heads=4, patch_size=16, grid=(3, 4),
            stem=config.Stem(kind="efficientnet-lite", channels=10, blocks=(
                (1, 3, 1, 8, 1), (6, 3, 2, 12, 2), (3, 5, 2, 14, 2), (2, 3, 2, 20, 1), (4, 5, 1, 18, 3),
                (3, 5, 2, 26, 2), (2, 3, 1, 30, 1)), head=44, hidden=36)),
        text=config.TextTower(width=16, layers=1, heads=2, context_length=77, vocabulary_size=520),
        embedding=24, resolution_scale=1.0, extractor_layers=1),
    side_adapter=config.SideAdapter(
        width=24, layers=3, heads=3, patch_size=16, grid=(4, 3), fusion=((0, 0), (1, 2)), queries=7),
    mask_decoder=config.MaskDecoder(channels=16, mlp_layers=3, bias_heads=4, stride=8),
    input=config.Input(short_side=64, mean=(127.0, 127.0, 127.0), std=(128.0, 128.0, 128.0)),
    dense=config.Dense(mask=0.75, mask_mean=1.25, places=0.5))
CLASSES = 5


@torch.no_grad()
def toy():
    """Procedural weights; the stem's convolutions are larger, so that ReLU6 cuts at both of its ends."""
    model = SAN(TOY).load_procedural()
    for name, value in model.clip_visual_extractor.stem.named_parameters():
        if name.endswith(("conv.weight", "expand.weight", "depthwise.weight")):
            value *= 2.5
    return model


def classifier():
    """Rows [K + 1, E] of unit length: no text is encoded, the toy's vocabulary is cut."""
    rows = torch.from_numpy(procedural.tensor("fixture/classifier", (CLASSES + 1, TOY.clip.embedding)))
    return F.normalize(rows.double(), dim=-1)


def stages(model, image, unpadded, photo):
    """Every stage, with the scores of a photo of which the image is the padded copy."""
    found = {"input": image, **model.stages(image, classifier())}
    padded = image.shape[2:]
    found["sem_seg.photo"] = model.scores(found, padded, unpadded, photo)
    masks = enlarged(found["mask_logits"], padded, unpadded, photo).sigmoid()
    found["sem_seg.photo.masks"] = torch.einsum(
        "qk,qhw->khw", found["class_logits"].softmax(dim=-1)[0, :, :-1], masks[0])
    return found


@torch.no_grad()
def make():
    """File name → tensors. The odd one is content of 90×131 of a photo of 77×112, padded; what is padded is zero."""
    model = toy()
    image = input_image("input/hybrid-odd", 96, 160)
    image[:, :, 90:], image[:, :, :, 131:] = 0, 0
    return {
        "hybrid_64x96": stages(model, input_image("input/hybrid", 64, 96), (64, 96), (64, 96)),
        "hybrid_96x160": stages(model, image, (90, 131), (77, 112))}


def write(folder):
    """The stages, the toy's model file (float32) and its configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, tensors in make().items():
        save_file({key: value.float().contiguous() for key, value in tensors.items()}, folder / f"{name}.safetensors")
    save_file({key: value.float().contiguous() for key, value in toy().state_dict().items()},
              folder / "toy.safetensors")
    TOY.save(folder / "config.json")
