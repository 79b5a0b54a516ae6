"""Building blocks whose parameter names are the checkpoint's."""
import torch
import torch.nn.functional as F
from torch import nn


def attend(q, k, v, heads, mask=None):
    """q [B,L,C], k and v [B,M,C] -> [B,L,C]; mask is added to the scores."""
    b, l, c = q.shape
    q, k, v = (t.view(b, -1, heads, c // heads).transpose(1, 2) for t in (q, k, v))
    if mask is not None:
        mask = mask.to(q.dtype)
    if q.requires_grad and q.device.type == "cpu":  # its backward pass there is 3 times as fast as the fused one's
        scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
        out = (scores if mask is None else scores + mask).softmax(-1).to(v.dtype) @ v
    else:
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    return out.transpose(1, 2).reshape(b, l, c)


class CLIPAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x, mask=None):
        q, k, v = F.linear(x, self.in_proj_weight, self.in_proj_bias).chunk(3, dim=-1)
        return self.out_proj(attend(q, k, v, self.heads, mask))


class CLIPMLP(nn.Module):
    """x * sigmoid(1.702 x) between the two, written as SiLU, which is one kernel: the weights take the factor."""

    def __init__(self, width):
        super().__init__()
        self.c_fc = nn.Linear(width, 4 * width)
        self.c_proj = nn.Linear(4 * width, width)

    def forward(self, x):
        x = F.silu(F.linear(x, self.c_fc.weight * 1.702, self.c_fc.bias * 1.702))
        return F.linear(x, self.c_proj.weight / 1.702, self.c_proj.bias)


class CLIPBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width, eps=1e-5)
        self.attn = CLIPAttention(width, heads)
        self.ln_2 = nn.LayerNorm(width, eps=1e-5)
        self.mlp = CLIPMLP(width)
        self.idle = False

    def close(self):
        """Makes the block pass its input through, to be grown into later: it costs nothing while `idle`."""
        with torch.no_grad():
            for layer in (self.attn.out_proj, self.mlp.c_proj):
                layer.weight.zero_()
                layer.bias.zero_()
        self.idle = True
        self.requires_grad_(False)

    def closed(self):
        return not (self.attn.out_proj.weight.any() or self.attn.out_proj.bias.any()
                    or self.mlp.c_proj.weight.any() or self.mlp.c_proj.bias.any())

    def forward(self, x, mask=None, keep=1.0):
        """keep: probability that a sample keeps each residual branch (stochastic depth)."""
        if self.idle:
            return x
        x = x + drop_path(self.attn(self.ln_1(x), mask), keep)
        return x + drop_path(self.mlp(self.ln_2(x)), keep)


def drop_path(x, keep):
    if keep >= 1:
        return x
    gate = torch.rand(x.shape[0], 1, 1, device=x.device) < keep
    return x * (gate.to(x.dtype) / keep)


class SideAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        return self.proj(attend(q, k, v, self.heads))


class SideMLP(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class SideBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = SideAttention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = SideMLP(width)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class QueryMLP(nn.Module):
    """Linear layers with ReLU between, over the last axis."""

    def __init__(self, inputs, hidden, outputs, count):
        super().__init__()
        widths = [inputs] + [hidden] * (count - 1) + [outputs]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, widths[1:]))

    def forward(self, x):
        for index, layer in enumerate(self.layers):
            x = layer(x if index == 0 else F.relu(x))
        return x


class PixelMLP(nn.Module):
    """The same as 1x1 convolutions, over channels-first maps."""

    def __init__(self, inputs, hidden, outputs, count):
        super().__init__()
        widths = [inputs] + [hidden] * (count - 1) + [outputs]
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in zip(widths, widths[1:]))

    def forward(self, x):
        for index, layer in enumerate(self.layers):
            x = layer(x if index == 0 else F.relu(x))
        return x


def resized_grid(position, grid, size):
    """position [1,N,C] on `grid` -> [1,h*w,C] on `size`: bicubic, half-pixel, no antialias."""
    if tuple(grid) == tuple(size):
        return position
    width = position.shape[-1]
    plane = position.reshape(1, *grid, width).permute(0, 3, 1, 2).float()
    plane = F.interpolate(plane, size=tuple(size), mode="bicubic", align_corners=False)
    return plane.flatten(2).transpose(1, 2).to(position.dtype)
