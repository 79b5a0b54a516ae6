"""Stage 3 and fine-tuning: the side adapter on a frozen CLIP (all but its positional embedding)."""
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from . import checkpoint, matching
from .config import SAN_MINI
from .image_stage import jitter
from .model import SAN, initialise, normalise
from .muon import muon
from .scenes import STUFF, Folder, Scenes
from .text import class_embeddings
from .tokenizer import Tokenizer
from .training import Average, Members, Run, mixed_precision, update

AVERAGED = 400  # steps of the running mean


def stored(folder, stage):
    """A stage's weights: the running mean where there is one."""
    path = folder / f"{stage}.pt"
    if not path.exists():
        return {}
    state = torch.load(path, map_location="cpu", weights_only=True)
    return state["model"] | state.get("average", {})


def assemble(folder, seed, adapter=True):
    """A whole model from the states of the stages; a part whose stage has not run is as initialised."""
    model = SAN(SAN_MINI)
    initialise(model, seed)
    model.ov_classifier.load_state_dict(stored(folder, "text"), strict=False)
    tower = stored(folder, "image")
    for part, prefix in ((model.clip_visual_extractor, "extractor."), (model.clip_rec_head, "head.")):
        part.load_state_dict({k[len(prefix):]: v for k, v in tower.items() if k.startswith(prefix)}, strict=False)
    if tower:
        model.ov_classifier.logit_scale.data.copy_(tower["logit_scale"].clamp(max=4.60517))
    if adapter:
        model.load_state_dict(stored(folder, "adapter"), strict=False)
    return model


def trainable(model, positions):
    """(name, parameter, rate factor): the adapter, the 'no object' row and, with `positions`, CLIP's positional
    embedding (stage 2b saw grids of many sizes: there it need not move)."""
    for block in [*model.clip_visual_extractor.resblocks, *model.clip_rec_head.resblocks]:
        block.idle = block.closed()
    for name, parameter in model.named_parameters():
        factor = (1.0 if name.startswith("side_adapter_network.") or name == "ov_classifier.bg_embed"
                  else 0.1 if positions and name == "clip_visual_extractor.positional_embedding" else 0.0)
        parameter.requires_grad_(factor > 0)
        if factor:
            yield name, parameter, factor


def main(args):
    stage = "finetune" if args.stage == "finetune" else "adapter"
    run = Run(args, stage)
    run.partial = True
    model = checkpoint.load(args.init) if args.init else assemble(run.folder, args.seed, adapter=False)
    model.to(args.device)
    optimizer = muon(list(trainable(model, positions=stage == "finetune")), 1e-2, block=".blocks.")
    average = Average(model, AVERAGED, run.resume(model, optimizer))
    members = Members(run, model)
    scenes = (Folder if stage == "finetune" else Scenes)(args.data, args.size)
    tokenizer = Tokenizer(model.config["clip"]["text"]["vocabulary_size"])
    names = scenes.names + [name for name in STUFF if name not in scenes.names]
    text = class_embeddings(model.ov_classifier, tokenizer, names)  # [K,E]
    stuff = torch.arange(len(scenes.names), len(names), device=args.device)
    blocked = torch.full((len(scenes.sources), len(names) + 1), -1e4)
    blocked[:, len(scenes.names):] = 0
    for index, columns in enumerate(scenes.allowed):
        blocked[index, columns] = 0
    blocked = blocked.to(args.device)
    pool = ThreadPoolExecutor(max(1, args.threads))

    def request(step):
        base = run.seed * 7_919 + step * args.batch
        return [pool.submit(scenes.sample, base + n) for n in range(args.batch)]

    waiting = request(run.step)
    while run.progress < 1:
        pixels, columns, sources = zip(*(job.result() for job in waiting))
        waiting = request(run.step + 1)
        images = torch.from_numpy(np.stack(pixels)).to(args.device).permute(0, 3, 1, 2).float()
        images = normalise(jitter(images))
        side = args.size // 4
        truths = [matching.targets(torch.from_numpy(c).to(args.device), side) for c in columns]
        with mixed_precision(args.device):
            outputs = model.propose(images, supervised=args.supervised)
        classifier = model.classifier(text)
        loss, shown = 0.0, {}
        clip_side = int(args.size * model.scale) // model.config["clip"]["image"]["patch_size"]
        for depth, (masks, embeddings, pooled) in enumerate(outputs):
            found, count, free = {}, 0, 0
            for n in range(len(images)):
                logits = model.class_logits(embeddings[n], classifier) + blocked[sources[n]]
                one, matched = matching.losses(masks[n].float(), logits, pooled[n].float(), (clip_side, clip_side),
                                               truths[n], stuff, args.guidance, args.matches)
                found = {k: found.get(k, 0) + v for k, v in one.items()}
                count, free = count + matched, free + len(logits) - matched
            found["free"] = free
            loss = loss + matching.total(found, count, args.guidance)
            if depth == len(outputs) - 1:
                shown = {k: found[k].item() / max(1, free if k == "empty" else count)
                         for k in ("class", "mask", "dice", "empty", "guide")}
        update(loss, optimizer, run.rate(args.rate), clip=1.0)
        run.step += 1
        average.update(run.step)
        members.meet()
        run.gather(loss=loss.item(), **shown)
        if run.step % 20 == 0 or run.progress >= 1:
            run.log_means()
        run.save(model, optimizer, every=120, average=average)
    run.save(model, optimizer, average=average)
    model.load_state_dict(average.weights, strict=False)
    pool.shutdown(cancel_futures=True)
    if stage == "finetune":
        checkpoint.write(model, Path(args.output), args.dtype)
