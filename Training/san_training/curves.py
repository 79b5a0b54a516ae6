"""The logs of the stages as one small picture: losses above, scores on the validation photos below."""
import json
from pathlib import Path

SHOWN = {"text": (("loss", "cosine"), ()),
         "tower": (("place", "region"), ("coco_pixels", "coco_miou", "whole_pixels", "whole_miou")),
         "adapter": (("class", "mask", "dice"), ("coco_pixels", "coco_miou", "whole_miou", "overlap"))}


def rows(path):
    """A log's lines; a new schedule counts its steps from 0: here they go on (a resumed one steps back a little)."""
    found = [json.loads(line) for line in path.read_text().splitlines()]
    before = last = 0
    for row in found:
        before += last if row["step"] < last / 2 else 0
        last, row["step"] = row["step"], row["step"] + before
    return found


def main(args):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    logs = {stage: Path(args.state) / f"{stage}.jsonl" for stage in SHOWN}
    logs = {stage: rows(path) for stage, path in logs.items() if path.exists()}
    figure, axes = pyplot.subplots(2, len(logs), figsize=(4 * len(logs), 5), squeeze=False)
    for column, (stage, found) in enumerate(logs.items()):
        for axis, keys in zip(axes[:, column], SHOWN[stage]):
            for key in keys:
                points = [(row["step"], row[key]) for row in found if key in row]
                if points:
                    axis.plot(*zip(*points), label=key, linewidth=1)
            axis.set_title(stage, fontsize=9)
            axis.set_xlabel("step", fontsize=8)
            axis.tick_params(labelsize=7)
            axis.set_ylim(bottom=0)
            axis.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(args.output, dpi=90)
