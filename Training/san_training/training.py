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
        self.member = getattr(args, "member", 0)
        self.stage = stage
        self.steps, self.minutes = getattr(args, "steps", 0), getattr(args, "minutes", 0)  # `maps` has no schedule
        self.seed = args.seed + 7_001 * self.member
        self.again, self.device = getattr(args, "again", False), args.device
        torch.set_num_threads(args.threads)
        random.seed(self.seed)
        np.random.seed(self.seed)
        torch.manual_seed(self.seed)
        self.partial = False  # whether a state leaves out what is frozen: it comes from its own stage's state
        self.step, self.elapsed, self.began = 0, 0.0, time.monotonic()
        self.saved = time.monotonic()
        self.sums = {}

    @property
    def name(self):
        return f"{self.stage}-{self.member}" if self.member else self.stage

    @property
    def path(self):
        return self.folder / f"{self.name}.pt"

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
        path = self.path if self.path.exists() else self.folder / f"{self.stage}.pt"  # a new member starts from the first
        if not path.exists():
            return None
        state = torch.load(path, map_location="cpu", weights_only=True)
        weights = state["model"] | (state.get("average", {}) if self.again else {})
        unknown = set(weights) - set(model.state_dict())
        if unknown:
            raise SystemExit(f"{path}: of another model (has {min(unknown)})")
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
        with open(self.folder / f"{self.name}.jsonl", "a", encoding="utf-8") as file:
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


def stored(folder, stage):
    """A stage's weights: the running mean where there is one."""
    path = Path(folder) / f"{stage}.pt"
    if not path.exists():
        return {}
    state = torch.load(path, map_location="cpu", weights_only=True)
    return state["model"] | state.get("average", {})


class Members:
    """Several runs of one stage side by side, on other batches: every `seconds` each leaves its weights in the state
    folder and goes on from the mean of its own and the newest of the others'. Nobody waits for anybody."""

    def __init__(self, run, model, seconds=60):
        self.run, self.model, self.seconds, self.last = run, model, seconds, time.monotonic()
        self.own = run.folder / f"{run.stage}-member-{run.member}.weights"
        self.taken = {path: path.stat().st_mtime_ns for path in self.others()}  # of an earlier run: not to be taken

    def others(self):
        return [path for path in self.run.folder.glob(f"{self.run.stage}-member-*.weights") if path != self.own]

    @torch.no_grad()
    def meet(self):
        if time.monotonic() - self.last < self.seconds:
            return
        self.last = time.monotonic()
        trained = {name: p for name, p in self.model.named_parameters() if p.requires_grad}
        mine = {name: p.detach().clone() for name, p in trained.items()}
        found = [mine]
        for path in self.others():
            written = path.stat().st_mtime_ns
            if written != self.taken.get(path):
                self.taken[path] = written
                found.append(torch.load(path, map_location=self.run.device, weights_only=True))
        for name, p in trained.items():
            p.copy_(torch.stack([weights[name] for weights in found]).mean(dim=0))
        part = self.own.with_suffix(".part")
        torch.save(mine, part)
        os.replace(part, self.own)


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


def multiplies_bfloat16(device):
    """Whether the hardware does; a CPU without such instructions is six to twelve times slower in it than in float32."""
    return device != "cpu" or torch.cpu._is_avx512_bf16_supported()


def mixed_precision(device):
    """Autocast to bfloat16, where that is faster."""
    return torch.autocast(device, dtype=torch.bfloat16, enabled=multiplies_bfloat16(device))


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
