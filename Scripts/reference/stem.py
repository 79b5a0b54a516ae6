"""The hybrid's stem: EfficientNet-Lite without batch norm (folded into its convolutions), and place tokens of its maps."""
import torch
import torch.nn.functional as F
from torch import nn

from layers import resize


class Convolution(nn.Module):
    """k×k, with TensorFlow's "same" padding of even sizes: with stride 2 one pixel less before than after."""

    def __init__(self, inputs, outputs, kernel, stride, groups=1):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(outputs, inputs // groups, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.stride, self.groups = stride, groups
        before = (kernel - stride) // 2
        self.padding = (before, kernel - stride - before) * 2

    def forward(self, x):
        return F.conv2d(F.pad(x, self.padding), self.weight, self.bias, self.stride, groups=self.groups)


class Pointwise(nn.Linear):
    """A linear layer over the channels of a map [B, C, h, w]."""

    def forward(self, x):
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class InvertedResidual(nn.Module):
    def __init__(self, inputs, expansion, kernel, stride, outputs):
        super().__init__()
        hidden = expansion * inputs
        self.expand = Pointwise(inputs, hidden) if expansion != 1 else None
        self.depthwise = Convolution(hidden, hidden, kernel, stride, groups=hidden)
        self.project = Pointwise(hidden, outputs)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        y = x if self.expand is None else F.relu6(self.expand(x))
        y = self.project(F.relu6(self.depthwise(y)))
        return x + y if self.residual else y


def near(x8, x16):
    """What lies in a place of stride 16: its own channels, then those of its four cells of stride 8, row by row."""
    return torch.cat([x16] + [x8[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)], dim=1)


class PlaceTokens(nn.Module):
    def __init__(self, near_width, far_width, hidden, width):
        super().__init__()
        self.near = Pointwise(near_width, hidden)
        self.far = Pointwise(far_width, hidden, bias=False)
        self.context = nn.Linear(hidden, hidden, bias=False)
        self.output = Pointwise(hidden, width)

    def forward(self, x8, x16, x32, head):
        """→ [B, width, h, w] on the grid of stride 16."""
        far = self.far(torch.cat([x32, head], dim=1))
        g = self.near(near(x8, x16)) + resize(far, x16.shape[2:])
        context = self.context(g.mean(dim=(2, 3)))  # [B, hidden]
        return self.output(F.relu(g + context[:, :, None, None]))


class Stem(nn.Module):
    def __init__(self, stem, width):
        super().__init__()
        channels, stride, last = stem.channels, 2, {}
        self.conv = Convolution(3, channels, 3, 2)
        self.blocks = nn.ModuleList()
        for expansion, kernel, first, outputs, repeats in stem.blocks:
            for step in (first,) + (1,) * (repeats - 1):
                self.blocks.append(InvertedResidual(channels, expansion, kernel, step, outputs))
                channels, stride = outputs, stride * step
                last[stride] = len(self.blocks) - 1, channels
        self.last = {last[s][0]: s for s in (8, 16, 32)}  # block → stride whose map it finishes
        self.channels = {s: last[s][1] for s in (8, 16, 32)}
        self.head = Pointwise(channels, stem.head)
        self.tokens = PlaceTokens(self.near_width, channels + stem.head, stem.hidden, width)

    @property
    def near_width(self):
        return self.channels[16] + 4 * self.channels[8]

    def maps(self, image):
        """[B, 3, H, W] → the maps of stride 8, 16, 32 and the head's, of stride 32."""
        x, found = F.relu6(self.conv(image)), []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self.last:
                found.append(x)
        return *found, F.relu6(self.head(x))
