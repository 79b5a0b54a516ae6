"""Muon for the blocks' matrices (momentum made orthogonal), AdamW for everything else, in one optimiser."""
import torch

from .training import multiplies_bfloat16

STEPS, COEFFICIENTS = 5, (3.4445, -4.7750, 2.0315)


def orthogonalised(stack):
    """[N,r,c] -> about the nearest matrices with all singular values 1 (a quintic Newton-Schulz iteration)."""
    a, b, c = COEFFICIENTS
    half = multiplies_bfloat16(stack.device.type)
    x = stack.bfloat16() if half else stack.float()
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.mT
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    gram, product = x @ x.mT, None
    for step in range(STEPS):
        if step and half:
            gram = x @ x.mT
        elif step:  # everything is a polynomial of x xᵀ, which is smaller; bfloat16 would lose what little a direction has
            gram = factor @ gram @ factor
        factor = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        factor.diagonal(dim1=1, dim2=2).add_(a)
        if half:
            x = factor @ x
        else:
            product = factor if product is None else factor @ product
    x = x if half else product @ x
    return (x.mT if tall else x).float()


class Muon(torch.optim.Optimizer):
    """Groups with `muon` hold matrices [r,c]; a stacked q, k, v [3c,c] counts as three. One rate suits both kinds."""

    def __init__(self, groups, decay, momentum=0.95, betas=(0.9, 0.98)):
        super().__init__(groups, {"lr": 0.0, "weight_decay": decay, "momentum": momentum, "betas": betas,
                                  "muon": False})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            (self.matrices if group["muon"] else self.others)(group, params)

    def matrices(self, group, params):
        shapes = {}
        for p in params:
            state = self.state[p]
            if not state:
                state["momentum"] = torch.zeros_like(p)
            state["momentum"].lerp_(p.grad, 1 - group["momentum"])
            ahead = torch.lerp(p.grad, state["momentum"], group["momentum"])
            columns = p.shape[1]
            parts = ahead.view(-1, columns, columns) if p.shape[0] == 3 * columns else ahead[None]
            shapes.setdefault(parts.shape[1:], []).append((p, parts))
        for shape, members in shapes.items():
            done = orthogonalised(torch.cat([parts for _, parts in members]))
            done *= 0.2 * max(shape) ** 0.5  # the size of an AdamW step
            begin = 0
            for p, parts in members:
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.sub_(done[begin: begin + len(parts)].view_as(p), alpha=group["lr"])
                begin += len(parts)

    def others(self, group, params):
        b1, b2 = group["betas"]
        for p in params:
            state = self.state[p]
            if not state:
                state.update(step=0, mean=torch.zeros_like(p), square=torch.zeros_like(p))
            state["step"] += 1
            state["mean"].lerp_(p.grad, 1 - b1)
            state["square"].mul_(b2).addcmul_(p.grad, p.grad, value=1 - b2)
            scale = (state["square"] / (1 - b2 ** state["step"])).sqrt_().add_(1e-8)
            p.mul_(1 - group["lr"] * group["weight_decay"])
            p.addcdiv_(state["mean"], scale, value=-group["lr"] / (1 - b1 ** state["step"]))


def muon(groups, decay, block=".resblocks."):
    """A Muon over (name, parameter, rate factor): matrices of the blocks by Muon; vectors and embeddings undecayed."""
    sets = {}
    for name, parameter, factor in groups:
        matrix = block in name and parameter.dim() == 2
        plain = parameter.dim() < 2 or "embed" in name
        sets.setdefault((factor, matrix, plain), []).append(parameter)
    return Muon([{"params": params, "factor": factor, "muon": matrix, "weight_decay": 0.0 if plain else decay}
                 for (factor, matrix, plain), params in sorted(sets.items(), key=lambda item: item[0])], decay)
