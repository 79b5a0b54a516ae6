"""SAN (Side Adapter Network, CVPR 2023, arXiv 2302.12242) for inference, in PyTorch, as its checkpoints need it.

Parameter names are the released checkpoints' own. B = batch, C = channels, L = tokens, Q = queries, K = classes.
"""
import torch
import torch.nn.functional as F
from torch import nn

import procedural
from clip import ClipRecHead, ClipVisualExtractor, OvClassifier, pool_bias
from layers import resize
from side_adapter import SideAdapterNetwork

VILD_TEMPLATES = (
    "a photo of a {}.", "This is a photo of a {}", "There is a {} in the scene", "There is the {} in the scene",
    "a photo of a {} in the scene", "a photo of a small {}.", "a photo of a medium {}.", "a photo of a large {}.",
    "This is a photo of a small {}.", "This is a photo of a medium {}.", "This is a photo of a large {}.",
    "There is a small {} in the scene.", "There is a medium {} in the scene.",
    "There is a large {} in the scene.")

# In a released file, but not a part of inference.
IGNORED = ("criterion.empty_weight", "ov_classifier.attn_mask")


class SAN(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.side_adapter_network = SideAdapterNetwork(config)
        self.clip_visual_extractor = ClipVisualExtractor(config.clip)
        self.clip_rec_head = ClipRecHead(config.clip, config.side_adapter.queries)
        self.ov_classifier = OvClassifier(config.clip)

    def load(self, weights):
        """Loads name → tensor, strictly; the entries that inference ignores may be there."""
        self.load_state_dict({k: v for k, v in weights.items() if k not in IGNORED}, strict=True)
        return self.eval()

    def load_procedural(self):
        return self.load({name: torch.from_numpy(procedural.tensor(name, tuple(parameter.shape)))
                          for name, parameter in self.state_dict().items()})

    def classifier(self, tokenizer, classes, templates=VILD_TEMPLATES):
        """[K + 1, E]; the last row is "no object"."""
        context = self.config.clip.text.context_length
        return self.ov_classifier.classifier([
            torch.tensor([tokenizer.encode_padded(t.format(c), context) for t in templates]) for c in classes])

    def stages(self, image, classifier):
        """Every stage by name for a normalised, padded image [1, 3, H, W]."""
        found = {"clip.input": clip_input(image, self.config.clip.resolution_scale)}
        features = self.clip_visual_extractor(found["clip.input"])
        for index, (grid, token) in enumerate(features):
            found[f"clip.feature.{index}"], found[f"clip.feature.{index}_cls_token"] = grid, token
        outputs = self.side_adapter_network(image, features)
        for index, (query, x) in enumerate(outputs[-2:]):
            found[f"side.out{index}.query"], found[f"side.out{index}.x"] = query, x
        found["mask_logits"], found["attn_bias"] = self.side_adapter_network.mask_decoder(*outputs[-1])
        found["attn_bias.pooled"] = pool_bias(found["attn_bias"], features[-1][0].shape[2:]).flatten(1, 2)
        found["mask_embed"] = self.clip_rec_head(features[-1], found["attn_bias"])
        found["text_classifier"] = classifier
        found["class_logits"] = self.ov_classifier(found["mask_embed"], classifier)
        found["sem_seg"] = scores(found["class_logits"], found["mask_logits"], image.shape[2:])
        return found


def clip_input(image, scale):
    """CLIP's copy of the image: bilinear, [B, 3, H, W] → [B, 3, ⌊H·s⌋, ⌊W·s⌋], sampled with `s` itself.

    In float32 whatever the model's precision: 1/0.7 is rounded, and the rounded coordinates are what CLIP was fed.
    """
    return F.interpolate(
        image.float(), scale_factor=scale, mode="bilinear", align_corners=False,
        recompute_scale_factor=False).to(image.dtype)


def scores(class_logits, mask_logits, padded, unpadded=None, photo=None):
    """[1, Q, K + 1] and [1, Q, h, w] → scores [K, height, width] of the photo. Each size is (height, width)."""
    masks = resize(mask_logits, padded)
    if unpadded:
        masks = masks[..., :unpadded[0], :unpadded[1]]
    if photo:
        masks = resize(masks, photo)  # [1, Q, height, width]
    classes = class_logits.softmax(dim=-1)[..., :-1]  # [1, Q, K]
    return torch.einsum("qk,qhw->khw", classes[0], masks[0].sigmoid())
