"""Stage 3: the side adapter on the frozen tower, by set prediction, on the stem's maps."""
import torch
import torch.nn.functional as F

from . import matching
from .cache import Cache, Kept
from .config import SAN_MINI
from .model import SAN, initialise, semantic_scores
from .muon import muon
from .tower_stage import Names
from .training import Average, Members, Run, stored, update

AVERAGED = 300  # steps of the running mean
LEAST = 8  # cells of stride 8 that a mask must have to be learned
WINDOW = 16  # places a side of what the first part of the run sees of each picture, for twice the speed


def assemble(folder, seed=1, adapter=True):
    """A whole model from the states of the stages (on standardised maps); what no stage has made is as initialised."""
    model = SAN(SAN_MINI)
    initialise(model, seed)
    model.ov_classifier.load_state_dict(stored(folder, "text"))
    for stage in ("tower", "adapter") if adapter else ("tower",):
        model.load_state_dict(stored(folder, stage), strict=False)
    return model


def trained(model):
    for name, parameter in model.named_parameters():
        learns = name.startswith("side_adapter_network.") or name == "ov_classifier.bg_embed"
        parameter.requires_grad_(learns)
        if learns:
            yield name, parameter, 1.0


def doubt(columns, classes, things, side):
    """[S,S] columns and a picture's classes -> how much each place weighs in each class's mask: annotated places and all
    places for a thing (it is annotated wherever it is); stuff may go on where nothing is known."""
    unknown = F.adaptive_avg_pool2d((columns[None] < 0).float(), side)[0]
    return torch.where(things[classes][:, None, None], 1.0, 1 - 0.95 * unknown)


def whole_scores(model, text):
    """For `Kept.score`: the model's scores as the engine makes them, at a quarter of the pixels a side."""
    def found(maps, size, padded, columns):
        masks, embeddings, _, places = model.propose(model.extract_maps(*maps))[-1]
        classifier = model.classifier(text[torch.from_numpy(columns)])
        return semantic_scores(masks[0], model.class_logits(embeddings[0], classifier),
                               model.class_logits(places[0], classifier), size, padded, model.config["dense"], 4)
    return found


def main(args):
    run = Run(args, "adapter")
    run.partial = True
    model = assemble(run.folder, args.seed, adapter=False)
    optimizer = muon(list(trained(model)), 1e-2, block=".blocks.")
    average = Average(model, AVERAGED, run.resume(model, optimizer))
    members = Members(run, model)
    cache = Cache(run.folder / "maps")
    called = Names(model, args.data, run.folder)
    kept = Kept(args.data, "validation", cache, model) if run.member == 0 else None
    things = torch.zeros(len(called.first), dtype=torch.bool)
    things[sorted(called.vocabulary.things)] = True
    while run.progress < 1:
        small = run.progress < args.small
        pictures = args.batch * 2 if small else args.batch
        maps, columns, _ = cache.batch(pictures, WINDOW if small else 0)
        side = columns.shape[1] // 2  # masks are learned at stride 8
        text = called.drawn()
        with torch.no_grad():
            extracted = model.extract_maps(*maps)
        outputs = model.propose(extracted, supervised=args.supervised)
        classifier, grid = model.classifier(text), extracted[2]
        loss, shown = 0.0, {}
        for masks, embeddings, pooled, _ in outputs:
            found, count, free = {}, 0, 0
            for n in range(pictures):
                truth = matching.targets(columns[n], side, LEAST)
                logits = model.class_logits(embeddings[n], classifier)
                one, matched = matching.losses(
                    masks[n], logits, pooled[n], grid, truth, None, args.guidance, args.matches,
                    doubt(columns[n], truth[0], things, side), called.against)
                found = {k: found.get(k, 0) + v for k, v in one.items()}
                count, free = count + matched, free + len(logits) - matched
            found["free"] = free
            loss = loss + matching.total(found, count, args.guidance)
            shown = {k: found[k].item() / max(1, free if k == "empty" else count)
                     for k in ("class", "mask", "dice", "empty", "guide")}
        update(loss, optimizer, run.rate(args.rate))
        run.step += 1
        average.update(run.step)
        members.meet()
        run.gather(loss=loss.item(), **shown)
        if run.step % 20 == 0 or run.progress >= 1:
            run.log_means()
        if kept and (run.step % args.validate == 0 or run.progress >= 1):
            now = {name: p.detach().clone() for name, p in average.trained.items()}
            model.load_state_dict(average.weights, strict=False)
            run.log(**kept.score(whole_scores(model, called.first)), overlap=kept.overlap(model))
            model.load_state_dict(now, strict=False)
        run.save(model, optimizer, every=120, average=average)
    run.save(model, optimizer, average=average)
