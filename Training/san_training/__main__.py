"""python -m san_training STAGE …; each stage's options: python -m san_training STAGE --help."""
import argparse
import importlib

from . import memory

STAGES = {
    "text": "text_stage",
    "crops": "crops",
    "image": "image_stage",
    "adapter": "adapter_stage",
    "finetune": "adapter_stage",
    "evaluate": "evaluate",
    "export": "export",
    "curves": "curves",
    "pack": "pack",
    "unpack": "unpack",
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

    crops = command("crops", "stage 2a: crops with the teacher's outputs")
    crops.add_argument("--data", required=True)
    crops.add_argument("--multiply", type=float, default=10, help="times 20 crops a COCO photo, 2 of ccp, 1 of Caltech")
    crops.add_argument("--split", choices=["train", "validation"], default="train",
                       help="validation: a set that `image` scores itself on")
    crops.add_argument("--grid", type=int, default=7,
                       help="places a side the teacher is asked at; it sees 32 pixels each")

    image = command("image", "stage 2b: train the image tower", 60000, 128, 2e-3)
    image.add_argument("--data", required=True)
    image.add_argument("--size", type=int, default=112, help="pixels of a crop's side, a multiple of 16")
    image.add_argument("--grow", type=int, default=0,
                       help="grow crops to this size over the run; fewer a step, so that a step costs the same")
    image.add_argument("--sparse", action="store_true", help="train every other block, the rest pass through")
    image.add_argument("--scenes", type=float, default=0.25,
                       help="share of steps on whole scenes at the size of the tower's grid")
    image.add_argument("--hinted", type=float, default=0.6,
                       help="share of steps on whole crops with the teacher's inner features as targets")
    image.add_argument("--seeing", type=float, default=0.4,
                       help="share of the run, at its start, that learns nothing but these features: no names yet")
    image.add_argument("--mosaics", type=float, default=0.7,
                       help="share of the steps whose pictures are several crops side by side")
    image.add_argument("--decay", type=float, default=0.05, help="weight decay, of the rate")
    image.add_argument("--keep", type=float, default=1.0, help="probability of a residual branch (stochastic depth)")

    for name, help in (("adapter", "stage 3: train the side adapter"),
                       ("finetune", "train the side adapter of any SAN checkpoint on a folder of one's own")):
        adapter = command(name, help, 20000, 16, 4e-4)
        adapter.add_argument("--data", required=True)
        adapter.add_argument("--init", required=name == "finetune", help="a model file to start from")
        adapter.add_argument("--size", type=int, default=448, help="pixels of a crop's side, a multiple of 32")
        adapter.add_argument("--supervised", type=int, default=2, help="so many of the last blocks are supervised")
        adapter.add_argument("--guidance", type=float, default=1.0, help="weight of the mask as target of the bias")
        adapter.add_argument("--matches", type=int, default=1,
                             help="queries that each mask is matched to; more learn faster, the paper has 1")
        if name == "finetune":
            adapter.add_argument("--output", required=True)
            adapter.add_argument("--dtype", choices=["f16", "bf16", "f32"], default="f16")

    evaluate = command("evaluate", "scores of model files on photos kept back, beside the baselines")
    evaluate.add_argument("models", nargs="+")
    evaluate.add_argument("--data", required=True)
    evaluate.add_argument("--split", choices=["heldout", "validation", "train"], default="heldout")
    evaluate.add_argument("--size", type=int, default=0, help="short side instead of the configuration's")
    evaluate.add_argument("--synonyms", action="store_true", help="also compare a class's maps under two names")

    export = command("export", "write the model file and config.json")
    export.add_argument("--output", default="../Weights/Resources/san-mini/model.safetensors")
    export.add_argument("--dtype", choices=["f16", "bf16", "f32"], default="f16")
    export.add_argument("--untrained", action="store_true", help="leave the adapter as initialised (a baseline)")

    curves = command("curves", "draw the logs of a state folder as a PNG")
    curves.add_argument("--output", default="curves.png")

    pack = command("pack", "re-encode the data folder small, into zip shards to carry to another machine")
    pack.add_argument("--data", required=True)
    pack.add_argument("--output", required=True, help="folder for data-00.zip …; unzip them all into one folder")
    pack.add_argument("--limit", type=float, default=58, help="megabytes a shard")
    pack.add_argument("--quality", type=int, default=85, help="of the JPEGs")

    unpack = command("unpack", "take a model file apart into the states of the stages, to train it further")
    unpack.add_argument("model")

    args = parser.parse_args()
    memory.keep_freed()
    importlib.import_module(f".{STAGES[args.stage]}", __package__).main(args)


if __name__ == "__main__":
    main()
