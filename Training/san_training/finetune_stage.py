"""Fine-tuning: the side adapter of any SAN checkpoint on a folder of one's own, CLIP frozen (all but its positional
embedding)."""
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from . import checkpoint, matching
from .folder import STUFF, Folder
from .maps_stage import jitter
from .model import normalise
from .muon import muon
from .text import class_embeddings
from .tokenizer import Tokenizer
from .training import Average, Run, mixed_precision, update

AVERAGED = 400  # steps of the running mean


def trainable(model):
    """(name, parameter, rate factor): the adapter, the 'no object' row and CLIP's positional embedding."""
    for name, parameter in model.named_parameters():
        factor = (1.0 if name.startswith("side_adapter_network.") or name == "ov_classifier.bg_embed"
                  else 0.1 if name == "clip_visual_extractor.positional_embedding" else 0.0)
        parameter.requires_grad_(factor > 0)
        if factor:
            yield name, parameter, factor


def main(args):
    run = Run(args, "finetune")
    run.partial = True
    model = checkpoint.load(args.init).to(args.device)
    optimizer = muon(list(trainable(model)), 1e-2, block=".blocks.")
    average = Average(model, AVERAGED, run.resume(model, optimizer))
    folder = Folder(args.data, args.size)
    tokenizer = Tokenizer(model.config["clip"]["text"]["vocabulary_size"])
    names = folder.names + [name for name in STUFF if name not in folder.names]
    text = class_embeddings(model.ov_classifier, tokenizer, names)  # [K,E]
    stuff = torch.arange(len(folder.names), len(names), device=args.device)
    pool = ThreadPoolExecutor(max(1, args.threads))

    def request(step):
        base = run.seed * 7_919 + step * args.batch
        return [pool.submit(folder.sample, base + n) for n in range(args.batch)]

    waiting = request(run.step)
    while run.progress < 1:
        pixels, columns = zip(*(job.result() for job in waiting))
        waiting = request(run.step + 1)
        images = torch.from_numpy(np.stack(pixels)).to(args.device).permute(0, 3, 1, 2).float()
        images = normalise(jitter(images), model.config)
        side = args.size // 4
        truths = [matching.targets(torch.from_numpy(c).to(args.device), side) for c in columns]
        with mixed_precision(args.device):
            outputs = model.propose(model.extract(images), supervised=args.supervised)
        classifier = model.classifier(text)
        loss, shown = 0.0, {}
        clip_side = int(args.size * model.scale) // model.config["clip"]["image"]["patch_size"]
        for depth, (masks, embeddings, pooled, _) in enumerate(outputs):
            found, count, free = {}, 0, 0
            for n in range(len(images)):
                logits = model.class_logits(embeddings[n], classifier)
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
        run.gather(loss=loss.item(), **shown)
        if run.step % 20 == 0 or run.progress >= 1:
            run.log_means()
        run.save(model, optimizer, every=120, average=average)
    run.save(model, optimizer, average=average)
    model.load_state_dict(average.weights, strict=False)
    pool.shutdown(cancel_futures=True)
    checkpoint.write(model, Path(args.output), args.dtype)
