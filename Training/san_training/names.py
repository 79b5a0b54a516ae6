"""Names: the classes of the data sets, ImageNet's, and WordNet's nouns with their glosses."""
import importlib.util
import json
import re
from pathlib import Path

# WordNet's lexicographer files of things that can be seen: animal, artifact, body, food, object, person,
# phenomenon, plant, shape, substance.
VISIBLE = {5, 6, 8, 13, 17, 18, 19, 20, 25, 27}
COLOURS = ("red", "blue", "green", "yellow", "black", "white", "brown", "grey", "pink", "orange", "purple",
           "wooden", "metal", "plastic", "old", "small", "big", "striped", "furry", "wet")
CALTECH = {"Faces": "face", "Faces_easy": "face", "airplanes": "airplane", "Motorbikes": "motorcycle",
           "car_side": "car", "Leopards": "leopard", "cougar_body": "cougar", "cougar_face": "cougar",
           "crocodile_head": "crocodile", "flamingo_head": "flamingo", "yin_yang": "yin yang"}


def imagenet():
    """The 1,000 class names in ImageNet's order, as open_clip_torch carries them."""
    folder = Path(importlib.util.find_spec("open_clip").submodule_search_locations[0])
    spec = importlib.util.spec_from_file_location("zero_shot_metadata", folder / "zero_shot_metadata.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return list(module.IMAGENET_CLASSNAMES)


def classes(path):
    """`id<TAB>name` lines -> {id: name}; id 0 is no class."""
    pairs = (line.split("\t") for line in Path(path).read_text(encoding="utf-8").splitlines() if line.strip())
    return {int(key): name.strip() for key, name in pairs if int(key) != 0}


def caltech(folder):
    return CALTECH.get(folder, folder.replace("_", " ").lower())


def cutout(name):
    """`parrot (adelaide rosella)` -> `adelaide rosella`."""
    inside = re.search(r"\(([^)]*)\)", name)
    return (inside.group(1) if inside else name).strip().lower()


def data_names(data):
    """Every class name of the data sets under `data`, sorted."""
    data = Path(data)
    found = set()
    for part in ("coco_train2017_mini", "ccp"):
        found.update(classes(data / part / "classes.txt").values())
    found.update(caltech(f.name) for f in (data / "caltech101").iterdir() if f.is_dir() and "BACKGROUND" not in f.name)
    found.update(cutout(entry["name"]) for entry in json.loads((data / "cutouts" / "index.json").read_text()))
    return sorted(found)


def synsets(folder):
    """WordNet's nouns by meaning: (whether such a thing can be seen, its lemmas, its gloss)."""
    for line in (Path(folder) / "data.noun").read_text(encoding="latin-1").splitlines():
        if line.startswith("  "):
            continue
        fields, gloss = line.split(" | ", 1)
        fields = fields.split()
        lemmas = [word.replace("_", " ").lower() for word in fields[4: 4 + 2 * int(fields[3], 16): 2]]
        yield int(fields[1]) in VISIBLE, lemmas, gloss


def wordnet(folder):
    """(lemma -> uses counted in tagged text) of visible nouns, other nouns, and glosses of visible nouns."""
    visible, other, glosses = {}, {}, []
    for seen, lemmas, gloss in synsets(folder):
        (visible if seen else other).update(dict.fromkeys(lemmas, 0))
        if seen:
            glosses.append(gloss.split(";")[0].strip())
    for line in (Path(folder) / "index.noun").read_text(encoding="latin-1").splitlines():
        if line.startswith("  "):
            continue
        fields = line.split()
        pointers = int(fields[3])
        lemma, uses = fields[0].replace("_", " "), int(fields[5 + pointers])
        if lemma in visible:
            visible[lemma] = uses
        elif lemma in other:
            other[lemma] = uses
    other = {lemma: uses for lemma, uses in other.items() if lemma not in visible}
    return visible, other, sorted(set(glosses))


def synonyms(folder, wanted):
    """Other lemmas of the visible things that the wanted names name: `automobile` for `car`, `sofa` for `couch`."""
    found = set()
    for seen, lemmas, _ in synsets(folder):
        if seen and not wanted.isdisjoint(lemmas):
            found.update(lemmas)
    return found - wanted
