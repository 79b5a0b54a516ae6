"""What every stage shares: seeds, schedule, state on disk, log."""
import json
import math
import os
import random
import time
from pathlib import Path

import numpy as np
import torch


class Run:
    """One stage's progress. State is `<state>/<stage>.pt`, the log `<state>/<stage>.jsonl`."""

    def __init__(self, args, stage):
        self.folder = Path(args.state)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.stage, self.steps, self.minutes, self.seed = stage, args.steps, args.minutes, args.seed
        self.again, self.device = getattr(args, "again", False), args.device
        torch.set_num_threads(args.threads)
        random.seed(args.seed)
        np.random.seed(args.seed)
        torch.manual_seed(args.seed)
        self.partial = False  # whether a state leaves out what is frozen: it comes from its own stage's state
        self.step, self.elapsed, self.began = 0, 0.0, time.monotonic()
        self.saved = time.monotonic()
        self.sums = {}

    @property
    def path(self):
        return self.folder / f"{self.stage}.pt"

    @property
    def progress(self):
        """0...1, by steps or by time where a limit in minutes comes first."""
        by_time = self.seconds / (60 * self.minutes) if self.minutes else 0
        return max(self.step / self.steps, by_time)

    @property
    def seconds(self):
        return self.elapsed + time.monotonic() - self.began

    def resume(self, model, optimizer):
        """Takes up the state, if there is one; returns its running mean where the schedule goes on too."""
        if not self.path.exists():
            return None
        state = torch.load(self.path, map_location="cpu", weights_only=True)
        weights = state["model"]
        unknown = set(weights) - set(model.state_dict())
        if unknown:
            raise SystemExit(f"{self.path}: of another model (has {min(unknown)})")
        model.load_state_dict(weights, strict=False)  # what is frozen is not in it
        if self.again or state["optimizer"] is None:
            return None
        optimizer.load_state_dict(state["optimizer"])
        self.step, self.elapsed, self.began = state["step"], state["seconds"], time.monotonic()
        torch.manual_seed(self.seed + self.step)
        np.random.seed(self.seed + self.step)
        random.seed(self.seed + self.step)
        return state.get("average")

    def save(self, model, optimizer, every=0, average=None):
        if every and time.monotonic() - self.saved < every:
            return
        self.saved = time.monotonic()
        part = self.path.with_suffix(".part")
        weights = model.state_dict()
        if self.partial:
            weights = {name: weights[name] for name, value in model.named_parameters() if value.requires_grad}
        state = {"model": weights, "optimizer": optimizer.state_dict(), "step": self.step, "seconds": self.seconds}
        if average:
            state["average"] = average.weights
        torch.save(state, part)
        os.replace(part, self.path)

    def log(self, **values):
        values = {"stage": self.stage, "step": self.step, "seconds": round(self.seconds, 1), **values}
        values = {k: round(v, 5) if isinstance(v, float) else v for k, v in values.items()}
        line = json.dumps(values)
        with open(self.folder / f"{self.stage}.jsonl", "a", encoding="utf-8") as file:
            file.write(line + "\n")
        print(line, flush=True)

    def gather(self, **values):
        """Adds a step's values to the means that `log_means` writes next."""
        for key, value in values.items():
            if math.isnan(value):  # nothing of the kind was in this batch
                continue
            total, count = self.sums.get(key, (0.0, 0))
            self.sums[key] = (total + value, count + 1)

    def log_means(self):
        self.log(**{key: total / count for key, (total, count) in self.sums.items()})
        self.sums = {}

    def rate(self, peak, warmup=0.03, floor=0.01):
        """Learning rate: linear warm-up, then a cosine down to `floor` of the peak."""
        p = min(1.0, self.progress)
        if p < warmup:
            return peak * max(p, 1e-3) / warmup
        return peak * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * (p - warmup) / (1 - warmup))))


class Average:
    """A running mean of the trained parameters, which is what the next stage takes; short at first, `steps` later."""

    def __init__(self, model, steps, state=None):
        self.trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
        self.weights = {name: p.detach().clone() for name, p in self.trained.items()}
        self.steps = steps
        for name, value in (state or {}).items():
            self.weights[name].copy_(value)

    @torch.no_grad()
    def update(self, step):
        share = 1 / min(self.steps, 1 + step / 5)
        torch._foreach_lerp_(list(self.weights.values()), list(self.trained.values()), share)


def optimiser(groups, decay):
    """AdamW over (name, parameter, rate factor); vectors, positions and embeddings are not decayed."""
    sets = {}
    for name, parameter, factor in groups:
        plain = parameter.dim() < 2 or "embed" in name
        sets.setdefault((factor, plain), []).append(parameter)
    return torch.optim.AdamW(
        [{"params": params, "weight_decay": 0.0 if plain else decay, "factor": factor}
         for (factor, plain), params in sorted(sets.items(), key=lambda item: item[0])],
        lr=0.0, betas=(0.9, 0.98), fused=True)


def update(loss, optimizer, rate, clip=1.0):
    for group in optimizer.param_groups:
        group["lr"] = rate * group["factor"]
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    params = [p for group in optimizer.param_groups for p in group["params"]]
    norm = torch.nn.utils.clip_grad_norm_(params, clip)
    if torch.isfinite(norm):
        optimizer.step()
    return float(norm)
