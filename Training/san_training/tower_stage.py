"""Stage 2: the tower learns to name places, and regions under their true masks, on the stem's maps. At first its blocks are
closed: what names a place by itself learns five times as fast without them."""
import math
import random

import torch
import torch.nn.functional as F

from . import names
from .cache import Cache, Kept, cut
from .config import SAN_MINI
from .model import SAN, initialise
from .muon import muon
from .text import class_embeddings
from .tokenizer import Tokenizer
from .training import Average, Members, Run, stored, update
from .vocabulary import Vocabulary

AVERAGED = 300  # steps of the running mean
REGIONS = 6  # named a picture and step
OWN_NAME = 0.6  # how often a thing is called by its first name, where it has several
FEWER = 0.3  # share of steps whose vocabulary lacks names that are there: those places are "no object"
SOFT_PLACES = 48  # of stride 32 a picture, that learn ImageNet's names
OUTSIDE = (-30.0, -3.0)  # attention bias outside of a region


class Names:
    """The vocabulary's text rows, under other names in turn."""

    def __init__(self, model, data, folder):
        self.vocabulary = Vocabulary(data)
        aliases = self.vocabulary.aliases()
        flat = [name for names_of in aliases.values() for name in names_of]
        wanted, path = flat + names.imagenet(), folder / "names.pt"
        kept = torch.load(path, weights_only=True) if path.exists() else {}
        if kept.get("names") != wanted:  # the text tower is asked once
            tokenizer = Tokenizer(model.config["clip"]["text"]["vocabulary_size"])
            kept = {"names": wanted, "rows": class_embeddings(model.ov_classifier, tokenizer, wanted)}
            torch.save(kept, path)
        rows = kept["rows"][: len(flat)].split([len(a) for a in aliases.values()])
        self.rows = list(rows)
        self.first = torch.stack([r[0] for r in rows])
        self.several = [i for i, r in enumerate(rows) if len(r) > 1]
        self.against = self.vocabulary.against().clamp_min(1e-9).log()
        self.imagenet = kept["rows"][len(flat):]

    def drawn(self):
        text = self.first.clone()
        for i in self.several:
            if random.random() > OWN_NAME:
                text[i] = random.choice(self.rows[i][1:])
        return text

    def offered(self):
        """Which columns a step's vocabulary holds."""
        if random.random() > FEWER:
            return torch.ones(len(self.first), dtype=torch.bool)
        return torch.rand(len(self.first)) > random.uniform(0.05, 0.6)


def named_loss(model, names, embeddings, targets, weights, text, offered):
    """Cross-entropy of unit rows [N,E] to columns [N], over the offered names and "no object". A name that is not offered
    is "no object", unless kin of it is offered: then nothing is known."""
    logits = model.class_logits(embeddings, model.classifier(text))
    against = names.against[targets]
    held = offered[targets]
    kin = ((against < 0) & offered).any(1)
    against = against.masked_fill(~offered, -1e4)
    logits = logits + F.pad(against, (0, 1))
    targets = torch.where(held, targets, len(text))
    weights = weights * (held | ~kin)
    return (F.cross_entropy(logits, targets, reduction="none") * weights).sum() / weights.sum().clamp_min(1e-6)


def cover(columns):
    """columns [B,88,88] -> each stride-16 place's most frequent column [B,N], and its share of the place [B,N]."""
    cells = F.unfold((columns[:, None] + 1).float(), 4, stride=4).long() - 1  # [B,16,N]
    same = (cells[:, :, None] == cells[:, None]).sum(2)  # [B,16,N]
    same = torch.where(cells >= 0, same, 0)
    best, index = same.max(1)
    return cells.gather(1, index[:, None])[:, 0], best / cells.shape[1]


def regions_of(places, share):
    """places [B,N] and their shares -> regions' columns [B,R] (-1: none) and masks [B,R,N]."""
    batch, n = places.shape
    chosen = torch.full((batch, REGIONS), -1)
    masks = torch.ones(batch, REGIONS, n, dtype=torch.bool)
    for b in range(batch):
        sure = places[b][share[b] > 0.4]
        present = sure[sure >= 0].unique().tolist()
        for r, column in enumerate(random.sample(present, min(REGIONS, len(present)))):
            chosen[b, r], masks[b, r] = column, (places[b] == column) & (share[b] > 0.4)
    return chosen, masks


def blocks_of(model):
    return [*model.clip_visual_extractor.resblocks, *model.clip_rec_head.resblocks]


def start(model):
    """Blocks begin as passing their input through, a name as likely as one in twenty logits apart."""
    for block in blocks_of(model):
        block.close()
    with torch.no_grad():
        model.ov_classifier.logit_scale.fill_(math.log(20))


def trained(model):
    """(name, parameter, rate factor) of the tower."""
    for name, parameter in model.named_parameters():
        inside = name.startswith(("clip_visual_extractor.", "clip_rec_head.")) and ".stem." not in name
        learns = inside or ".stem.tokens." in name or name in ("ov_classifier.logit_scale", "ov_classifier.bg_embed")
        parameter.requires_grad_(learns)
        if learns:
            yield name, parameter, 1.0


def place_scores(model, text):
    """For `Kept.score`: class scores by the place tokens alone."""
    def found(maps, size, padded, columns):
        _, features, grid = model.extract_maps(*maps)
        bias = torch.zeros(1, model.clip_rec_head.heads, 1, grid[0] * grid[1])
        rows = F.normalize(model.clip_rec_head(features[-1], bias)[0, 2:].float(), dim=-1)
        p = model.class_logits(rows, model.classifier(text[torch.from_numpy(columns)])).softmax(-1)[:, :-1]
        p = p.t().unflatten(1, grid)[None]
        return cut(p, size, padded)
    return found


def main(args):
    run = Run(args, "tower")
    run.partial = True
    model = SAN(SAN_MINI)
    initialise(model, args.seed)
    text = stored(run.folder, "text")
    if not text:
        raise SystemExit(f"{run.folder} has no text.pt: run `text` first, or `states` to begin with a model file")
    model.ov_classifier.load_state_dict(text)
    start(model)
    optimizer = muon(list(trained(model)), args.decay)
    average = Average(model, AVERAGED, run.resume(model, optimizer))
    members = Members(run, model)
    cache = Cache(run.folder / "maps")
    called = Names(model, args.data, run.folder)
    if called.vocabulary.names != cache.names:
        raise SystemExit("the maps were made with other names: make them again")
    kept = Kept(args.data, "validation", cache, model) if run.member == 0 else None
    fc = cache.classifier
    while run.progress < 1:
        model.train()
        closed = run.progress < args.opening
        for block in blocks_of(model):
            block.idle = closed
        count = args.batch if closed else args.batch // 2
        maps, columns, head = cache.batch(count, mosaics=args.mosaics)
        places, share = cover(columns)
        wanted, masks = regions_of(places, share)
        text, offered = called.drawn(), called.offered()
        _, features, grid = model.extract_maps(*maps, dropout=args.dropout)
        outside = random.uniform(*OUTSIDE)
        bias = torch.where(masks, 0.0, outside)[:, None].expand(-1, model.clip_rec_head.heads, -1, -1)
        out = F.normalize(model.clip_rec_head(features[-1], bias, keep=args.keep), dim=-1)
        rows = out[:, REGIONS + 1:]  # [B,N,E]
        known = (places >= 0) & (share > 0.5)
        flat = (torch.arange(count)[:, None] * len(text) + places.clamp_min(0))[known]
        weights = flat.bincount(minlength=count * len(text))[flat].float() ** -0.5
        place = named_loss(model, called, rows[known], places[known], weights, text, offered)
        found = wanted >= 0
        region = named_loss(model, called, out[:, :REGIONS][found], wanted[found], torch.ones(int(found.sum())), text, offered)
        soft = imagenet_loss(model, called, rows, grid, head, fc)
        loss = place + args.soft * soft + (0 if closed else region)
        update(loss, optimizer, run.rate(args.rate))
        model.ov_classifier.logit_scale.data.clamp_(max=4.60517)
        run.step += 1
        average.update(run.step)
        members.meet()
        run.gather(loss=loss.item(), place=place.item(), region=region.item(), soft=soft.item(),
                   scale=model.ov_classifier.logit_scale.exp().item())
        if run.step % 20 == 0 or run.progress >= 1:
            run.log_means()
        if kept and (run.step % args.validate == 0 or run.progress >= 1):
            now = {name: p.detach().clone() for name, p in average.trained.items()}
            model.load_state_dict(average.weights, strict=False)
            model.eval()
            run.log(**kept.score(place_scores(model, called.first)))
            model.load_state_dict(now, strict=False)
        run.save(model, optimizer, every=120, average=average)
    run.save(model, optimizer, average=average)


def imagenet_loss(model, called, rows, grid, head, fc):
    """Some places of stride 32: ImageNet's names as Lite2 gives them, as soft targets; a place counts as much as Lite2 is
    sure of its first name there."""
    h, w = grid[0] // 2, grid[1] // 2
    some = torch.randperm(h * w)[:SOFT_PLACES]
    coarse = F.avg_pool2d(rows.transpose(1, 2).unflatten(2, grid), 2).flatten(2)[:, :, some].transpose(1, 2)
    target = F.linear(head.flatten(2)[:, :, some].transpose(1, 2), *fc).softmax(-1)
    logits = model.ov_classifier.logit_scale.exp() * F.normalize(coarse, dim=-1) @ called.imagenet.t()
    sure = target.amax(-1)
    return -((target * logits.log_softmax(-1)).sum(-1) * sure).sum() / sure.sum()
