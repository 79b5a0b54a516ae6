"""The hybrid against the reference's numbers, its folding, and what its stages learn from."""
import json
import random
import sys
import unittest
from pathlib import Path

import torch
from safetensors.torch import load_file

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "Tests" / "Fixtures" / "hybrid"
sys.path.insert(0, str(ROOT / "Training"))

from san_training import tower_stage  # noqa: E402
from san_training.adapter_stage import doubt  # noqa: E402
from san_training.cache import Standard, mixed  # noqa: E402
from san_training.config import SAN_MINI  # noqa: E402
from san_training.model import SAN, initialise, semantic_scores  # noqa: E402
from san_training.states import split  # noqa: E402
from san_training.stem import Stem, load_lite2  # noqa: E402


def toy():
    model = SAN(json.loads((FIXTURES / "config.json").read_text()))
    model.load_state_dict(load_file(FIXTURES / "toy.safetensors"))
    return model.eval()


class ReferenceTests(unittest.TestCase):
    @torch.no_grad()
    def test_every_stage(self):
        model = toy()
        for name, size in (("hybrid_64x96", (64, 96)), ("hybrid_96x160", (90, 131))):
            expected = load_file(FIXTURES / f"{name}.safetensors")

            def near(found, stage):
                wanted = expected[stage]
                worst = (found.reshape(wanted.shape) - wanted).abs().max()
                self.assertLessEqual(worst.item(), 1e-4 * wanted.abs().max().item(), (name, stage))

            image = expected["input"]
            for found, stage in zip(model.clip_visual_extractor.stem.maps(image)[:2], ("8", "16")):
                near(found, f"stem.{stage}")
            extracted = model.extract(image)
            near(extracted[1][1][:, 1:].transpose(1, 2), "clip.feature.1")
            masks, embeddings, bias, places = model.propose(extracted)[-1]
            for found, stage in ((masks, "mask_logits"), (embeddings, "mask_embed"), (bias, "attn_bias.pooled"),
                                 (places, "place_embed")):
                near(found, stage)
            logits = [model.class_logits(x[0], expected["text_classifier"]) for x in (embeddings, places)]
            padded = tuple(image.shape[2:])
            scores = semantic_scores(masks[0], *logits, size, padded, model.config["dense"])
            self.assertEqual(scores.shape[1:], size)
            wanted = expected["sem_seg"][:, : size[0], : size[1]]
            self.assertLessEqual((scores - wanted).abs().max().item(), 1e-3)

    @torch.no_grad()
    def test_lite2_is_its_package_s(self):
        """Batch norm folded and weights rounded to float16: the package's own maps nearly, and those of the shipped stem as
        they were when it was made. What was folded in float32 then may be the float16 beside what float64 gives now."""
        expected = load_file(FIXTURES / "lite2_chelsea_96x128.safetensors")
        stem = Stem(SAN_MINI["clip"]["image"]["stem"], 8)
        load_lite2(stem)
        image = (expected["pixels"].permute(2, 0, 1)[None].float() - 127) / 128

        def check(kind, tolerance):
            x8, x16, x32 = stem.maps(image)
            for found, name in ((x8, "8"), (x16, "16"), (x32[:, :352], "32"), (x32[:, 352:], "head")):
                wanted = expected[f"{kind}.{name}"]
                self.assertLessEqual((found[0] - wanted).abs().max().item(), tolerance * wanted.abs().max().item())
        check("package", 2e-2)
        shipped = load_file(ROOT / "Weights" / "Resources" / "san-mini" / "model.safetensors")
        for name, value in stem.named_parameters():
            if not name.startswith("tokens."):
                wanted = shipped[f"clip_visual_extractor.stem.{name}"].float()
                self.assertTrue(((value - wanted).abs() <= 2 ** -10 * wanted.abs() + 2 ** -24).all(), name)
                value.copy_(wanted)
        check("rounded", 2e-5)


class FoldTests(unittest.TestCase):
    @torch.no_grad()
    def test_a_folded_model_reads_raw_maps(self):
        """Weights that are one thing on standardised maps are another on raw ones, and the outputs the same."""
        model = toy()
        image = load_file(FIXTURES / "hybrid_64x96.safetensors")["input"]
        maps = model.clip_visual_extractor.stem.maps(image)
        standard = Standard.measured(maps)
        before = model.propose(model.extract_maps(*standard(maps)))[-1]
        standard.fold(model)
        for found, wanted in zip(model.propose(model.extract_maps(*maps))[-1], before):
            self.assertLessEqual((found - wanted).abs().max().item(), 1e-3 * wanted.abs().max().item())

    @torch.no_grad()
    def test_unfolding_is_the_inverse_of_folding(self):
        """A folded model taken apart into states again has the weights that it was folded from."""
        model = toy()
        maps = model.clip_visual_extractor.stem.maps(load_file(FIXTURES / "hybrid_64x96.safetensors")["input"])
        standard = Standard.measured(maps)
        wanted = {name: value.clone() for name, value in model.state_dict().items()}
        standard.fold(model)
        self.assertFalse(torch.equal(model.side_adapter_network.mask_decoder.fine.weight,
                                     wanted["side_adapter_network.mask_decoder.fine.weight"]))
        standard.unfold(model)
        found = split(model)
        text = {f"ov_classifier.{name}": value for name, value in found.pop("text").items()}
        together = text | found["tower"] | found["adapter"]
        self.assertEqual({name for name in wanted if name not in together},
                         {name for name in wanted if ".stem." in name and ".stem.tokens." not in name})
        for name, value in together.items():
            self.assertLessEqual((value - wanted[name]).abs().max().item(), 1e-4 * wanted[name].abs().max().item(), name)


class PlaceTests(unittest.TestCase):
    def test_a_place_has_its_most_frequent_name_and_the_share_of_it(self):
        columns = torch.full((1, 8, 8), -1)
        columns[0, :4, :4], columns[0, :4, 4:6], columns[0, 4:, :4] = 7, 2, 3
        columns[0, 5, 0] = 9
        places, share = tower_stage.cover(columns)
        self.assertEqual(places[0, :3].tolist(), [7, 2, 3])
        self.assertEqual(share.tolist(), [[1, 8 / 16, 15 / 16, 0]])

    def test_regions_are_masks_of_what_is_there(self):
        places, share = torch.tensor([[4, 4, 1, -1]]), torch.tensor([[1.0, 0.9, 0.1, 0.0]])
        wanted, masks = tower_stage.regions_of(places, share)
        self.assertEqual(wanted[0].tolist(), [4] + [-1] * (tower_stage.REGIONS - 1))
        self.assertEqual(masks[0, 0].tolist(), [True, True, False, False])

    def test_a_name_that_is_not_offered_is_no_object_unless_kin_is(self):
        """Three names, the first two kin; unit rows of a joint space of four, the last of them "no object"."""
        model = toy()
        model.ov_classifier.bg_embed.data = torch.eye(4)[3:]
        model.ov_classifier.logit_scale.data.zero_()
        text, called = torch.eye(4)[:3], tower_stage.Names.__new__(tower_stage.Names)
        called.against = torch.tensor([[1, 0.2, 1], [0.2, 1, 1], [1, 1, 1]]).log()

        def loss(target, offered):
            return tower_stage.named_loss(model, called, torch.eye(4)[[target]], torch.tensor([target]), torch.ones(1), text,
                                          torch.tensor(offered)).item()
        e = torch.e
        self.assertAlmostEqual(loss(0, [True] * 3), -torch.log(torch.tensor(e / (e + 0.2 + 1 + 1))).item(), places=5)
        self.assertAlmostEqual(loss(2, [True, True, False]), torch.tensor(3.0).log().item(), places=5)
        self.assertEqual(loss(0, [False, True, True]), 0)

    def test_stuff_may_go_on_where_nothing_is_known(self):
        columns = torch.full((88, 88), -1)
        columns[:, :44] = 1
        columns[:44, 44:] = 0
        found = doubt(columns, torch.tensor([0, 1]), torch.tensor([True, False]), 44)
        self.assertTrue((found[0] == 1).all())
        self.assertAlmostEqual(found[1, -1, -1].item(), 0.05, places=6)
        self.assertEqual((found[1, 0, 0].item(), found[1, 0, -1].item()), (1, 1))


class MixedTests(unittest.TestCase):
    def test_quarters_come_from_one_picture_in_every_map(self):
        """Four pictures, every map filled with the picture's number: after mixing, all strides agree on whose a place is."""
        random.seed(3)
        pictures = [torch.arange(4.0)[:, None, None, None].expand(4, 2, 22 * 16 // s, 22 * 16 // s) for s in (8, 16, 32)]
        pictures.append(torch.arange(4)[:, None, None].expand(4, 88, 88))
        x8, x16, x32, columns = mixed(pictures, 1.0)
        self.assertTrue(torch.equal(x16[:, 0], x8[:, 0, ::2, ::2]))
        self.assertTrue(torch.equal(x32[:, 0], x8[:, 0, ::4, ::4]))
        self.assertTrue(torch.equal(columns[:, ::2, ::2].float(), x8[:, 0]))
        self.assertEqual(x16[:, 0, 0, 0].tolist(), [0, 1, 2, 3])  # the first quarter stays
        self.assertGreater(len(x16[0].unique()), 1)
        self.assertTrue(all(torch.equal(x, y) for x, y in zip(mixed(pictures, 0.0), pictures)))


class SizeTests(unittest.TestCase):
    def test_the_model_file_is_small_enough(self):
        model = SAN(SAN_MINI)
        initialise(model, 1)
        self.assertLess(2 * sum(value.numel() for value in model.state_dict().values()), 39_900_000)


if __name__ == "__main__":
    unittest.main()
