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
from stem import near

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
        self.clip_visual_extractor = ClipVisualExtractor(config.clip)
        self.hybrid = config.clip.image.stem is not None
        stem = self.clip_visual_extractor.stem if self.hybrid else None
        self.side_adapter_network = SideAdapterNetwork(config, stem)
        self.finer = self.side_adapter_network.finer
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
        x8 = None
        if self.hybrid:
            stem = self.clip_visual_extractor.stem
            x8, x16, x32, head = stem.maps(image)
            found = {"stem.8": x8, "stem.16": x16, "stem.32": x32, "stem.head": head}
            found["stem.tokens"] = patches = stem.tokens(x8, x16, x32, head)
            source = near(x8, x16)
        else:
            found = {"clip.input": clip_input(image, self.config.clip.resolution_scale)}
            patches, source = self.clip_visual_extractor.conv1(found["clip.input"]), image
        features = self.clip_visual_extractor(patches)
        for index, (grid, token) in enumerate(features):
            found[f"clip.feature.{index}"], found[f"clip.feature.{index}_cls_token"] = grid, token
        outputs = self.side_adapter_network(source, features)
        for index, (query, x) in enumerate(outputs[-2:]):
            found[f"side.out{index}.query"], found[f"side.out{index}.x"] = query, x
        found["mask_logits"], found["attn_bias"] = self.side_adapter_network.mask_decoder(
            *outputs[-1], x8 if self.finer else None)
        found["attn_bias.pooled"] = pool_bias(found["attn_bias"], features[-1][0].shape[2:]).flatten(1, 2)
        found["mask_embed"], place_embed = self.clip_rec_head(features[-1], found["attn_bias"])
        found["text_classifier"] = classifier
        found["class_logits"] = self.ov_classifier(found["mask_embed"], classifier)
        if self.config.dense:
            found["place_embed"] = place_embed
            found["place_logits"] = self.ov_classifier(place_embed, classifier)
            found["shares"], found["places"] = dense_shares(
                found["class_logits"], found["mask_logits"], found["place_logits"], features[-1][0].shape[2:],
                self.config.dense)
        found["sem_seg"] = self.scores(found, image.shape[2:])
        return found

    def scores(self, found, padded, unpadded=None, photo=None):
        """Scores [K, height, width] from the stages."""
        if not self.config.dense:
            return scores(found["class_logits"], found["mask_logits"], padded, unpadded, photo)
        masks = enlarged(found["mask_logits"], padded, unpadded, photo)
        places = enlarged(found["places"], padded, unpadded, photo)
        return (torch.einsum("qk,qhw->khw", found["shares"][0], masks[0].sigmoid())
                + self.config.dense.places * places[0])


def dense_shares(class_logits, mask_logits, place_logits, grid, dense):
    """What each mask gives each class, [1, Q, K], and the places' own probabilities, a map [1, K, h, w].

    class_logits [1, Q, K + 1], mask_logits [1, Q, h_s, w_s], place_logits [1, h·w, K + 1].
    """
    classes = class_logits.softmax(dim=-1)[..., :-1]
    places = place_logits.softmax(dim=-1)[..., :-1]  # [1, h·w, K]
    inside = F.adaptive_avg_pool2d(mask_logits.sigmoid(), tuple(grid)).flatten(2)  # [1, Q, h·w]
    mean = inside @ places / (inside.sum(dim=-1, keepdim=True) + 1e-6)
    shares = dense.mask * classes + dense.mask_mean * classes.sum(dim=-1, keepdim=True) * mean
    return shares, places.transpose(1, 2).unflatten(2, tuple(grid))


def clip_input(image, scale):
    """CLIP's copy of the image: bilinear, [B, 3, H, W] → [B, 3, ⌊H·s⌋, ⌊W·s⌋], sampled with `s` itself.

    In float32 whatever the model's precision: 1/0.7 is rounded, and the rounded coordinates are what CLIP was fed.
    """
    return F.interpolate(
        image.float(), scale_factor=scale, mode="bilinear", align_corners=False,
        recompute_scale_factor=False).to(image.dtype)


def enlarged(x, padded, unpadded=None, photo=None):
    """A map [1, C, h, w] of the padded image at the photo's size. Each size is (height, width)."""
    x = resize(x, padded)
    if unpadded:
        x = x[..., :unpadded[0], :unpadded[1]]
    return resize(x, photo) if photo else x


def scores(class_logits, mask_logits, padded, unpadded=None, photo=None):
    """[1, Q, K + 1] and [1, Q, h, w] → scores [K, height, width] of the photo, by the masks alone."""
    masks = enlarged(mask_logits, padded, unpadded, photo)  # [1, Q, height, width]
    classes = class_logits.softmax(dim=-1)[..., :-1]
    return torch.einsum("qk,qhw->khw", classes[0], masks[0].sigmoid())
