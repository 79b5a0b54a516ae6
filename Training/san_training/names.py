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
# What follows the noun that a gloss begins with.
AFTER_NOUN = {"with", "without", "that", "who", "whose", "which", "under", "over", "in", "on", "for", "of", "at", "from", "to",
              "used", "having", "made", "driven", "bred", "as", "by", "where"}
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
    found = {caltech(f.name) for f in (data / "caltech101").iterdir() if f.is_dir() and "BACKGROUND" not in f.name}
    for path in (data / "classes_all.txt", *data.glob("*/classes.txt")):
        found.update(classes(path).values())
    return sorted(found.union(cutouts(data)))


def synsets(folder):
    """WordNet's nouns by meaning: (its address, whether such a thing can be seen, its lemmas, its gloss)."""
    for line in lines(folder, "data.noun"):
        fields, gloss = line.split(" | ", 1)
        fields = fields.split()
        lemmas = [word.replace("_", " ").lower() for word in fields[4: 4 + 2 * int(fields[3], 16): 2]]
        yield fields[0], int(fields[1]) in VISIBLE, lemmas, gloss


def senses(folder):
    """WordNet's nouns by lemma: (the lemma, its uses counted in tagged text, addresses of its meanings, commonest first)."""
    for line in lines(folder, "index.noun"):
        fields = line.split()
        rest = fields[4 + int(fields[3]):]  # how many meanings, how many of them are ranked by use, their addresses
        yield fields[0].replace("_", " "), int(rest[1]), rest[2:]


def lines(folder, name):
    """A file of WordNet's without the licence at its head."""
    text = (Path(folder) / name).read_text(encoding="latin-1")
    return [line for line in text.splitlines() if not line.startswith("  ")]


def wordnet(folder):
    """(lemma -> uses counted in tagged text) of visible nouns, other nouns, and glosses of visible nouns."""
    visible, other, glosses = {}, {}, []
    for _, seen, lemmas, gloss in synsets(folder):
        (visible if seen else other).update(dict.fromkeys(lemmas, 0))
        if seen:
            glosses.append(gloss.split(";")[0].strip())
    for lemma, uses, _ in senses(folder):
        for group in (visible, other):
            if lemma in group:
                group[lemma] = uses
                break
    other = {lemma: uses for lemma, uses in other.items() if lemma not in visible}
    return visible, other, sorted(set(glosses))


def kinds(folder, wanted):
    """What WordNet calls a wanted name, as word -> (name, whether it is the same thing): `automobile` is the same as `car`,
    `kitten`, "young domestic cat", is a cat, and so is what is called a kitten. A word's commonest meaning counts."""
    meanings = {address: (lemmas, gloss) for address, seen, lemmas, gloss in synsets(folder) if seen}
    first = {lemma: addresses for lemma, _, addresses in senses(folder)}
    names = {name.replace(" ", ""): name for name in sorted(wanted, reverse=True)}
    adjectives = {line.split()[0] for line in lines(folder, "index.adj")}
    found, called = {}, {}
    for word, addresses in first.items():
        if word.replace(" ", "") in names or addresses[0] not in meanings:
            continue
        lemmas, gloss = meanings[addresses[0]]
        same = [lemma for lemma in lemmas if lemma.replace(" ", "") in names and addresses[0] == first[lemma][0]]
        if same:
            found[word] = (names[same[0].replace(" ", "")], True)
        else:
            called[word] = spoken_of(gloss, adjectives)
    for word, phrases in called.items():
        for _ in range(2):
            known = [phrase for phrase in phrases if phrase in found or phrase.replace(" ", "") in names]
            if known:
                name = names.get(known[0].replace(" ", "")) or found[known[0]][0]
                found[word] = (name, False)
                break
            phrases = [more for phrase in phrases for more in called.get(phrase, [])]
    return found


def spoken_of(gloss, adjectives):
    """The noun that a gloss begins with, of at most two words, the longer first: "a young male horse under the age of four"
    -> `horse`. Nothing where more nouns may follow."""
    words = re.split(r"[;:]", re.sub(r"\([^)]*\)", " ", gloss))[0].lower().split()
    while words and (words[0] in ("a", "an", "the", "very") or words[0] in adjectives and len(words) > 1):
        words = words[1:]
    return [" ".join(words[:count]) for count in (2, 1)
            if len(words) == count or len(words) > count and words[count] in AFTER_NOUN]


def cutouts(data):
    """The names of the cut-outs."""
    return [cutout(entry["name"])
            for entry in json.loads((Path(data) / "cutouts" / "index.json").read_text(encoding="utf-8"))]
