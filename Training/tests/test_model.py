"""The training model and tokenizer against the published implementation's numbers."""
import json
import sys
import unittest
from pathlib import Path

import torch
from safetensors.torch import load_file

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "Tests" / "Fixtures" / "golden"
sys.path[:0] = [str(ROOT / "Training"), str(ROOT / "Scripts" / "reference")]

import procedural  # noqa: E402
from san_training.model import SAN, semantic_scores  # noqa: E402
from san_training.text import TEMPLATES, class_embeddings  # noqa: E402
from san_training.tokenizer import Tokenizer, batch  # noqa: E402

TOY = {
    "name": "toy",
    "clip": {
        "image": {"width": 64, "layers": 4, "heads": 4, "patch_size": 16, "grid": [4, 4]},
        "text": {"width": 32, "layers": 2, "heads": 4, "context_length": 77, "vocabulary_size": 49408},
        "embedding": 32, "resolution_scale": 0.5, "extractor_layers": 3,
    },
    "side_adapter": {"width": 48, "layers": 4, "heads": 4, "patch_size": 16, "grid": [8, 8],
                     "fusion": [[0, 0], [1, 1], [2, 2], [3, 3]], "queries": 10},
    "mask_decoder": {"channels": 16, "mlp_layers": 3, "bias_heads": 4},
    "input": {"short_side": 128},
}
CLASSES = ["cat", "sky", "a red car", "grass", "oak", "river"]


def toy_model():
    model = SAN(TOY)
    shapes = json.loads((GOLDEN / "toy.shapes.json").read_text())
    weights = {name: torch.from_numpy(procedural.tensor(name, tuple(shape))) for name, shape in shapes.items()}
    model.load_state_dict(weights, strict=True)
    return model.eval()


class ModelTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.golden = load_file(GOLDEN / "toy.golden.safetensors")
        cls.model = toy_model()
        cls.tokenizer = Tokenizer(49408)

    def near(self, found, name, tolerance):
        """1e-4 is of the largest magnitude, other tolerances are absolute."""
        expected = self.golden[name].reshape(found.shape)
        worst = (found - expected).abs().max().item()
        limit = tolerance * (expected.abs().max().item() if tolerance == 1e-4 else 1)
        self.assertLessEqual(worst, limit, name)

    @torch.no_grad()
    def test_every_stage(self):
        image = torch.from_numpy(procedural.image("input/toy", 128, 160))
        # a batch of two must not mix its images
        pair = torch.cat([image, image.flip(-1)])
        extracted = self.model.extract(pair)
        _, features, size = extracted
        for index, tokens in enumerate(features):
            self.near(tokens[:1, 1:].transpose(1, 2).unflatten(2, size), f"clip.feature.{index}", 1e-4)
            self.near(tokens[:1, :1], f"clip.feature.{index}_cls_token", 1e-4)
        masks, embeddings, pooled, _ = self.model.propose(extracted)[-1]
        self.near(masks[:1], "mask_logits", 1e-4)
        self.near(pooled[:1].reshape(self.golden["attn_bias.pooled"].shape), "attn_bias.pooled", 1e-4)
        self.near(embeddings[:1], "mask_embed", 2e-5)
        classifier = self.model.classifier(class_embeddings(self.model.ov_classifier, self.tokenizer, CLASSES))
        self.near(classifier, "text_classifier", 2e-5)
        logits = self.model.class_logits(embeddings[0], classifier)
        self.near(logits, "class_logits", 5e-3)
        self.near(semantic_scores(masks[0], logits, None, (128, 160), (128, 160)), "sem_seg", 1e-3)

    @torch.no_grad()
    def test_text(self):
        prompts = (GOLDEN / "toy.text.prompts.txt").read_text().splitlines()
        expected = next(iter(load_file(GOLDEN / "toy.text.golden.safetensors").values()))
        found = self.model.ov_classifier(batch([self.tokenizer.encode(p) for p in prompts], self.tokenizer.end))
        self.assertLessEqual((found - expected).abs().max().item(), 2e-5)

    def test_vocabulary_of_the_small_model(self):
        small = Tokenizer(16898)
        self.assertEqual((small.start, small.end), (16896, 16897))
        # a word whose merges are all among the first keeps its ids
        self.assertEqual(small.encode("a photo of a cat.")[1:-1], self.tokenizer.encode("a photo of a cat.")[1:-1])

    def test_templates(self):
        self.assertEqual(len(TEMPLATES), 14)


if __name__ == "__main__":
    unittest.main()
