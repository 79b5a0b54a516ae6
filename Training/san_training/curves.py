"""The logs of the stages as one small picture."""
import json
from pathlib import Path

SHOWN = {"text": ("loss", "cosine"), "image": ("loss", "soft", "hard", "region", "hint20"),
         "adapter": ("loss", "class", "mask", "dice")}


def main(args):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    found = {stage: Path(args.state) / f"{stage}.jsonl" for stage in SHOWN}
    found = {stage: path for stage, path in found.items() if path.exists()}
    figure, axes = pyplot.subplots(1, len(found), figsize=(4 * len(found), 3), squeeze=False)
    for axis, (stage, path) in zip(axes[0], found.items()):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        before = last = 0
        for row in rows:  # a new schedule counts its steps from 0: here they go on; a resumed one steps back a little
            before += last if row["step"] < last / 2 else 0
            last, row["step"] = row["step"], row["step"] + before
        for key in SHOWN[stage]:
            points = [(row["step"], row[key]) for row in rows if key in row]
            axis.plot(*zip(*points), label=key, linewidth=1)
        axis.set_title(stage, fontsize=9)
        axis.set_xlabel("step", fontsize=8)
        axis.tick_params(labelsize=7)
        axis.set_ylim(bottom=0)
        axis.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(args.output, dpi=90)
