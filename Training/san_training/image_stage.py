"""Stage 2b: the image tower learns to name crops, places and masked regions in the text tower's space."""
import math
import random

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from . import names, photos
from .config import SAN_MINI
from .crops import HINTS, SOURCES
from .judge import judge
from .model import SAN, initialise, normalise
from .mosaic import Mosaic, layout
from .muon import muon
from .scenes import Scenes
from .text import TEMPLATES, class_embeddings
from .tokenizer import Tokenizer
from .training import Average, Members, Run, mixed_precision, update

OUTSIDE = -30.0  # attention bias on patches outside a region's mask
SCENE_REGIONS = 5  # at most so many of a scene's regions are named in a step
AVERAGED = 400  # steps of the running mean
SMALLEST = 3  # patches of a crop's side: things are small in most photos
# Blocks of the tower after which it learns the teacher's inner features: those that the side adapter is fed from.
HINTED = [layer for layer, _ in SAN_MINI["side_adapter"]["fusion"] if layer]


class Tower(nn.Module):
    """The image tower and what only its training needs."""

    def __init__(self, san):
        super().__init__()
        self.extractor, self.head = san.clip_visual_extractor, san.clip_rec_head
        width = SAN_MINI["clip"]["image"]["width"]
        self.hints = nn.ModuleList(nn.Sequential(nn.LayerNorm(width), nn.Linear(width, count))
                                   for count in HINTS.values())
        self.logit_scale = nn.Parameter(torch.tensor(math.log(20.0)))

    def forward(self, images, bias, keep=1.0, mosaic=None):
        """images [B,3,S,S] normalised, bias [B,R,N] -> unit embeddings of regions, class token, patches; hints.

        With a mosaic the images are its pictures; everything else stays by crop, a crop's class token being that of
        a region that is all of it."""
        kept, _ = self.extractor(images, keep)
        if mosaic:
            bias = mosaic.spread(F.pad(bias, (0, 0, 0, 1)), OUTSIDE)
        heads = bias[:, None].expand(-1, self.head.heads, -1, -1)
        out = F.normalize(self.head(kept[-1], heads, keep).float(), dim=-1)
        r = bias.shape[1]
        regions, whole, patches = out[:, :r], out[:, r], out[:, r + 1:]
        if mosaic:
            regions, patches = mosaic.shared(regions), mosaic.places(patches)
            regions, whole = regions[:, :-1], regions[:, -1]
        return regions, whole, patches, self.hinted(kept, mosaic)

    def hinted(self, kept, mosaic=None):
        """The extractor's tokens per block -> what its patches make of the teacher's inner features, [B,N,·] each."""
        found = [layer(kept[block][:, 1:]).float() for block, layer in zip(HINTED, self.hints)]
        return [mosaic.places(hints) for hints in found] if mosaic else found


def text_table(args, run):
    """Unit vectors of the data sets' names and of ImageNet's: the text tower's own targets, so that both towers
    can be trained at the same time, or where there are none (`unpack`) what the text tower makes of them."""
    vocabulary = photos.Vocabulary(args.data)
    wanted = vocabulary.names + names.imagenet()
    if (run.folder / "text-corpus.pt").exists():
        corpus = torch.load(run.folder / "text-corpus.pt", map_location="cpu", weights_only=True)
        where = {text: index for index, text in reversed(list(enumerate(corpus["texts"])))}
        table = corpus["targets"][[where[name.lower()] for name in wanted]].to(args.device)
    else:
        encoder = SAN(SAN_MINI).ov_classifier
        state = torch.load(run.folder / "text.pt", map_location="cpu", weights_only=True)["model"]
        encoder.load_state_dict(state)
        tokenizer = Tokenizer(SAN_MINI["clip"]["text"]["vocabulary_size"])
        table = class_embeddings(encoder, tokenizer, wanted, TEMPLATES[:1]).to(args.device)
    return vocabulary, table[: len(vocabulary.names)], table[len(vocabulary.names):]


def sparse_cross_entropy(logits, ids, probabilities):
    """logits [...,K] against a few ids and probabilities [...,k], made to sum to 1."""
    p = probabilities / probabilities.sum(dim=-1, keepdim=True).clamp_min(1e-6)
    return -(p * logits.log_softmax(-1).gather(-1, ids)).sum(-1)


def named_loss(logits, labels):
    """Mean cross-entropy where there is a label (not -1); 0 where there is none at all."""
    total = F.cross_entropy(logits, labels, ignore_index=-1, reduction="sum")
    return total / (labels >= 0).sum().clamp_min(1)


def with_windows(cover, owners):
    """cover [B,R,N] with a random rectangle of patches wherever there is no labelled region."""
    b, r, n = cover.shape
    side = math.isqrt(n)
    low, high = torch.rand(2, b, r, 2, 1, device=cover.device).sort(dim=0).values
    place = (torch.arange(side, device=cover.device) + 0.5) / side
    near = (place - (low + high) / 2).abs()
    inside = (near <= (high - low) / 2) | (near <= near.amin(-1, keepdim=True))  # at least one row and column
    windows = (inside[:, :, 0, :, None] & inside[:, :, 1, None, :]).flatten(2)
    return torch.where((owners >= 0)[..., None], cover, windows.to(cover.dtype))


def part_loss(logits, inside, ids, probabilities):
    """Regions [B,R,1000] against the mean of what the teacher says of the patches inside (ids, probabilities
    [B,N,k])."""
    b, r, n = inside.shape
    share = inside / inside.sum(-1, keepdim=True).clamp_min(1)
    weights = share[..., None] * probabilities.float()[:, None]  # [B,R,N,k]
    target = torch.zeros(logits.shape, device=logits.device)
    target = target.scatter_add_(-1, ids[:, None].expand(-1, r, -1, -1).flatten(2), weights.flatten(2))
    target = target / target.sum(-1, keepdim=True).clamp_min(1e-6)
    return -(target * logits.log_softmax(-1)).sum(-1).mean()


def hint_losses(hints, b):
    wanted = b["hints"].split(list(HINTS.values()), dim=-1)
    return {f"hint{block}": F.mse_loss(*pair) for block, *pair in zip(HINTS, hints, wanted)}


def jitter(images):
    """Random brightness, contrast and colour (sometimes none) of u8-valued floats [B,3,H,W]."""
    b = images.shape[0]
    draw = lambda spread: 1 + (torch.rand(b, 1, 1, 1, device=images.device) * 2 - 1) * spread  # noqa: E731
    grey = images.mean(dim=1, keepdim=True)
    colour = draw(0.4) * (torch.rand(b, 1, 1, 1, device=images.device) > 0.15)
    images = grey + (images - grey) * colour
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return (mean + (images - mean) * draw(0.3)) * draw(0.3)


def start_well(tower, crops, size):
    """Patches start whitened (the crops' own principal directions), attention between tokens alike (q = k)."""
    images = torch.cat([crops.batch(part, size, augment=False)["images"].cpu()
                        for part in torch.arange(0, crops.count, max(1, crops.count // 1024)).split(64)])
    conv = tower.extractor.conv1.weight
    patch = conv.shape[-1]
    x = F.unfold(images, patch, stride=patch).transpose(1, 2).reshape(-1, conv[0].numel())
    values, vectors = torch.linalg.eigh(x.t() @ x / len(x))
    values, vectors = values.flip(0)[: len(conv)], vectors.flip(1)[:, : len(conv)]
    with torch.no_grad():
        conv.copy_((vectors / (values + values.mean() * 0.02).sqrt()).t().reshape(conv.shape))
        for block in [*tower.extractor.resblocks, *tower.head.resblocks]:
            width = block.attn.in_proj_weight.shape[1]
            block.attn.in_proj_weight[: width].normal_(std=0.04)
            block.attn.in_proj_weight[width: 2 * width] = block.attn.in_proj_weight[: width]


class Crops:
    """The arrays of every set of stage 2a, or of the one named; a batch is made on the device."""

    def __init__(self, folder, device, pattern="crops-*"):
        keys = ("images", "top_ids", "top", "dense_ids", "dense", "features", "hints", "hard", "source", "regions",
                "owners")
        sets = [path for path in sorted(folder.glob(pattern)) if path.suffix != ".part"]
        if not sets:
            raise SystemExit(f"{folder}: no crops; run the stage `crops` first")
        self.arrays = {key: torch.from_numpy(np.concatenate([np.load(path / f"{key}.npy") for path in sets]))
                       for key in keys}
        if device == "cuda":
            self.arrays = {key: value.to(device) for key, value in self.arrays.items()}
        self.device, self.count = device, len(self.arrays["images"])
        self.side = math.isqrt(self.arrays["dense"].shape[1])

    def weights(self):
        """How often each crop is drawn: more often the rarer its regions' classes, at most 3 times the mean."""
        owners = self.arrays["owners"].long().cpu()
        known = owners >= 0
        rarity = owners[known].bincount().clamp_min(1).float() ** -0.5
        found = torch.where(known, rarity[owners.clamp_min(0)], 0.0).sum(1) / known.sum(1).clamp_min(1)
        some = known.any(1)
        found[some] = (found[some] / found[some].mean()).clamp(0.3, 3)
        return torch.where(some, found, 1.0)

    def batch(self, chosen, size, augment):
        """Crops and targets through one window each: all of it, or a random part (of a small crop most), mirrored or
        not. All of it at the side where the student's patches are the teacher's places has the teacher's inner
        features too."""
        a = {key: value[chosen] for key, value in self.arrays.items() if key not in ("features", "hints")}
        images = a["images"].permute(0, 3, 1, 2).float()
        n, device, grid = len(images), images.device, size // 16
        scale = torch.ones(n, 2, device=device)
        if augment:
            most = 0.55 if grid >= self.side else 0.2  # may be left out
            scale = 1 - most * torch.rand(n, 1, device=device).expand(-1, 2)
            scale = (scale * (1 + 0.15 * (torch.rand(n, 2, device=device) * 2 - 1))).clamp(max=1)
        shift = (torch.rand(n, 2, device=device) * 2 - 1) * (1 - scale)
        window = torch.zeros(n, 2, 3, device=device)
        window[:, 0, 0], window[:, 1, 1], window[:, :, 2] = scale[:, 0], scale[:, 1], shift
        if augment:
            window[:, 0, 0] *= torch.where(torch.rand(n, device=device) < 0.5, -1.0, 1.0)

        def seen(maps, side):
            places = F.affine_grid(window, (n, 1, side, side), align_corners=False)
            return F.grid_sample(maps, places, mode="bilinear", padding_mode="border", align_corners=False)

        images = seen(images, size)
        cover = F.avg_pool2d(seen(a["regions"].float() / 255, 4 * grid), 4).flatten(2)  # [B,R,N]
        places = (F.affine_grid(window, (n, 1, grid, grid), align_corners=False) + 1) / 2 * self.side
        places = places.long().clamp(0, self.side - 1)
        places = (places[..., 1] * self.side + places[..., 0]).flatten(1)[..., None].expand(-1, -1, a["dense"].shape[2])
        known = {}
        if not augment and grid == self.side:
            known["hints"] = self.arrays["hints"][chosen].float()
        if "known" in a:
            known["known"] = a["known"].float().gather(1, places[..., :1].expand(-1, -1, a["known"].shape[2]))
        return {**known, "images": normalise(jitter(images) if augment else images), "cover": cover,
                "dense_ids": a["dense_ids"].long().gather(1, places), "dense": a["dense"].float().gather(1, places),
                "top_ids": a["top_ids"].long(), "top": a["top"].float(), "hard": a["hard"].long(),
                "source": a["source"].long(), "owners": a["owners"].long()}


def mixed(b):
    """Each crop with up to 40 % of another laid over it: what the teacher says is mixed too, names stay the crop's."""
    n, device = len(b["images"]), b["images"].device
    other = torch.randperm(n, device=device)
    share = 1 - 0.4 * torch.rand(n, device=device)
    weigh = lambda values, by: values * by.view(n, *[1] * (values.dim() - 1))  # noqa: E731
    b = dict(b, images=weigh(b["images"], share) + weigh(b["images"][other], 1 - share))
    for key in ("top", "dense"):
        ids = f"{key}_ids"
        b[ids] = torch.cat([b[ids], b[ids][other]], dim=-1)
        b[key] = torch.cat([weigh(b[key], share), weigh(b[key][other], 1 - share)], dim=-1)
    if "known" in b:
        b["known"] = weigh(b["known"], share) + weigh(b["known"][other], 1 - share)
    return b


def scene_batch(scenes, seeds, size, device):
    """Whole scenes at the size the model sees photos, with their regions: no teacher looks at these."""
    pixels, columns, sources = zip(*(scenes.sample(seed) for seed in seeds))
    images = torch.from_numpy(np.stack(pixels)).to(device).permute(0, 3, 1, 2).float()
    covers = torch.zeros(len(seeds), SCENE_REGIONS, (size // 16) ** 2)
    owners = torch.full((len(seeds), SCENE_REGIONS), -1)
    for n, one in enumerate(columns):
        one = torch.from_numpy(one)
        present = one.unique()
        present = present[present >= 0]
        present = present[torch.randperm(len(present))[:SCENE_REGIONS]]
        for slot, column in enumerate(present):
            covers[n, slot] = F.avg_pool2d((one == column)[None].float(), 16).flatten()
            owners[n, slot] = column
    sources = torch.tensor([SOURCES.index(scenes.sources[source]) for source in sources])
    return {"images": normalise(jitter(images)), "cover": covers.to(device), "owners": owners.to(device),
            "source": sources.to(device)}


def losses(tower, b, tables, columns, keep=1.0):
    """Every loss of a batch (of a scene only those of its regions), and the logits for scoring."""
    data_names, imagenet, known = tables
    if "top" in b:
        b["cover"] = with_windows(b["cover"], b["owners"])
    b["owners"] = torch.where(b["cover"].sum(-1) > 0.4, b["owners"], -1)  # the window may have left a region out
    inside = b["cover"] > 0.3
    inside = inside | (b["cover"] >= b["cover"].amax(-1, keepdim=True).clamp_min(1e-3))
    bias = torch.where(inside, 0.0, OUTSIDE)
    regions, whole, patches, hints = tower(b["images"], bias, keep, b.get("mosaic"))
    scale = tower.logit_scale.clamp(max=math.log(100)).exp()
    allowed = columns[b["source"]]  # [B,K]
    blocked = torch.where(allowed, 0.0, -1e4)
    hard = scale * whole @ data_names.t() + blocked
    region = scale * regions @ data_names.t() + blocked[:, None]
    found = {"region": named_loss(region.flatten(0, 1), b["owners"].flatten())}
    if "top" in b:
        found |= {"soft": sparse_cross_entropy(scale * whole @ imagenet.t(), b["top_ids"], b["top"]).mean(),
                  "dense": sparse_cross_entropy(scale * patches @ imagenet.t(), b["dense_ids"], b["dense"]).mean(),
                  "part": part_loss(scale * regions @ imagenet.t(), inside, b["dense_ids"], b["dense"]),
                  "hard": named_loss(hard, b["hard"])}
    if "hints" in b:
        found |= hint_losses(hints, b)
    if "known" in b:
        share = inside / inside.sum(-1, keepdim=True).clamp_min(1)
        for name, rows, target in (("known", patches, b["known"]), ("known_part", regions, share @ b["known"])):
            found[name] = -(target * (scale * rows @ known.t()).log_softmax(-1)).sum(-1).mean()
    # patches inside a region carry its name too
    pure = (b["cover"] > 0.8) & (b["owners"] >= 0)[..., None]
    who = torch.where(pure, b["owners"][..., None], -1).amax(dim=1)  # [B,N]
    named = scale * patches @ data_names.t() + blocked[:, None]
    found["patch"] = named_loss(named.flatten(0, 1), who.flatten())
    return found, region, hard


# What the teacher says outweighs the names: those are learned by heart.
WEIGHTS = {"soft": 0.3, "dense": 0.4, "part": 0.2, "known": 1.0, "known_part": 0.8, "hard": 0.3, "region": 0.3,
           "patch": 0.1, "hint6": 20.0, "hint14": 20.0, "hint20": 20.0}  # a hint's gradient is some 20 times smaller


def main(args):
    run = Run(args, "image")
    san = SAN(SAN_MINI)
    initialise(san, args.seed)
    vocabulary, *tables = text_table(args, run)
    columns = torch.zeros(len(SOURCES), len(vocabulary.names), dtype=torch.bool)
    for index, source in enumerate(SOURCES):
        if source in vocabulary.sources:
            columns[index, vocabulary.columns(source)] = True
        else:
            columns[index] = True
    columns = columns.to(args.device)
    tower = Tower(san).to(args.device)
    crops = Crops(run.folder, args.device)
    checked = Crops(run.folder, args.device, "validation") if (run.folder / "validation").exists() else None
    coco = vocabulary.columns("coco")
    tables.append(tables[0][coco])
    crops.arrays["known"], found = judge(crops.arrays, coco, tables[1], tables[2], checked and checked.arrays)
    run.log(judge_right=found)
    start_well(tower, crops, args.size)
    if args.sparse:
        for part in (tower.extractor, tower.head):
            for block in part.resblocks[1::2]:
                block.close()
    whole = tower.extractor.grid[0] * 16
    scenes = Scenes(args.data, whole) if args.scenes else None
    # Small crops touch only some of the grid's positions: those stay the smooth waves they start as.
    tower.extractor.positional_embedding.requires_grad_(args.size == whole)
    optimizer = muon([(n, p, 1.0) for n, p in tower.named_parameters() if p.requires_grad], args.decay)
    average = Average(tower, AVERAGED, run.resume(tower, optimizer))
    members = Members(run, tower)
    order = torch.Generator().manual_seed(args.seed)
    share = torch.randperm(crops.count, generator=order)
    held, train = share[:256], share[256:]  # crops of training photos; clean scores are `evaluate`'s
    weights, place = crops.weights()[train], crops.arrays["images"].device
    few = max(2, args.batch * args.size ** 2 // whole ** 2)  # scenes that cost what a batch of crops does
    while run.progress < 1:
        seeing = run.progress < args.seeing
        scene = not seeing and scenes is not None and random.random() < args.scenes
        if scene:
            first = run.seed * 1_000_003 + run.step * few
            b = scene_batch(scenes, range(first, first + few), whole, args.device)
        else:
            hinted = seeing or random.random() < args.hinted
            side = crops.side if hinted else random.randint(SMALLEST, grown(args.size, args.grow, run.progress) // 16)
            size = 16 * side
            shape = layout(side) if not seeing and random.random() < args.mosaics else (1, 1)
            parts = math.prod(shape)
            count = parts * max(1, round(args.batch * args.size ** 2 / size ** 2 / parts))
            b = crops.batch(train[torch.multinomial(weights, count)].to(place), size, augment=not hinted)
            if not hinted and random.random() < run.progress:  # early on it only slows learning
                b = mixed(b)
            if parts > 1:
                b["mosaic"] = Mosaic(*shape, side)
                b["images"] = b["mosaic"].joined(b["images"])
        with mixed_precision(args.device):
            if seeing:
                found = hint_losses(tower.hinted(tower.extractor(b["images"], args.keep)[0], b.get("mosaic")), b)
            else:
                found, region, hard = losses(tower, b, tables, columns, args.keep)
        loss = sum(WEIGHTS[name] * value for name, value in found.items())
        update(loss, optimizer, run.rate(args.rate))
        run.step += 1
        average.update(run.step)
        members.meet()
        shown = {("scene_" if scene else "") + k: v.item() for k, v in found.items()}
        if not seeing:
            shown["scene_right" if scene else "region_right"] = right(region.flatten(0, 1), b["owners"].flatten())
        run.gather(loss=loss.item(), scale=tower.logit_scale.exp().item(), **shown)
        if run.step % 20 == 0 or run.progress >= 1:
            run.log_means()
        if run.step % 200 == 0 or run.progress >= 1:
            run.log(**scored("held_", tower, crops, held.to(place), tables, columns))
            if checked:
                run.log(**scored("validation_", tower, checked, torch.arange(checked.count), tables, columns))
        run.save(tower, optimizer, every=120, average=average)
    run.save(tower, optimizer, average=average)


def grown(first, last, progress):
    """The side of crops at `progress` (0...1): from `first` to `last` in steps of a patch."""
    return first + 16 * int((max(first, last) - first) / 16 * progress + 0.5)


@torch.no_grad()
def scored(prefix, tower, crops, chosen, tables, columns):
    """Losses of crops seen whole, and the shares of their names and regions that are right."""
    with mixed_precision(crops.device):
        b = crops.batch(chosen, 16 * crops.side, augment=False)
        found, region, hard = losses(tower, b, tables, columns)
    found = {name: value.item() for name, value in found.items()}
    found["hard_right"] = right(hard, b["hard"])
    found["region_right"] = right(region.flatten(0, 1), b["owners"].flatten())
    return {prefix + name: value for name, value in found.items() if value == value}


def right(logits, labels):
    known = labels >= 0
    return (logits.argmax(-1) == labels)[known].float().mean().item()
