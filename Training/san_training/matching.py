"""Set prediction: Hungarian matching and the losses of the side adapter."""
import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment

CLASS, MASK, DICE, NO_OBJECT = 2.0, 5.0, 5.0, 0.1


def targets(columns, side, least=2):
    """columns [S,S] -> classes [M] and masks [M,side,side] of what is there on more than `least` cells, and the unknown
    share [side,side]."""
    present = columns.unique()
    present = present[present >= 0]
    masks = (columns[None] == present[:, None, None]).float()
    small = F.adaptive_avg_pool2d(masks, side) if len(present) else masks.new_zeros(0, side, side)
    large = small.flatten(1).sum(1) > least if len(present) else torch.zeros(0, dtype=torch.bool)
    unknown = F.adaptive_avg_pool2d((columns[None] < 0).float(), side)[0]
    return present[large].long(), small[large], unknown


def dice(probabilities, masks):
    """[...,P] each -> 1 - overlap."""
    return 1 - (2 * (probabilities * masks).sum(-1) + 1) / (probabilities.sum(-1) + masks.sum(-1) + 1)


@torch.no_grad()
def match(mask_logits, class_logits, classes, masks, times=1):
    """[Q,P], [Q,K+1], [M], [M,P] -> matched queries and targets, each target `times` or as half of the queries allow."""
    p = mask_logits.sigmoid()
    cross = F.softplus(mask_logits).mean(1, keepdim=True) - mask_logits @ masks.t() / masks.shape[1]
    overlap = 1 - (2 * p @ masks.t() + 1) / (p.sum(1, keepdim=True) + masks.sum(1) + 1)
    cost = MASK * cross + DICE * overlap - CLASS * class_logits.softmax(-1)[:, classes]
    times = max(1, min(times, len(p) // (2 * len(masks))))
    rows, columns = linear_sum_assignment(cost.float().repeat(1, times).cpu().numpy())
    return torch.as_tensor(rows), torch.as_tensor(columns % len(masks))


def losses(masks, logits, pooled, size, truth, stuff, guidance, times=1, weights=None, against=None):
    """One image, one supervised block.

    masks [Q,h,w] logits; logits [Q,K+1] (the last is 'no object'); pooled [heads,Q,N] bias on CLIP's grid `size`;
    truth = (classes, masks, unknown) by `targets`; stuff: columns that may fill unknown places besides the last, None
    where anything may; times: queries that each mask is matched to; weights [M,...]: how much each place of each mask
    counts; against [K,K]: added to a target's other names.
    """
    classes, wanted, unknown = truth
    h, w = masks.shape[-2:]
    fine = F.interpolate(masks[None], size=unknown.shape, mode="bilinear", align_corners=False)[0]
    zero = masks.sum() * 0
    found = {"class": zero, "mask": zero, "dice": zero, "empty": zero, "guide": zero}
    rows = torch.zeros(0, dtype=torch.long)
    if len(classes):
        weights = torch.ones_like(wanted) if weights is None else weights
        coarse = F.adaptive_avg_pool2d(wanted, (h, w))
        rows, order = match(masks.flatten(1), logits, classes, coarse.flatten(1), times)
        wanted, classes, weights = wanted[order].flatten(1), classes[order], weights[order].flatten(1)
        chosen = fine[rows].flatten(1)
        cross = F.binary_cross_entropy_with_logits(chosen, wanted, weights, reduction="none")
        found["mask"] = (cross.sum(1) / weights.sum(1)).sum()
        found["dice"] = dice(chosen.sigmoid() * weights, wanted * weights).sum()
        held = logits[rows] if against is None else logits[rows] + F.pad(against[classes], (0, 1))
        found["class"] = F.cross_entropy(held, classes, reduction="sum")
        if guidance:
            inside, weights = (F.adaptive_avg_pool2d(x.unflatten(1, unknown.shape), size).flatten(1) for x in (wanted, weights))
            guide = F.binary_cross_entropy_with_logits(
                pooled[:, rows], inside.expand(pooled.shape[0], -1, -1), weights.expand(pooled.shape[0], -1, -1))
            found["guide"] = guide * len(rows)
    free = torch.ones(len(masks), dtype=torch.bool, device=masks.device)
    free[rows] = False
    spread = fine[free].sigmoid()
    vague = (spread * unknown).sum((1, 2)) > 0.5 * spread.sum((1, 2))
    # on unknown places: none of the classes, if even that is known; elsewhere: no object
    logs = logits[free].log_softmax(-1)
    other = (torch.zeros_like(logs[:, -1]) if stuff is None
             else torch.cat([logs[:, stuff], logs[:, -1:]], dim=1).logsumexp(1))
    found["empty"] = -torch.where(vague, other, logs[:, -1]).sum()
    return found, len(rows)


def total(found, count, guidance):
    """The weighted sum for a batch's summed losses with `count` matches."""
    count = max(1, count)
    return (CLASS * (found["class"] + NO_OBJECT * found["empty"]) / (count + NO_OBJECT * found["free"])
            + MASK * found["mask"] / count + DICE * found["dice"] / count + guidance * found["guide"] / count)
