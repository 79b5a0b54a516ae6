"""python -m san_training STAGE …; each stage's options: python -m san_training STAGE --help."""
import argparse
import importlib

from . import memory

STAGES = {
    "text": "text_stage",
    "maps": "maps_stage",
    "states": "states",
    "tower": "tower_stage",
    "adapter": "adapter_stage",
    "finetune": "finetune_stage",
    "evaluate": "evaluate",
    "export": "export",
    "curves": "curves",
}


def main():
    parser = argparse.ArgumentParser(prog="san_training", description="Trains SAN models, a stage a command.")
    commands = parser.add_subparsers(dest="stage", required=True)

    def command(name, help, steps=None, batch=None, rate=None):
        sub = commands.add_parser(name, help=help)
        sub.add_argument("--state", default="state", help="folder of states and logs; a stage goes on from its own")
        sub.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
        sub.add_argument("--threads", type=int, default=2, help="1 is far faster on a busy machine")
        sub.add_argument("--seed", type=int, default=1)
        if steps:
            sub.add_argument("--steps", type=int, default=steps)
            sub.add_argument("--minutes", type=float, default=0, help="end by this time, the schedule with it")
            sub.add_argument("--again", action="store_true",
                             help="a new schedule from the state's weights (another size, a longer run)")
            sub.add_argument("--member", type=int, default=0,
                             help="1, 2 ...: a further run of the same stage beside member 0; they average their weights")
            sub.add_argument("--batch", type=int, default=batch)
            sub.add_argument("--rate", type=float, default=rate, help="peak learning rate")
        return sub

    text = command("text", "stage 1: distil the text tower", 20000, 512, 1e-3)
    text.add_argument("--data", required=True)
    text.add_argument("--wordnet", default="/usr/share/wordnet")
    text.add_argument("--names", nargs="*", default=[], help="files of further class names, one a line")
    text.add_argument("--glosses", type=int, default=80000)
    text.add_argument("--others", type=int, default=60000, help="nouns of things that cannot be seen")
    text.add_argument("--phrases", type=int, default=20000)

    maps = command("maps", "stage 2: the stem's maps of training pictures, made once")
    maps.add_argument("--data", required=True)
    maps.add_argument("--count", type=int, default=9600, help="pictures; 0.4 MB each")
    maps.add_argument("--members", type=int, default=1, help="so many processes share the work …")
    maps.add_argument("--member", type=int, default=0, help="… of which this is one")

    states = command("states", "put a model file back as the stages' states, to train it further")
    states.add_argument("model")

    tower = command("tower", "stage 3: train the tower to name places and regions", 20000, 16, 1.5e-3)
    tower.add_argument("--data", required=True)
    tower.add_argument("--opening", type=float, default=0.35,
                       help="share of the run, at its start, with closed blocks; later batches are half as large")
    tower.add_argument("--dropout", type=float, default=0.3, help="of the place tokens' hidden layer")
    tower.add_argument("--soft", type=float, default=1.0, help="weight of ImageNet's names, as Lite2 gives them")
    tower.add_argument("--mosaics", type=float, default=0.0, help="share of pictures with quarters of others in them")
    tower.add_argument("--keep", type=float, default=1.0, help="probability of a head's residual branch (stochastic depth)")
    tower.add_argument("--decay", type=float, default=0.05, help="weight decay, of the rate")
    tower.add_argument("--validate", type=int, default=100, help="steps from one validation to the next")

    adapter = command("adapter", "stage 4: train the side adapter on the frozen tower", 20000, 6, 1e-3)
    adapter.add_argument("--validate", type=int, default=200, help="steps from one validation to the next")
    adapter.add_argument("--small", type=float, default=0.6,
                         help="share of the run, at its start, on windows of the pictures, twice as many a step")
    finetune = command("finetune", "train the side adapter of any SAN checkpoint on a folder of one's own", 20000, 16, 4e-4)
    finetune.add_argument("--init", required=True, help="a model file to start from")
    finetune.add_argument("--size", type=int, default=448, help="pixels of a crop's side, a multiple of 32")
    finetune.add_argument("--output", required=True)
    finetune.add_argument("--dtype", choices=["f16", "bf16", "f32"], default="f16")
    for stage, matches in ((adapter, 3), (finetune, 1)):
        stage.add_argument("--data", required=True)
        stage.add_argument("--supervised", type=int, default=1 if stage is adapter else 2,
                           help="so many of the last blocks are supervised")
        stage.add_argument("--guidance", type=float, default=1.0, help="weight of the mask as target of the bias")
        stage.add_argument("--matches", type=int, default=matches,
                           help="queries that each mask is matched to; more learn faster, the paper has 1")

    evaluate = command("evaluate", "scores of model files on photos kept back, beside the baselines")
    evaluate.add_argument("models", nargs="+")
    evaluate.add_argument("--data", required=True)
    evaluate.add_argument("--split", choices=["heldout", "validation", "train"], default="heldout")
    evaluate.add_argument("--size", type=int, default=0, help="short side instead of the configuration's")
    evaluate.add_argument("--synonyms", action="store_true", help="also compare a class's maps under two names")

    export = command("export", "write the model file and config.json")
    export.add_argument("--output", default="../Weights/Resources/san-mini/model.safetensors")
    export.add_argument("--dtype", choices=["f16", "bf16", "f32"], default="f16")
    export.add_argument("--untrained", action="store_true", help="leave the adapter as initialised, and masks out of the scores (a baseline)")

    curves = command("curves", "draw the logs of a state folder as a PNG")
    curves.add_argument("--output", default="curves.png")

    args = parser.parse_args()
    memory.keep_freed()
    importlib.import_module(f".{STAGES[args.stage]}", __package__).main(args)


if __name__ == "__main__":
    main()
