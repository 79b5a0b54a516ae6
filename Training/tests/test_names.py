"""What WordNet says of words, on a few lines in its format."""
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from san_training import names  # noqa: E402

MEANINGS = [
    ("06", ["car", "auto", "machine"], "a motor vehicle with four wheels"),
    ("06", ["machine"], "any device with moving parts"),
    ("05", ["cat", "true_cat"], "feline mammal usually having thick soft fur"),
    ("18", ["guy", "cat"], "an informal term for a youth or man"),
    ("05", ["kitten"], "young domestic cat  "),
    ("05", ["tomkitten"], "(rare) a kitten that is male"),
    ("04", ["ride"], "a car journey"),
    ("06", ["car_door"], "the door of a car"),
    ("06", ["mobile_phone", "cellphone"], "a hand-held telephone; \"she has a cellphone\""),
]
INDEX = {"car": [0], "auto": [0], "machine": [1, 0], "cat": [2, 3], "true cat": [2], "guy": [3], "kitten": [4],
         "tomkitten": [5], "ride": [6], "car door": [7], "mobile phone": [8], "cellphone": [8]}


class WordNetTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        nouns = [f"{number:08} {kind} n {len(lemmas):02x} {' '.join(f'{lemma} 0' for lemma in lemmas)} 001 @ 0 n 0000 | {gloss}"
                 for number, (kind, lemmas, gloss) in enumerate(MEANINGS)]
        index = [f"{lemma.replace(' ', '_')} n {len(where)} 1 @ {len(where)} 1 " + " ".join(f"{n:08}" for n in where)
                 for lemma, where in INDEX.items()]
        for name, lines in (("data.noun", nouns), ("index.noun", index), ("index.adj", ["young a 1", "domestic a 1"])):
            (self.folder / name).write_text("\n".join(["  1 a licence line  ", *lines]) + "\n", encoding="latin-1")

    def test_a_word_is_the_same_as_a_name_or_a_kind_of_it_by_its_commonest_meaning(self):
        self.assertEqual(names.kinds(self.folder, {"car", "cat", "cell phone"}), {
            "auto": ("car", True), "true cat": ("cat", True), "mobile phone": ("cell phone", True),
            "kitten": ("cat", False), "tomkitten": ("cat", False)})

    def test_nouns_that_glosses_begin_with(self):
        adjectives = {"young", "male", "baseball"}
        for gloss, found in (("a young male horse under the age of four", ["horse"]), ("young cat", ["cat"]),
                             ("a dining table with leaves", ["dining table"]), ("door handle", ["door handle"]),
                             ("the horse and its rider", []), ("(sport) a glove; \"his glove\"", ["glove"]),
                             ("young", ["young"]), ("", [])):
            self.assertEqual(names.spoken_of(gloss, adjectives), found, gloss)

    def test_uses_and_what_can_be_seen(self):
        visible, other, glosses = names.wordnet(self.folder)
        self.assertEqual((visible["cat"], other), (1, {"ride": 1}))
        self.assertIn("young domestic cat", glosses)
        self.assertNotIn("a car journey", glosses)


if __name__ == "__main__":
    unittest.main()
