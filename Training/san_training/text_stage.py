"""Stage 1: the text tower learns a sentence encoder's space, centred and projected to the joint size."""
import random
from pathlib import Path

import torch
import torch.nn.functional as F

from . import names
from .config import SAN_MINI
from .minilm import MiniLM
from .model import SAN, initialise
from .text import TEMPLATES, encode
from .tokenizer import Tokenizer, batch
from .training import Run, mixed_precision, optimiser, update

# Wordings that must not move a class: prompts are drawn from these, their target is the bare name's.
FRAMES = TEMPLATES + ["{}", "a {}", "the {}", "an image of a {}", "a picture of {}", "a bad photo of a {}.",
                      "a photo of my {}.", "a photo of the {}.", "a drawing of a {}.", "a close-up photo of a {}."]
KINSHIP = 2.0  # share of a class in the vector of a word that WordNet explains by it; the word's own has 1


def corpus(args):
    """Texts, their targets, and the groups to draw from."""
    draw = random.Random(args.seed)
    visible, other, glosses = names.wordnet(args.wordnet)
    uses = {**other, **visible}
    known = set(names.data_names(args.data))
    classes = known | {name.lower() for name in names.imagenet()}
    for path in args.names:
        classes |= {line.strip().lower() for line in Path(path).read_text().splitlines() if line.strip()}
    common = sorted(w for w, count in uses.items() if count > 0 and w not in classes)
    rest = sorted(w for w, count in visible.items() if count == 0 and w not in classes)
    abstract = sorted(w for w, count in other.items() if count == 0 and w not in classes)
    draw.shuffle(rest)
    draw.shuffle(abstract)
    held, rest = rest[:1000], rest[1000:]
    rest += abstract[: args.others]
    nouns = sorted(classes) + [w for w in common if visible.get(w, 0)]
    phrases = sorted({f"{draw.choice(names.COLOURS)} {draw.choice(nouns)}" for _ in range(args.phrases)})
    glosses = draw.sample(glosses, min(args.glosses, len(glosses)))
    apart = classes.union(held)
    kinds = {word: kind for word, kind in names.kinds(args.wordnet, known).items() if word not in apart}
    usual = {word for word, (_, same) in kinds.items() if same or uses[word] > 0}
    common, rest = ([w for w in group if w not in usual] for group in (common, rest))
    groups = {"classes": sorted(classes), "common": common, "rest": rest, "phrases": phrases, "glosses": glosses,
              "held": held, "kinds": sorted(usual)}
    texts = [text for group in groups.values() for text in group]
    teacher = MiniLM(args.device)
    vectors = teacher.encode(texts)
    ends, begin = {}, 0
    for name, group in groups.items():
        ends[name] = (begin, begin + len(group))
        begin += len(group)
    # The projection: centred on, and fitted to, names of things.
    base = torch.cat([vectors[slice(*ends[g])] for g in ("classes", "common", "rest")])
    mean = base.mean(dim=0)
    basis = torch.linalg.eigh((base - mean).t() @ (base - mean)).eigenvectors.flip(1)[:, : args.embedding]
    targets = F.normalize((vectors - mean) @ basis, dim=-1)
    # Who asks for kittens wants them found by what finds cats: the image tower learns the data's names alone.
    where = {text: index for index, text in reversed(list(enumerate(texts)))}
    own = targets.clone()
    for word, (name, same) in kinds.items():
        if word in where:
            kind = own[where[name]]
            targets[where[word]] = kind if same else F.normalize(own[where[word]] + KINSHIP * kind, dim=0)
    return {"texts": texts, "targets": targets, "groups": ends, "mean": mean, "basis": basis}


def turned(data, model, tokenizer):
    """The targets in a tower's own space: principal directions come in other signs and mixtures when they are found
    again, and the image tower knows those of the first time."""
    names = torch.cat([torch.arange(*data["groups"][group]) for group in ("classes", "common")])
    made = encode(model, tokenizer, [data["texts"][i] for i in names]).cpu()
    u, _, v = torch.linalg.svd(data["targets"][names].t() @ made)
    return data["targets"] @ (u @ v)


def seed_tokens(args, model, tokenizer, data):
    """Starts each token at the teacher's vector of its own spelling: a bag of words is then half the way."""
    cache = Path(args.state) / "text-tokens.pt"
    if not cache.exists():
        back = {symbol: byte for byte, symbol in tokenizer.bytes.items()}
        spelled = [bytes(back[c] for c in symbol.removesuffix("</w>")).decode("utf-8", "replace")
                   for symbol in tokenizer.ids]
        vectors = MiniLM(args.device).encode(spelled)
        torch.save(F.normalize((vectors - data["mean"]) @ data["basis"], dim=-1), cache)
    found = torch.load(cache, weights_only=True)
    ends = torch.tensor([1.0 if symbol.endswith("</w>") else 0.6 for symbol in tokenizer.ids])
    with torch.no_grad():
        model.token_embedding.weight[: len(found)] = found * ends[:, None] * 0.3 * found.shape[1] ** 0.5
        model.text_projection.copy_(torch.eye(*model.text_projection.shape))


def main(args):
    args.embedding = SAN_MINI["clip"]["embedding"]
    run = Run(args, "text")
    cache = run.folder / "text-corpus.pt"
    data = torch.load(cache, weights_only=True) if cache.exists() else corpus(args)
    tokenizer = Tokenizer(SAN_MINI["clip"]["text"]["vocabulary_size"])
    san = SAN(SAN_MINI)
    initialise(san, args.seed)
    model = san.ov_classifier
    if not run.path.exists():
        seed_tokens(args, model, tokenizer, data)
    trained = [(n, p, 0.3 if n.startswith("token_embedding") else 1.0)
               for n, p in model.named_parameters() if n not in ("logit_scale", "bg_embed")]
    model.to(args.device)
    optimizer = optimiser(trained, 0.05)
    run.resume(model, optimizer)
    if not cache.exists():
        if run.path.exists():
            data["targets"] = turned(data, model, tokenizer)
        torch.save(data, cache)
    shares = {"classes": 0.3, "kinds": 0.3, "common": 0.15, "rest": 0.1, "phrases": 0.05, "glosses": 0.1}
    count = {name: round(args.batch * share) for name, share in shares.items()}
    texts, targets = data["texts"], data["targets"]
    while run.progress < 1:
        chosen, prompts = [], []
        for name, n in count.items():
            for _ in range(n):
                index = random.randrange(*data["groups"][name])
                framed = name != "glosses" and random.random() < 0.6
                prompts.append(random.choice(FRAMES).format(texts[index]) if framed else texts[index])
                chosen.append(index)
        rows = [tokenizer.encode(prompt) for prompt in prompts]
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        outs = []
        with mixed_precision(args.device):
            for part in range(4):  # four lengths a step: little padding
                some = order[part * len(order) // 4: (part + 1) * len(order) // 4]
                outs.append(model(batch([rows[i] for i in some], tokenizer.end).to(args.device)))
        found = torch.cat(outs).float()
        target = targets[[chosen[i] for i in order]].to(args.device)
        cosine = (found * target).sum(dim=1)
        logits = found @ target.t() / 0.05
        same = target @ target.t() / 0.05
        contrast = F.kl_div(logits.log_softmax(1), same.softmax(1), reduction="batchmean")
        loss = (1 - cosine).mean() + 0.2 * contrast
        update(loss, optimizer, run.rate(args.rate))
        run.step += 1
        if run.step % 20 == 0 or run.progress >= 1:
            run.log(loss=loss.item(), cosine=cosine.mean().item(), contrast=contrast.item())
        if run.step % 200 == 0:
            run.log(**scores(model, tokenizer, data))
        run.save(model, optimizer, every=120)
    run.save(model, optimizer)
    run.log(**scores(model, tokenizer, data))


def scores(model, tokenizer, data):
    """Cosine to the teacher on held-out nouns and class names, and how often the nearest name is the right one."""
    result = {}
    for group in ("held", "classes"):
        where = slice(*data["groups"][group])
        for kind, frame in (("bare", "{}"), ("prompt", "a photo of a {}.")):
            with mixed_precision(model.text_projection.device.type):
                found = encode(model, tokenizer, [frame.format(t) for t in data["texts"][where]]).float().cpu()
            target = data["targets"][where]
            result[f"{group}_{kind}_cosine"] = (found * target).sum(1).mean().item()
            result[f"{group}_{kind}_nearest"] = (
                (found @ target.t()).argmax(1) == torch.arange(len(found))).float().mean().item()
    pairs = (("kitten", "cat"), ("puppy", "dog"), ("sofa", "couch"), ("automobile", "car"), ("cat", "dog"),
             ("cat", "car"), ("sky", "sea"))
    flat = encode(model, tokenizer, [f"a photo of a {n}." for pair in pairs for n in pair]).view(len(pairs), 2, -1)
    for (a, b), (x, y) in zip(pairs, flat):
        result[f"{a}~{b}"] = (x @ y).item()
    return result
