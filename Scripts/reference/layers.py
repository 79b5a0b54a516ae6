"""What both towers and the side adapter share: attention, pre-norm blocks, the positional grid's resize."""
import torch
import torch.nn.functional as F
from torch import nn


def attend(q, k, v, heads, mask=None):
    """softmax(q·kᵀ/√d + mask)·v for q, k, v [B, L, C]; the mask broadcasts to [B, heads, L, L]."""
    def split(x):  # [B, L, C] → [B, heads, L, d]
        return x.unflatten(2, (heads, -1)).transpose(1, 2)

    q, k, v = split(q), split(k), split(v)
    logits = q @ k.transpose(2, 3) / q.shape[-1] ** 0.5  # [B, heads, L, L]
    if mask is not None:
        logits = logits + mask
    return (logits.softmax(dim=-1) @ v).transpose(1, 2).flatten(2)  # [B, L, C]


def quick_gelu(x):
    return x * torch.sigmoid(1.702 * x)


def resize(x, size, mode="bilinear"):
    """Half-pixel centres, no antialias, edges clamped; [B, C, h, w] → [B, C, *size]. Bicubic has a = −0.75."""
    return F.interpolate(x, size=size, mode=mode, align_corners=False)


def resize_grid(positions, old, new):
    """A positional grid [old rows·columns, C] for `new` (rows, columns), bicubic; untouched where they match."""
    if tuple(old) == tuple(new):
        return positions
    grid = positions.T.reshape(1, -1, *old)  # [1, C, rows, columns]
    return resize(grid, new, "bicubic").flatten(2)[0].T  # [L, C]


def to_map(tokens, size):
    """[B, h·w, C] → [B, C, h, w]."""
    return tokens.transpose(1, 2).unflatten(2, size)


class ClipAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.zeros(3 * width, width))  # q, k and v stacked
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x, mask):
        q, k, v = F.linear(x, self.in_proj_weight, self.in_proj_bias).chunk(3, dim=-1)
        return self.out_proj(attend(q, k, v, self.heads, mask))


class ClipMlp(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.c_fc = nn.Linear(width, 4 * width)
        self.c_proj = nn.Linear(4 * width, width)

    def forward(self, x):
        return self.c_proj(quick_gelu(self.c_fc(x)))


class ClipBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width, eps=1e-5)
        self.attn = ClipAttention(width, heads)
        self.ln_2 = nn.LayerNorm(width, eps=1e-5)
        self.mlp = ClipMlp(width)

    def forward(self, x, mask=None):
        x = x + self.attn(self.ln_1(x), mask)
        return x + self.mlp(self.ln_2(x))


class SideAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        return self.proj(attend(*self.qkv(x).chunk(3, dim=-1), self.heads))


class SideMlp(nn.Module):
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
        self.mlp = SideMlp(width)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))
