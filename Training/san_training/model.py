"""SAN in PyTorch, batched and trainable, with the checkpoint's tensor names."""
import math

import torch
import torch.nn.functional as F
from torch import nn

from .layers import CLIPBlock, PixelMLP, QueryMLP, SideBlock, resized_grid
from .stem import Stem, linear, near

MEAN = tuple(255 * x for x in (0.48145466, 0.4578275, 0.40821073))
STD = tuple(255 * x for x in (0.26862954, 0.26130258, 0.27577711))


def normalise(images, config):
    """images [B,3,H,W] with values 0...255 -> the model's input range; CLIP's where the configuration has none."""
    mean, std = (torch.tensor(config["input"].get(key, default), device=images.device).view(1, 3, 1, 1)
                 for key, default in (("mean", MEAN), ("std", STD)))
    return (images - mean) / std


class VisualExtractor(nn.Module):
    """The first blocks of CLIP's image tower."""

    def __init__(self, image, layers):
        super().__init__()
        width, patch = image["width"], image["patch_size"]
        self.grid = tuple(image["grid"])
        if "stem" in image:
            self.stem = Stem(image["stem"], width)
        else:
            self.conv1 = nn.Conv2d(3, width, patch, stride=patch, bias=False)
        self.class_embedding = nn.Parameter(torch.zeros(width))
        self.positional_embedding = nn.Parameter(torch.zeros(1 + self.grid[0] * self.grid[1], width))
        self.ln_pre = nn.LayerNorm(width, eps=1e-5)
        self.resblocks = nn.ModuleList(CLIPBlock(width, image["heads"]) for _ in range(layers))

    def forward(self, images, keep=1.0):
        """images [B,3,H,W] -> (tokens [B,1+h*w,C] after ln_pre and after each block, (h, w))."""
        return self.encode(self.conv1(images), keep)

    def encode(self, x, keep=1.0):
        """The same from the patches [B,C,h,w]."""
        size = tuple(x.shape[-2:])
        x = x.flatten(2).transpose(1, 2)
        first = (self.class_embedding + self.positional_embedding[0]).expand(x.shape[0], 1, -1)
        x = x + resized_grid(self.positional_embedding[None, 1:], self.grid, size)
        x = self.ln_pre(torch.cat([first.to(x.dtype), x], dim=1))
        kept = [x]
        for block in self.resblocks:
            x = block(x, keep=keep)
            kept.append(x)
        return kept, size


class RecognitionHead(nn.Module):
    """The last blocks of CLIP's image tower, with recognition tokens steered by an attention bias."""

    def __init__(self, image, embedding, layers):
        super().__init__()
        width = image["width"]
        self.heads = image["heads"]
        self.resblocks = nn.ModuleList(CLIPBlock(width, self.heads) for _ in range(layers))
        self.ln_post = nn.LayerNorm(width, eps=1e-5)
        self.proj = nn.Parameter(torch.empty(width, embedding))

    def forward(self, x, bias, keep=1.0):
        """x [B,1+N,C], bias [B,heads,Q,N] -> embeddings [B,Q+1+N,E], not normalised."""
        b, tokens, _ = x.shape
        q = bias.shape[2]
        x = torch.cat([x[:, :1].expand(-1, q, -1), x], dim=1)
        mask = x.new_zeros(b, self.heads, q + tokens, q + tokens, dtype=torch.float32)
        mask[..., :q] = -100
        mask[..., :q, q] = -100
        own = torch.arange(q, device=x.device)
        mask[..., own, own] = 0
        mask = torch.cat([torch.cat([mask[..., :q, : q + 1], bias.float()], dim=-1), mask[..., q:, :]], dim=-2)
        for block in self.resblocks:
            x = block(x, mask, keep=keep)
        return self.ln_post(x) @ self.proj


class SideViT(nn.Module):
    """inputs: numbers a place from the stem's maps, for patches of which there is a linear layer; 0: of pixels."""

    def __init__(self, side, inputs):
        super().__init__()
        width, patch = side["width"], side["patch_size"]
        proj = nn.Linear(inputs, width) if inputs else nn.Conv2d(3, width, patch, stride=patch)
        self.patch_embed = nn.ModuleDict({"proj": proj})
        self.pos_embed = nn.Parameter(torch.zeros(1, side["grid"][0] * side["grid"][1], width))
        self.blocks = nn.ModuleList(SideBlock(width, side["heads"]) for _ in range(side["layers"]))


class ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels of a [B,C,h,w] map."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class FusionLayer(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.input_proj = nn.Sequential(ChannelNorm(inputs, eps=1e-6), nn.Conv2d(inputs, outputs, 1))

    def forward(self, x, size):
        x = self.input_proj(x)
        return F.interpolate(x.float(), size=size, mode="bilinear", align_corners=False).to(x.dtype)


class MaskDecoder(nn.Module):
    """fine: channels of the stem's map of stride 8, where masks are made at that stride."""

    def __init__(self, width, decoder, fine=0):
        super().__init__()
        channels, count = decoder["channels"], decoder["mlp_layers"]
        self.heads = decoder["bias_heads"]
        self.query_mlp = QueryMLP(width, channels, channels, count)
        self.pix_mlp = PixelMLP(width, channels, channels, count)
        self.attn_mlp = PixelMLP(width, channels, channels * self.heads, count)
        self.bias_scaling = nn.Linear(1, 1)
        if fine:
            self.fine = nn.Linear(fine, channels, bias=False)

    def forward(self, queries, pixels, x8=None):
        """queries [B,Q,C], pixels [B,C,h,w] -> mask logits [B,Q,h,w], attention bias [B,heads,Q,h,w]. With the map of
        stride 8, masks are twice as fine: it is added to the first layer's output, enlarged."""
        q = self.query_mlp(queries).float()
        if x8 is None:
            keys = self.pix_mlp(pixels)
        else:
            first, *rest = self.pix_mlp.layers
            keys = F.interpolate(first(pixels), size=x8.shape[-2:], mode="bilinear", align_corners=False)
            keys = keys + linear(self.fine, x8)
            for layer in rest:
                keys = layer(F.relu(keys))
        masks = torch.einsum("bqc,bchw->bqhw", q, keys.float())
        attn = self.attn_mlp(pixels).float()
        b, _, h, w = attn.shape
        bias = torch.einsum("bqc,bnchw->bnqhw", q, attn.view(b, self.heads, -1, h, w))
        return masks, bias * self.bias_scaling.weight[0, 0] + self.bias_scaling.bias[0]


class SideAdapter(nn.Module):
    def __init__(self, config, channels):
        """channels: of the stem's maps by stride, or None."""
        super().__init__()
        side = config["side_adapter"]
        self.finer = channels and config["mask_decoder"].get("stride", 16) == 8
        self.grid, self.queries = tuple(side["grid"]), side["queries"]
        self.fusion = [tuple(pair) for pair in side["fusion"]]
        self.query_embed = nn.Parameter(torch.zeros(1, self.queries, side["width"]))
        self.query_pos_embed = nn.Parameter(torch.zeros(1, self.queries, side["width"]))
        self.vit_model = SideViT(side, channels[16] + 4 * channels[8] if channels else 0)
        self.fusion_layers = nn.ModuleDict(
            {f"layer_{block}": FusionLayer(config["clip"]["image"]["width"], side["width"])
             for _, block in self.fusion})
        self.mask_decoder = MaskDecoder(side["width"], config["mask_decoder"], channels[8] if self.finer else 0)

    def forward(self, source, features, size, supervised=1):
        """source: images [B,3,H,W], or the stem's maps of stride 8 and 16; features: CLIP tokens per layer on a grid of
        `size`.

        Returns (mask logits, attention bias) after each of the last `supervised` blocks, the last one last.
        """
        proj, x8 = self.vit_model.patch_embed["proj"], source[0] if self.finer else None
        x = proj(source) if torch.is_tensor(source) else linear(proj, near(*source))
        b, _, h, w = x.shape
        x = x.flatten(2).transpose(1, 2)
        position = resized_grid(self.vit_model.pos_embed, self.grid, (h, w))
        position = torch.cat([self.query_pos_embed, position], dim=1)
        x = torch.cat([self.query_embed.expand(b, -1, -1).to(x.dtype), x], dim=1) + position
        x = self.fuse(x, 0, features, size, (h, w))
        outputs = []
        last = len(self.vit_model.blocks)
        for index, block in enumerate(self.vit_model.blocks, start=1):
            x = self.fuse(block(x), index, features, size, (h, w))
            if index > last - supervised:
                pixels = x[:, self.queries:].transpose(1, 2).unflatten(2, (h, w))
                outputs.append(self.mask_decoder(x[:, : self.queries], pixels, x8))
            if index < last:
                x = x + position
        return outputs

    def fuse(self, x, index, features, size, side_size):
        for layer, block in self.fusion:
            if block == index:
                clip = features[layer][:, 1:].transpose(1, 2).unflatten(2, size)
                added = self.fusion_layers[f"layer_{block}"](clip, side_size).flatten(2).transpose(1, 2)
                x = torch.cat([x[:, : self.queries], x[:, self.queries:] + added], dim=1)
        return x


class TextEncoder(nn.Module):
    """CLIP's text tower, with the class embeddings' extras."""

    def __init__(self, text, embedding):
        super().__init__()
        width, self.end = text["width"], text["vocabulary_size"] - 1
        self.token_embedding = nn.Embedding(text["vocabulary_size"], width)
        self.positional_embedding = nn.Parameter(torch.zeros(text["context_length"], width))
        self.transformer = nn.ModuleDict(
            {"resblocks": nn.ModuleList(CLIPBlock(width, text["heads"]) for _ in range(text["layers"]))})
        self.ln_final = nn.LayerNorm(width, eps=1e-5)
        self.text_projection = nn.Parameter(torch.empty(width, embedding))
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
        self.bg_embed = nn.Parameter(torch.zeros(1, embedding))

    def forward(self, tokens):
        """tokens [B,L] (L up to the context; rows end at their end token) -> unit vectors [B,E]."""
        length = tokens.shape[1]
        x = self.token_embedding(tokens) + self.positional_embedding[:length]
        mask = torch.full((length, length), float("-inf"), device=x.device).triu(1)
        for block in self.transformer["resblocks"]:
            x = block(x, mask)
        end = (tokens == self.end).int().argmax(dim=1)
        x = self.ln_final(x[torch.arange(len(x), device=x.device), end])
        return F.normalize((x @ self.text_projection).float(), dim=-1)


class SAN(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        clip = config["clip"]
        first = clip["extractor_layers"]
        self.clip_visual_extractor = VisualExtractor(clip["image"], first)
        self.hybrid = "stem" in clip["image"]
        self.side_adapter_network = SideAdapter(
            config, self.clip_visual_extractor.stem.channels if self.hybrid else None)
        self.clip_rec_head = RecognitionHead(clip["image"], clip["embedding"], clip["image"]["layers"] - first)
        self.ov_classifier = TextEncoder(clip["text"], clip["embedding"])
        self.scale = clip["resolution_scale"]

    def extract(self, images):
        """images [B,3,H,W] -> (what the side adapter's patches are made of, CLIP's tokens per layer, their grid)."""
        if self.hybrid:
            return self.extract_maps(*self.clip_visual_extractor.stem.maps(images))
        small = F.interpolate(images, scale_factor=self.scale, mode="bilinear", align_corners=False,
                              recompute_scale_factor=False)
        return (images, *self.clip_visual_extractor(small))

    def extract_maps(self, x8, x16, x32, dropout=0.0):
        """The same from the stem's maps."""
        tower = self.clip_visual_extractor
        return ((x8, x16), *tower.encode(tower.stem.tokens(near(x8, x16), x32, dropout)))

    def propose(self, extracted, supervised=1):
        """What `extract` gives -> list of (mask logits [B,Q,h,w], embeddings [B,Q,E], bias [B,heads,Q,N],
        embeddings of CLIP's places [B,h',w',E]), the last one last."""
        source, features, size = extracted
        results = []
        for masks, bias in self.side_adapter_network(source, features, size, supervised):
            pooled = F.adaptive_max_pool2d(bias.flatten(1, 2), size).view(*bias.shape[:3], -1)
            # the extractor's last tokens go on: [B,1+N,C]
            queries = masks.shape[1]
            found = F.normalize(self.clip_rec_head(features[-1], pooled).float(), dim=-1)
            results.append((masks, found[:, :queries], pooled, found[:, queries + 1:].unflatten(1, size)))
        return results

    def class_logits(self, embeddings, classifier):
        """embeddings [...,E], classifier [K+1,E] unit rows -> [...,K+1]."""
        return self.ov_classifier.logit_scale.exp() * embeddings @ classifier.t()

    def classifier(self, text):
        """text [K,E] unit rows -> [K+1,E] with the learned 'no object'."""
        return torch.cat([text, F.normalize(self.ov_classifier.bg_embed, dim=-1)])


def semantic_scores(mask_logits, class_logits, place_logits, size, padded, dense=None, every=1):
    """One image: [Q,h,w], [Q,K+1] and places' [h',w',K+1] on CLIP's grid -> scores [K,H,W] at `size`, through the padded
    size, or at an `every`th of the pixels a side. Without `dense`, the masks' alone."""
    size, padded = ([side // every for side in both] for both in (size, padded))
    shares = classes = class_logits.softmax(dim=-1)[:, :-1]
    if dense:
        places = place_logits.softmax(dim=-1)[..., :-1].permute(2, 0, 1)  # [K,h',w']
        inside = F.adaptive_avg_pool2d(mask_logits.sigmoid(), places.shape[1:])  # [Q,h',w']
        mean = torch.einsum("qhw,khw->qk", inside, places) / (inside.sum((1, 2))[:, None] + 1e-6)
        shares = dense["mask"] * classes + dense["mask_mean"] * classes.sum(1, keepdim=True) * mean

    def enlarged(x):
        return F.interpolate(x[None], size=padded, mode="bilinear", align_corners=False)[0, :, : size[0], : size[1]]

    scores = torch.einsum("qk,qhw->khw", shares, enlarged(mask_logits).sigmoid())
    return scores + dense["places"] * enlarged(places) if dense else scores


def initialise(model, seed):
    """CLIP's initialisation for the towers, small normals elsewhere."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        leaf = name.split(".")[-1]
        with torch.no_grad():
            if leaf in ("proj", "text_projection", "class_embedding"):
                parameter.normal_(std=parameter.shape[0] ** -0.5, generator=generator)
            elif leaf == "bg_embed" or parameter.dim() > 1 and ("embed" in leaf or "embedding" in name):
                parameter.normal_(std=0.02, generator=generator)
            elif parameter.dim() > 1 and "bias_scaling" not in name:
                fan = parameter[0].numel()
                layers = 24 if "out_proj" in name or "c_proj" in name else 1
                parameter.normal_(std=min(0.05, fan ** -0.5) / layers ** 0.5, generator=generator)
            elif leaf in ("bias", "in_proj_bias"):
                parameter.zero_()
        if name.endswith("bias_scaling.weight"):
            parameter.data.fill_(1)
    tower = model.clip_visual_extractor
    tower.positional_embedding.data[1:] = sine_grid(tower.grid, tower.positional_embedding.shape[1]) * 0.5
    side = model.side_adapter_network
    width = side.query_embed.shape[2]
    side.vit_model.pos_embed.data[0] = sine_grid(side.grid, width) * 0.5
    # Queries start spread over the picture, and attention starts between tokens alike (q = k).
    rows = math.isqrt(side.queries)
    places = sine_grid((rows, -(-side.queries // rows)), width)[: side.queries]
    side.query_pos_embed.data[0] = places * 0.5
    side.query_embed.data.normal_(std=0.2, generator=generator)
    for block in side.vit_model.blocks:
        block.attn.qkv.weight.data[width: 2 * width] = block.attn.qkv.weight.data[:width]


def sine_grid(grid, width):
    """Smooth 2-D positions [h*w,width]: sines of both axes at several wavelengths, in units of the whole grid."""
    quarter = width // 4
    rates = 2 * math.pi * 2 ** torch.linspace(-1, 3, quarter)
    rows = (torch.arange(grid[0]) + 0.5)[:, None] / grid[0] * rates
    columns = (torch.arange(grid[1]) + 0.5)[:, None] / grid[1] * rates
    rows = torch.cat([rows.sin(), rows.cos()], 1)[:, None].expand(-1, grid[1], -1)
    columns = torch.cat([columns.sin(), columns.cos()], 1)[None].expand(grid[0], -1, -1)
    return torch.cat([rows, columns], -1).reshape(grid[0] * grid[1], -1)
