"""Reads everything that `san-cli segment` writes with the programs that its users have, and compares it.

    python check.py PATH/TO/san-cli FOLDER_OF_PHOTOS

The label map is what all else is held against: masks, run lengths, polygons, cut-outs, scores, reports.
"""

import contextlib
import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from checks import check, finish  # noqa: E402

NAMES = ["cat", "wall", 'a "quoted", name', "back\\slash", "Ärger – 森 🐈", "sky", "tab\tbell\x07", "unicorn"]
CUT = ["wall", 'a "quoted", name']

program = str(Path(sys.argv[1]).resolve())


def escaped(names):
    special = {character: "\\" + character for character in "\\,|="}
    return ",".join("".join(special.get(c, c) for c in name) for name in names)


def run(folder, *arguments, stdin=None):
    result = subprocess.run([program, "segment", *arguments], cwd=folder, input=stdin, capture_output=True)
    if result.returncode != 0:
        sys.exit(f"san-cli segment {arguments}: {result.stderr.decode()}")
    return result.stdout


def read_labels(path, count):
    """The label map, other as -1."""
    image = Image.open(path)
    check(image.mode == ("P" if count <= 255 else "I;16"), path, image.mode)
    labels = np.asarray(image).astype(np.int64)
    labels[labels == (255 if count <= 255 else 65535)] = -1
    check(labels.max() < count, path, "has a label beyond its classes")
    return image, labels


def open_coco(path):
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(path)


def check_coco(path, maps, names):
    data = open_coco(path)
    check([c["name"] for c in data.dataset["categories"]] == names, path, "categories")
    # Readers stricter than pycocotools ask for these.
    check(data.dataset["licenses"] == [], path, "licenses")
    check(all(isinstance(c["supercategory"], str) for c in data.dataset["categories"]), path, "supercategories")
    check(data.getCatIds(supNms=[""]) == list(range(1, len(names) + 1)), path, "categories by supercategory")
    check([c["id"] for c in data.dataset["categories"]] == list(range(1, len(names) + 1)), path, "category ids")
    images = {image["file_name"]: image for image in data.dataset["images"]}
    check(sorted(images) == sorted(maps), path, "images", sorted(images))
    for name, labels in maps.items():
        image = images[name]
        check((image["height"], image["width"]) == labels.shape, path, name, "size")
        annotations = {a["category_id"] - 1: a for a in data.imgToAnns[image["id"]]}
        check(len(annotations) == len(data.imgToAnns[image["id"]]), path, name, "one annotation a class")
        check(set(annotations) == set(np.unique(labels)) - {-1}, path, name, "classes")
        for label, annotation in annotations.items():
            mask = labels == label
            check((data.annToMask(annotation) == mask).all(), path, name, names[label], "pixels")
            code = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
            check(annotation["area"] == coco_mask.area(code), path, name, names[label], "area")
            check(annotation["bbox"] == coco_mask.toBbox(code).tolist(), path, name, names[label], "box")
            check(annotation["iscrowd"] == 0, path, name, names[label], "iscrowd")
            segmentation = annotation["segmentation"]
            if isinstance(segmentation, dict):
                check(segmentation["counts"].encode() == code["counts"], path, name, names[label], "run lengths")
    return data


def check_photo(folder, name, photo, names, has_other):
    """One photo's files; returns its label map."""
    image, labels = read_labels(folder / f"labels/{name}.png", len(names))
    check(labels.shape == photo.shape[:2], name, "size of the label map")
    report = json.loads((folder / f"json/{name}.json").read_text())
    check([c["name"] for c in report["classes"]] == names, name, "names in the report")
    entries = report["classes"] + ([report["other"]] if has_other else [])
    check((report["other"] is not None) == has_other, name, "other in the report")

    palette = np.array(image.getpalette()).reshape(-1, 3)
    for entry in entries:
        color = bytes.fromhex(entry["color"][1:])
        check(bytes(palette[entry["label"]].tolist()) == color, name, entry["name"], "colour")

    masks = sorted((folder / f"masks/{name}").glob("*.png"))
    check(len(masks) == len(entries), name, "number of masks")
    for label, path in enumerate(masks):
        mask = Image.open(path)
        label = -1 if path.name == "other.png" else label
        check(mask.mode == "L" and (np.asarray(mask) == 255 * (labels == label)).all(), path)

    cutout = Image.open(folder / f"out/{name}.cutout.png")
    check(cutout.mode == "RGBA", name, "cut-out", cutout.mode)
    cutout = np.asarray(cutout)
    kept = np.isin(labels, [names.index(cut) for cut in CUT])
    check((cutout[..., 3] == 255 * kept).all(), name, "alpha of the cut-out")
    check((cutout[..., :3] == photo * kept[..., None]).all(), name, "colours of the cut-out")

    with np.load(folder / f"scores/{name}.npz", allow_pickle=False) as arrays:
        check(sorted(arrays) == ["classes", "scores"], name, "arrays")
        check(arrays["classes"].tolist() == names, name, "names in the archive")
        scores = arrays["scores"]
    check(scores.dtype == np.float32 and scores.shape == (len(names), *labels.shape), name, "shape of the scores")
    check((scores == np.load(folder / f"scores/{name}.npy")).all(), name, ".npy and .npz")
    known = labels >= 0
    check((scores.argmax(0)[known] == labels[known]).all(), name, "the label map is the scores' argmax")
    for label, entry in enumerate(report["classes"]):
        own = labels == label
        check(entry["pixels"] == own.sum(), name, entry["name"], "pixels")
        check(abs(entry["coverage"] - own.mean()) < 1e-12, name, entry["name"], "coverage")
        if own.any():
            mean = scores[label][own].astype(float).mean()
            check(abs(entry["score"] - mean) < 1e-6, name, entry["name"], "score", entry["score"], mean)

    overlay = Image.open(folder / f"out/{name}.segmented.png")
    check(overlay.mode == "RGB", name, "overlay", overlay.mode)
    overlay = np.asarray(overlay)
    height, width = labels.shape
    check(overlay.shape[0] > height and overlay.shape[1] > 2 * width, name, "size of the overlay")
    check((overlay[:height, :width] == photo).all(), name, "the photo beside its overlay")
    return labels


def read_photo(path):
    return np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))


def check_folder(folder, photos, background):
    """All outputs of a folder of photos."""
    has_other = background != "none"
    common = [str(photos), "--classes", escaped(NAMES), "--background", background]
    run(folder, *common, "--output", "out", "--side-by-side", "--cutout", escaped(CUT), "--labels", "labels",
        "--mask-dir", "masks", "--json", "json", "--scores", "scores", "--scores-format", "npz",
        "--coco", "rle.json")
    run(folder, *common, "--no-overlay", "--scores", "scores", "--coco", "polygons.json", "--coco-masks", "polygons")
    maps = {}
    for path in sorted(photos.iterdir()):
        if path.suffix in (".png", ".jpg"):
            maps[path.name] = check_photo(folder, path.stem, read_photo(path), NAMES, has_other)
    data = check_coco(folder / "rle.json", maps, NAMES)
    check_coco(folder / "polygons.json", maps, NAMES)
    check(len(data.anns) > 0, folder.name, "no class was found")
    # Results can be held against other annotations of the same images.
    with contextlib.redirect_stdout(io.StringIO()):
        loaded = open_coco(folder / "polygons.json").loadRes(
            [{key: a[key] for key in ("image_id", "category_id", "segmentation", "score")} for a in data.anns.values()])
    check(len(loaded.anns) == len(data.anns), "results")


def check_many_classes(folder, photo):
    """More classes than a palette holds."""
    names = [f"thing {index}" for index in range(300)]
    run(folder, str(photo), "--classes", escaped(names), "--background", "none", "--templates", "plain", "--output",
        "many.png", "--labels", "many.labels.png", "--coco", "many.json", "--scores", "many.npz")
    _, labels = read_labels(folder / "many.labels.png", 300)
    check_coco(folder / "many.json", {photo.name: labels}, names)
    with np.load(folder / "many.npz", allow_pickle=False) as arrays:
        check((arrays["scores"].argmax(0) == labels).all(), "300 classes: the label map is the scores' argmax")


def check_pipe(folder, photo):
    """A cut-out through standard input and output."""
    common = ["--classes", "cat,wall", "--background", "none", "--cutout", "cat", "--cutout-output", "-"]
    piped = run(folder, "-", *common, "--quiet", stdin=photo.read_bytes())
    image = Image.open(io.BytesIO(piped))
    check(image.mode == "RGBA" and image.size == Image.open(photo).size, "cut-out through a pipe")


def main():
    photos = Path(sys.argv[2]).resolve()
    with tempfile.TemporaryDirectory() as temporary:
        temporary = Path(temporary)
        odd = temporary / "odd"
        odd.mkdir()
        random = np.random.default_rng(1)
        for width, height in [(1, 1), (1, 90), (700, 2), (33, 47)]:
            pixels = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(odd / f"{width}x{height}.png")
        for name, folder, background in [
            ("photos", photos, "none"), ("others", photos, "grass,table,floor"), ("odd_out", odd, "none")
        ]:
            (temporary / name).mkdir()
            check_folder(temporary / name, folder, background)
        check_many_classes(temporary, photos / "rocket.jpg")
        check_pipe(temporary, photos / "chelsea.png")
    finish("outputs")


main()
