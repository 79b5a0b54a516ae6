"""Opens what `san-cli segment --coco`, `--yolo` and `--labelme` write with the programs that they are for: supervision,
datumaro, ultralytics and labelme, by their own readers.

    python check.py PATH/TO/san-cli FOLDER_OF_PHOTOS

The label map is what all is held against.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import datumaro
import numpy as np
import supervision
from labelme._label_file import LabelFile
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from checks import check, finish  # noqa: E402

NAMES = ["cat", "wall", 'a "quoted" name', "Ärger – 森 🐈", "sky"]

program = str(Path(sys.argv[1]).resolve())


def grown(mask):
    """The mask and all pixels beside it: OpenCV draws a polygon's outline, too."""
    padded = np.pad(mask, 1)
    height, width = mask.shape
    return np.any([padded[y:y + height, x:x + width] for y in range(3) for x in range(3)], axis=0)


def by_class(detections, shape):
    masks = {}
    for mask, label in zip(detections.mask, detections.class_id):
        masks[int(label)] = masks.get(int(label), np.zeros(shape, bool)) | mask
    return masks


def area(points):
    x, y = np.asarray(points, dtype=float).T
    return abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def check_supervision(data, photos, maps, what, is_exact):
    # The classes' order is the reader's own.
    names = [name for name in data.classes]
    check(sorted(names) == sorted(NAMES), what, "classes", names)
    found = {Path(path).name: detections for path, _, detections in data}
    check(sorted(found) == sorted(maps), what, "photos", sorted(found))
    for name, labels in maps.items():
        masks = by_class(found[name], labels.shape)
        check({names[label] for label in masks} == {NAMES[label] for label in np.unique(labels) if label >= 0},
              what, name, "classes")
        for label, mask in masks.items():
            own = labels == NAMES.index(names[label])
            if is_exact:
                check((mask == own).all(), what, name, names[label], "pixels")
            else:
                check((mask | ~own).all() and (grown(own) | ~mask).all(), what, name, names[label], "pixels")


def check_datumaro(folder, maps):
    """COCO's masks, which are exact."""
    (folder / "coco/annotations").mkdir(parents=True)
    (folder / "coco/images").symlink_to(folder / "set")
    shutil.copy(folder / "rle.json", folder / "coco/annotations/instances_all.json")
    data = datumaro.Dataset.import_from(str(folder / "coco"), "coco_instances")
    names = [label.name for label in data.categories()[datumaro.AnnotationType.label].items]
    check(names == NAMES, "datumaro", "classes", names)
    found = {item.id: item for item in data}
    check(sorted(found) == sorted(Path(name).stem for name in maps), "datumaro", "photos", sorted(found))
    for name, labels in maps.items():
        masks = [a for a in found[Path(name).stem].annotations if a.type == datumaro.AnnotationType.mask]
        check({mask.label for mask in masks} == set(np.unique(labels)) - {-1}, "datumaro", name, "classes")
        for mask in masks:
            check((mask.image.astype(bool) == (labels == mask.label)).all(), "datumaro", name, NAMES[mask.label])


def check_ultralytics(folder, maps):
    """YOLO's polygons: none of a class's pixels is missing, and none but those beside them is there."""
    # It asks for a folder of its own as it is imported.
    os.environ["YOLO_CONFIG_DIR"] = str(folder)
    from ultralytics.data.dataset import YOLODataset
    from ultralytics.utils import YAML

    names = YAML.load(folder / "yolo/data.yaml")["names"]
    names = names if isinstance(names, dict) else dict(enumerate(names))
    check(list(names.values()) == NAMES, "ultralytics", "classes", names)
    data = YOLODataset(
        img_path=str(folder / "yolo/images"), data={"names": names, "channels": 3}, task="segment", augment=False)
    found = {Path(label["im_file"]).name: label for label in data.labels}
    check(sorted(found) == sorted(maps), "ultralytics", "photos", sorted(found))
    for name, labels in maps.items():
        height, width = labels.shape
        masks = {}
        for number, segment in zip(found[name]["cls"].flatten().astype(int), found[name]["segments"]):
            corners = np.rint(segment * [width, height]).astype(np.int32)
            mask = masks.setdefault(number, np.zeros(labels.shape, np.uint8))
            mask |= cv2.fillPoly(np.zeros(labels.shape, np.uint8), [corners], 1)
        check(set(masks) == set(np.unique(labels)) - {-1}, "ultralytics", name, "classes", set(masks))
        for label, mask in masks.items():
            own = labels == label
            check((mask.astype(bool) | ~own).all() and (grown(own) | (mask == 0)).all(), "ultralytics", name,
                  NAMES[label], "pixels")


def main():
    photos = Path(sys.argv[2]).resolve()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "set").mkdir()
        for path in sorted(photos.iterdir()):
            if path.suffix in (".png", ".jpg"):
                shutil.copy(path, folder / "set")
        command = [program, "segment", "set", "--classes", ",".join(NAMES), "--background", "none", "--no-overlay",
                   "--labels", "maps", "--coco", "rle.json", "--yolo", "yolo", "--labelme", "set"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        (folder / "yolo/images").symlink_to(folder / "set")
        maps = {}
        for path in sorted((folder / "set").iterdir()):
            if path.suffix in (".png", ".jpg"):
                labels = np.asarray(Image.open(folder / f"maps/{path.stem}.png")).astype(int)
                maps[path.name] = np.where(labels == 255, -1, labels)

        data = supervision.DetectionDataset.from_coco(str(folder / "set"), str(folder / "rle.json"), force_masks=True)
        check_supervision(data, folder / "set", maps, "COCO", is_exact=True)
        data = supervision.DetectionDataset.from_yolo(
            str(folder / "yolo/images"), str(folder / "yolo/labels"), str(folder / "yolo/data.yaml"), force_masks=True)
        check(list(data.classes) == NAMES, "YOLO", "order of the classes", data.classes)
        check_supervision(data, folder / "set", maps, "YOLO", is_exact=False)

        check_datumaro(folder, maps)
        check_ultralytics(folder, maps)

        for name, labels in maps.items():
            file = LabelFile(str(folder / f"set/{Path(name).stem}.json"))
            check(file.image_data is not None and Path(file.image_path).name == name, "labelme", name, "photo")
            areas = {}
            for shape in file.shapes:
                check(shape["shape_type"] == "polygon", "labelme", name, "polygons")
                areas[shape["label"]] = areas.get(shape["label"], 0) + area(shape["points"])
            expected = {NAMES[label]: (labels == label).sum() for label in np.unique(labels) if label >= 0}
            check(areas == expected, "labelme", name, "areas", areas, expected)
    finish("hand-over")


main()
