"""The side adapter: a small ViT beside CLIP, fed with CLIP's features, that proposes masks and attention biases."""
import torch
from torch import nn
import torch.nn.functional as F

from layers import SideBlock, resize, resize_grid, to_map
from stem import Pointwise


class ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels of a map [B, C, h, w]."""

    def forward(self, x):
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class FusionLayer(nn.Module):
    """A CLIP map brought to the side adapter's width and grid."""

    def __init__(self, clip_width, width):
        super().__init__()
        self.input_proj = nn.Sequential(ChannelNorm(clip_width, eps=1e-6), nn.Conv2d(clip_width, width, 1))

    def forward(self, feature, size):
        """[B, C_clip, h, w] → patch tokens [B, h_s·w_s, C]."""
        x = self.input_proj(feature)  # [B, C, h, w]
        return resize(x, size).flatten(2).transpose(1, 2)


class PatchEmbed(nn.Module):
    """Patches of pixels, or of the stem's maps, `inputs` numbers each."""

    def __init__(self, width, patch_size, inputs):
        super().__init__()
        self.proj = Pointwise(inputs, width) if inputs else nn.Conv2d(3, width, patch_size, patch_size)


class SideVit(nn.Module):
    def __init__(self, side, inputs):
        super().__init__()
        self.patch_embed = PatchEmbed(side.width, side.patch_size, inputs)
        self.pos_embed = nn.Parameter(torch.zeros(1, side.grid[0] * side.grid[1], side.width))
        self.blocks = nn.ModuleList(SideBlock(side.width, side.heads) for _ in range(side.layers))


class Mlp(nn.Module):
    """`count` linear layers, or 1×1 convolutions, with ReLU between."""

    def __init__(self, layer, width, channels, outputs, count):
        super().__init__()
        widths = [width] + [channels] * (count - 1) + [outputs]
        self.layers = nn.ModuleList(layer(a, b) for a, b in zip(widths, widths[1:]))

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        return self.layers[-1](x)


def conv1x1(inputs, outputs):
    return nn.Conv2d(inputs, outputs, 1)


class MaskDecoder(nn.Module):
    """fine: the channels of the stem's map of stride 8, if masks are as fine."""

    def __init__(self, width, decoder, fine=0):
        super().__init__()
        channels, count = decoder.channels, decoder.mlp_layers
        self.heads = decoder.bias_heads
        self.query_mlp = Mlp(nn.Linear, width, channels, channels, count)
        self.pix_mlp = Mlp(conv1x1, width, channels, channels, count)
        self.attn_mlp = Mlp(conv1x1, width, channels, channels * self.heads, count)
        self.bias_scaling = nn.Linear(1, 1)
        if fine:
            self.fine = Pointwise(fine, channels, bias=False)

    def pixels(self, x, x8):
        """[B, C, h, w] → [B, channels, h, w], or twice as fine with the map of stride 8."""
        if x8 is None:
            return self.pix_mlp(x)
        first, *rest = self.pix_mlp.layers
        x = resize(first(x), x8.shape[2:]) + self.fine(x8)
        for layer in rest:
            x = layer(F.relu(x))
        return x

    def forward(self, query, x, x8=None):
        """Queries [B, Q, C], pixels [B, C, h, w] → mask logits [B, Q, h, w], bias [B, heads, Q, h, w]; the masks
        twice as fine with the map of stride 8."""
        query = self.query_mlp(query)  # [B, Q, channels]
        masks = torch.einsum("bqc,bchw->bqhw", query, self.pixels(x, x8))
        keys = self.attn_mlp(x).unflatten(1, (self.heads, -1))  # [B, heads, channels, h, w]
        bias = torch.einsum("bqc,bnchw->bnqhw", query, keys)
        return masks, bias * self.bias_scaling.weight.squeeze() + self.bias_scaling.bias.squeeze()


class SideAdapterNetwork(nn.Module):
    """stem: whose maps the patches are made of, or None."""

    def __init__(self, config, stem=None):
        super().__init__()
        side = config.side_adapter
        self.grid = side.grid
        self.fusion = {block: layer for layer, block in side.fusion}
        self.query_embed = nn.Parameter(torch.zeros(1, side.queries, side.width))
        self.query_pos_embed = nn.Parameter(torch.zeros(1, side.queries, side.width))
        self.vit_model = SideVit(side, stem.near_width if stem else 0)
        self.fusion_layers = nn.ModuleDict({
            f"layer_{block}": FusionLayer(config.clip.image.width, side.width) for block in self.fusion})
        self.finer = config.mask_decoder.stride not in (None, side.patch_size)
        self.mask_decoder = MaskDecoder(side.width, config.mask_decoder, stem.channels[8] if self.finer else 0)

    def forward(self, source, features):
        """The image [B, 3, H, W], or the stem's maps side by side (`near`), and CLIP's features → after each block
        (queries [B, Q, C], pixels [B, C, h, w])."""
        patches = self.vit_model.patch_embed.proj(source)  # [B, C, h, w]
        size = patches.shape[2:]
        batch, queries = len(source), self.query_embed.shape[1]
        patches = patches.flatten(2).transpose(1, 2)  # [B, h·w, C]
        x = torch.cat([self.query_embed.expand(batch, -1, -1), patches], dim=1)  # [B, Q + h·w, C]
        positions = torch.cat([
            self.query_pos_embed,
            resize_grid(self.vit_model.pos_embed[0], self.grid, size)[None]], dim=1)  # [1, Q + h·w, C]

        def fuse(x, block):
            if block not in self.fusion:
                return x
            feature, _ = features[self.fusion[block]]
            fused = self.fusion_layers[f"layer_{block}"](feature, size)  # [B, h·w, C]
            return torch.cat([x[:, :queries], x[:, queries:] + fused], dim=1)

        outputs = []
        x = fuse(x + positions, 0)
        for index, block in enumerate(self.vit_model.blocks, start=1):
            if index > 1:
                x = x + positions
            x = fuse(block(x), index)
            outputs.append((x[:, :queries], to_map(x[:, queries:], size)))
        return outputs
