"""SAN in PyTorch, batched and trainable, with the checkpoint's tensor names."""
import math

import torch
import torch.nn.functional as F
from torch import nn

from .layers import CLIPBlock, PixelMLP, QueryMLP, SideBlock, resized_grid

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)


def normalise(images):
    """images [B,3,H,W] with values 0...255 -> CLIP's input range."""
    mean = torch.tensor(MEAN, device=images.device).view(1, 3, 1, 1) * 255
    std = torch.tensor(STD, device=images.device).view(1, 3, 1, 1) * 255
    return (images - mean) / std


class VisualExtractor(nn.Module):
    """The first blocks of CLIP's image tower."""

    def __init__(self, image, layers):
        super().__init__()
        width, patch = image["width"], image["patch_size"]
        self.grid = tuple(image["grid"])
        self.conv1 = nn.Conv2d(3, width, patch, stride=patch, bias=False)
        self.class_embedding = nn.Parameter(torch.zeros(width))
        self.positional_embedding = nn.Parameter(torch.zeros(1 + self.grid[0] * self.grid[1], width))
        self.ln_pre = nn.LayerNorm(width, eps=1e-5)
        self.resblocks = nn.ModuleList(CLIPBlock(width, image["heads"]) for _ in range(layers))

    def forward(self, images, keep=1.0):
        """images [B,3,H,W] -> (tokens [B,1+h*w,C] after ln_pre and after each block, (h, w))."""
        x = self.conv1(images)  # [B,C,h,w]
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
    def __init__(self, side):
        super().__init__()
        width, patch = side["width"], side["patch_size"]
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, width, patch, stride=patch)})
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
    def __init__(self, width, decoder):
        super().__init__()
        channels, count = decoder["channels"], decoder["mlp_layers"]
        self.heads = decoder["bias_heads"]
        self.query_mlp = QueryMLP(width, channels, channels, count)
        self.pix_mlp = PixelMLP(width, channels, channels, count)
        self.attn_mlp = PixelMLP(width, channels, channels * self.heads, count)
        self.bias_scaling = nn.Linear(1, 1)

    def forward(self, queries, pixels):
        """queries [B,Q,C], pixels [B,C,h,w] -> mask logits [B,Q,h,w], attention bias [B,heads,Q,h,w]."""
        q = self.query_mlp(queries).float()
        masks = torch.einsum("bqc,bchw->bqhw", q, self.pix_mlp(pixels).float())
        attn = self.attn_mlp(pixels).float()
        b, _, h, w = attn.shape
        bias = torch.einsum("bqc,bnchw->bnqhw", q, attn.view(b, self.heads, -1, h, w))
        return masks, bias * self.bias_scaling.weight[0, 0] + self.bias_scaling.bias[0]


class SideAdapter(nn.Module):
    def __init__(self, config):
        super().__init__()
        side = config["side_adapter"]
        self.grid, self.queries = tuple(side["grid"]), side["queries"]
        self.fusion = [tuple(pair) for pair in side["fusion"]]
        self.query_embed = nn.Parameter(torch.zeros(1, self.queries, side["width"]))
        self.query_pos_embed = nn.Parameter(torch.zeros(1, self.queries, side["width"]))
        self.vit_model = SideViT(side)
        self.fusion_layers = nn.ModuleDict(
            {f"layer_{block}": FusionLayer(config["clip"]["image"]["width"], side["width"])
             for _, block in self.fusion})
        self.mask_decoder = MaskDecoder(side["width"], config["mask_decoder"])

    def forward(self, images, features, size, supervised=1):
        """images [B,3,H,W]; features: CLIP tokens per layer on a grid of `size`.

        Returns (mask logits, attention bias) after each of the last `supervised` blocks, the last one last.
        """
        x = self.vit_model.patch_embed["proj"](images)
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
                outputs.append(self.mask_decoder(x[:, : self.queries], pixels))
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
        self.side_adapter_network = SideAdapter(config)
        self.clip_visual_extractor = VisualExtractor(clip["image"], first)
        self.clip_rec_head = RecognitionHead(clip["image"], clip["embedding"], clip["image"]["layers"] - first)
        self.ov_classifier = TextEncoder(clip["text"], clip["embedding"])
        self.scale = clip["resolution_scale"]

    def extract(self, images):
        small = F.interpolate(images, scale_factor=self.scale, mode="bilinear", align_corners=False,
                              recompute_scale_factor=False)
        return self.clip_visual_extractor(small)

    def propose(self, images, supervised=1):
        """images [B,3,H,W], normalised and padded -> list of (mask logits [B,Q,h,w], embeddings [B,Q,E], bias)."""
        features, size = self.extract(images)
        results = []
        for masks, bias in self.side_adapter_network(images, features, size, supervised):
            pooled = F.adaptive_max_pool2d(bias.flatten(1, 2), size).view(*bias.shape[:3], -1)
            # the extractor's last tokens go on: [B,1+N,C]
            sls = self.clip_rec_head(features[-1], pooled)[:, : masks.shape[1]]
            results.append((masks, F.normalize(sls.float(), dim=-1), pooled))
        return results

    def class_logits(self, embeddings, classifier):
        """embeddings [B,Q,E], classifier [K+1,E] unit rows -> [B,Q,K+1]."""
        return self.ov_classifier.logit_scale.exp() * embeddings @ classifier.t()

    def classifier(self, text):
        """text [K,E] unit rows -> [K+1,E] with the learned 'no object'."""
        return torch.cat([text, F.normalize(self.ov_classifier.bg_embed, dim=-1)])


def semantic_scores(mask_logits, class_logits, padded, size):
    """One image: [Q,h,w] and [Q,K+1] -> scores [K,H,W] at `size`, through the padded size."""
    masks = F.interpolate(mask_logits[None], size=padded, mode="bilinear", align_corners=False)
    masks = masks[..., : size[0], : size[1]][0].sigmoid()
    return torch.einsum("qk,qhw->khw", class_logits.softmax(dim=-1)[:, :-1], masks)


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
