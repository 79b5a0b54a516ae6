"""What the teacher makes of COCO's names: it knows ImageNet's. A small network on its features, taught by the annotated
places, beside what its classes are called like; right at more places of photos not trained on than either alone."""
import math

import torch
import torch.nn.functional as F
from torch import nn

STEPS, BATCH, RATE, DECAY, HIDDEN = 200, 1024, 2e-3, 0.3, 256
CROPS = 20_000  # it is taught by so many at most
SEEN = ("features", "dense", "dense_ids", "top", "top_ids")
CALLED = 0.5  # weight of the names' likeness
NEAR, FAR, WARMTH = 0.6, 0.3, 0.07  # of cosines between names: like enough to count whole, not at all; the softmax's


def likeness(imagenet, known):
    """Unit vectors of names [1000,E] and [K,E] -> [1000,K]: each ImageNet class shared out to the names it is like."""
    cosines = imagenet @ known.t()
    trust = ((cosines.amax(-1, keepdim=True) - FAR) / (NEAR - FAR)).clamp(0, 1)
    return (cosines / WARMTH).softmax(-1) * trust


def places_of(arrays, columns):
    """For each place [N,P] of crops the index in `columns` of the annotated region that fills it, or -1."""
    regions, owners, side = arrays["regions"], arrays["owners"], math.isqrt(arrays["dense"].shape[1])
    cover = F.interpolate(regions.float() / 255, size=(side, side), mode="area").flatten(2)  # [N,R,P]
    index = torch.full((max(int(owners.max()), *columns) + 2,), -1, device=owners.device)
    index[columns] = torch.arange(len(columns), device=owners.device)
    named = index[owners.long()]
    return torch.where((cover > 0.6) & (named >= 0)[..., None], named[..., None], -1).amax(1)


class Judge(nn.Module):
    def __init__(self, features, likeness):
        super().__init__()
        self.likeness = likeness
        self.net = nn.Sequential(nn.Dropout(0.2), nn.Linear(2 * features, HIDDEN), nn.GELU(), nn.Dropout(0.5),
                                 nn.Linear(HIDDEN, likeness.shape[1]))

    def inputs(self, a):
        """Arrays of crops -> the features of each place beside their mean [N,P,2F], and what the classes say."""
        local = a["features"].float()
        called = [torch.einsum("...k,...kc->...c", a[key].float(), self.likeness[a[f"{key}_ids"].long()])
                  for key in ("dense", "top")]
        called = (called[0] + 1e-2).log() + (called[1][:, None] + 1e-2).log()
        return torch.cat([local, local.mean(1, keepdim=True).expand_as(local)], -1), called

    def forward(self, features, called):
        return self.net(features) + CALLED * called


def judge(arrays, columns, imagenet, known, checked=None):
    """Teaches a judge on crops' arrays and returns f16 [N,P,K], its probabilities of COCO's names at every place, and
    the share of the annotated places of `checked` crops that it names right."""
    net = Judge(arrays["features"].shape[-1], likeness(imagenet, known)).to(imagenet.device)
    label = places_of(arrays, columns)
    some = (label >= 0).any(1).nonzero()[:, 0]
    some = some[torch.randperm(len(some), device=some.device)[:CROPS]]
    label = label[some]
    features, called = net.inputs({key: arrays[key][some] for key in SEEN})
    features, called, label = features[label >= 0], called[label >= 0], label[label >= 0]
    spread = features.std(0)
    weight = label.bincount().clamp_min(1).float()[label] ** -0.5
    optimizer = torch.optim.AdamW(net.parameters(), weight_decay=DECAY)
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = RATE * (1 - step / STEPS)
        chosen = torch.multinomial(weight, BATCH, replacement=True)
        loss = F.cross_entropy(net(features[chosen] / spread, called[chosen]), label[chosen], label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    net.eval()

    @torch.no_grad()
    def said(a):
        found = []
        for part in torch.arange(len(a["features"])).split(512):
            features, called = net.inputs({key: a[key][part] for key in SEEN})
            found.append(net(features / spread, called).softmax(-1).half())
        return torch.cat(found)

    right = None
    if checked is not None:
        label = places_of(checked, columns)
        right = (said(checked).argmax(-1) == label)[label >= 0].float().mean().item()
    return said(arrays), right
