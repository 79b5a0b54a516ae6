"""Losses on numbers worked by hand, and one fine-tuning run of a few steps on a folder made here."""
import argparse
import contextlib
import io
import json
import math
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from PIL import Image

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]

from san_training import __main__ as command  # noqa: E402
from san_training import checkpoint, layers, matching, muon, photos  # noqa: E402
from san_training.evaluate import Tally, summary  # noqa: E402
from san_training.training import Average, Members, Run  # noqa: E402
from test_model import toy_model  # noqa: E402


class MatchingTests(unittest.TestCase):
    def test_targets(self):
        columns = torch.full((8, 8), -1)
        columns[:4, :4], columns[4:, 4:] = 3, 5
        classes, masks, unknown = matching.targets(columns, 4)
        self.assertEqual(classes.tolist(), [3, 5])
        self.assertTrue(torch.equal(masks[0][:2, :2], torch.ones(2, 2)))
        self.assertEqual((masks[0].sum().item(), unknown.sum().item()), (4.0, 8.0))

    def test_match_takes_each_mask_to_its_query(self):
        masks = torch.tensor([[1.0, 1, 0, 0], [0, 0, 1, 1]])
        logits = torch.stack([-8 * (2 * masks[0] - 1), torch.zeros(4), 8 * (2 * masks[0] - 1)])
        rows, columns = matching.match(logits, torch.zeros(3, 3), torch.tensor([0, 1]), masks)
        self.assertEqual(dict(zip(rows.tolist(), columns.tolist())), {2: 0, 0: 1})

    def test_several_queries_may_have_the_same_target(self):
        wanted = torch.tensor([[1.0, 1, 0, 0], [0, 0, 1, 1]])
        masks = 8 * (2 * wanted[[0, 1, 0, 1, 1, 0, 1, 0]] - 1)
        masks[4:] *= 0.1  # less sure
        classes = torch.tensor([0, 1])
        rows, columns = matching.match(masks, torch.zeros(8, 3), classes, wanted, times=2)
        self.assertEqual(dict(zip(rows.tolist(), columns.tolist())), {0: 0, 1: 1, 2: 0, 3: 1})
        rows, columns = matching.match(masks[:4], torch.zeros(4, 3), classes, wanted, times=2)
        self.assertEqual(len(rows), 2)  # no more than half of the queries

    def test_dice(self):
        found = matching.dice(torch.tensor([1.0, 1, 0, 0]), torch.tensor([1.0, 0, 0, 0]))
        self.assertAlmostEqual(found.item(), 1 - 3 / 4, places=6)

    def test_unmatched_queries_on_unknown_places_may_be_stuff(self):
        """Two free queries, one on unknown pixels, one on a known class's; three columns: class, stuff, none."""
        unknown = torch.zeros(4, 4)
        unknown[:, :2] = 1
        wanted = (1 - unknown)[None]
        masks = torch.full((3, 1, 2), -20.0)
        masks[0, 0, 1] = masks[1, 0, 1] = masks[2, 0, 0] = 20  # query 2 lies on the unknown half
        logits = torch.tensor([[9.0, 0, 0], [0, 0, 0], [0, 0, 0]])
        found, count = matching.losses(masks, logits, torch.zeros(1, 3, 2), (1, 2),
                                       (torch.tensor([0]), wanted, unknown), torch.tensor([1]), 0.0)
        self.assertEqual(count, 1)
        self.assertAlmostEqual(found["empty"].item(), math.log(3) + math.log(3 / 2), places=5)


class ScoreTests(unittest.TestCase):
    def test_tally(self):
        tally = Tally(3)
        tally.add(np.array([[0, 0, 1, -1]]), np.array([[0, 1, 1, 2]]))
        result = tally.result()
        self.assertAlmostEqual(result["pixel_accuracy"], 2 / 3)
        self.assertAlmostEqual(result["miou"], 0.5)  # 1/2 and 1/2; class 2 is not there

    def test_what_is_kept_back(self):
        held, validation = photos.listed("heldout"), photos.listed("validation")
        self.assertEqual((len(held), len(validation), len(held & validation)), (60, 30, 0))

    def test_splits_share_no_photo(self):
        with tempfile.TemporaryDirectory() as folder:
            base = Path(folder) / "coco_train2017_mini"
            for part in ("images", "labels"):
                (base / part).mkdir(parents=True)
            stems = {"heldout": min(photos.listed("heldout")), "validation": min(photos.listed("validation")),
                     "train": "000000000001"}
            for stem in stems.values():
                (base / "images" / f"{stem}.jpg").touch()
                (base / "labels" / f"{stem}.png").touch()
            for split, stem in stems.items():
                self.assertEqual([p.path.stem for p in photos.coco(folder, split)], [stem])

    def test_summary_of_regions(self):
        found = [{"class": 0, "named": 0, "among_own": 0, "best_overlap": 0.5},
                 {"class": 0, "named": 1, "among_own": 0, "best_overlap": 0.1},
                 {"class": 1, "named": 0, "among_own": 1, "best_overlap": 0.0},
                 {"class": 0, "named": 0, "among_own": 1, "best_overlap": 0.2}]
        result = summary(found)
        self.assertEqual((result["regions"], result["named_right"]), (4, 0.5))
        self.assertAlmostEqual(result["named_right_class_mean"], (2 / 3 + 0) / 2)
        self.assertEqual(result["named_right_among_own"], 0.75)
        self.assertAlmostEqual(result["best_overlap"], 0.2)


class CommandTests(unittest.TestCase):
    def test_every_stage_that_keeps_a_log_begins(self):
        """With the arguments that the command line gives it, which `maps` has fewer of."""
        needed = {"text": ["--data", "x"], "maps": ["--data", "x"], "tower": ["--data", "x"], "adapter": ["--data", "x"],
                  "finetune": ["--data", "x", "--init", "x", "--output", "x"]}
        with tempfile.TemporaryDirectory() as folder:
            for stage, options in needed.items():
                begun = []
                module = mock.Mock(main=lambda args: begun.append(Run(args, stage)))
                with mock.patch.object(sys, "argv", ["san_training", stage, *options, "--state", folder]), \
                        mock.patch.object(command.importlib, "import_module", return_value=module), \
                        mock.patch.object(command.memory, "keep_freed"):
                    command.main()
                self.assertEqual((begun[0].name, begun[0].step), (stage, 0))


class AttentionTests(unittest.TestCase):
    def test_the_trained_way_is_the_fused_one(self):
        torch.manual_seed(2)
        q, k, v = torch.randn(3, 2, 5, 8)
        mask = torch.zeros(2, 2, 5, 5)
        mask[:, 1, :, 2:] = -30
        for mask in (None, mask):
            self.assertTrue(torch.allclose(layers.attend(q.clone().requires_grad_(), k, v, 2, mask),
                                           layers.attend(q, k, v, 2, mask), atol=1e-5))


class MuonTests(unittest.TestCase):
    def test_singular_values_go_through_the_polynomial_and_vectors_stay(self):
        """Wide, tall and square matrices, one of them with one strong direction, against double precision. Weak
        directions grow some 480 times, and rounding with them."""
        torch.manual_seed(2)
        a, b, c = muon.COEFFICIENTS
        for shape in ((2, 8, 24), (2, 24, 8), (2, 12, 12)):
            stack = torch.randn(shape)
            stack[1] = torch.outer(stack[1, :, 0], stack[1, 0]) + 0.02 * torch.randn(shape[1:])
            u, values, vt = torch.linalg.svd(stack.double(), full_matrices=False)
            values = values / values.norm(dim=1, keepdim=True)
            for _ in range(muon.STEPS):
                values = a * values + b * values ** 3 + c * values ** 5
            wanted = u @ torch.diag_embed(values) @ vt
            for half, some, tolerance in ((False, stack, 2e-3), (True, stack[:1], 0.05)):
                with mock.patch.object(muon, "multiplies_bfloat16", lambda device: half):
                    found = muon.orthogonalised(some)
                self.assertLess((found - wanted[: len(some)]).abs().max().item(), tolerance)


class AverageTests(unittest.TestCase):
    def test_members_go_on_from_their_mean(self):
        with tempfile.TemporaryDirectory() as folder:
            members = []
            for member in (0, 1):
                layer = torch.nn.Linear(1, 1, bias=False)
                with torch.no_grad():
                    layer.weight.fill_(2.0 * member)
                run = argparse.Namespace(folder=Path(folder), stage="image", member=member, device="cpu")
                members.append((Members(run, layer, seconds=0), layer))
            weights = []
            for at in (0, 1, 0, 0):
                members[at][0].meet()
                weights.append(members[at][1].weight.item())
            # alone; with 0's; with what 1 had before; nothing new
            self.assertEqual(weights, [0.0, 1.0, 1.0, 1.0])

    def test_running_mean(self):
        layer = torch.nn.Linear(1, 1, bias=False)
        with torch.no_grad():
            layer.weight.fill_(0)
        average = Average(layer, steps=4)
        with torch.no_grad():
            layer.weight.fill_(1)
        average.update(5)  # a share of 1 / (1 + 5 / 5)
        self.assertAlmostEqual(average.weights["weight"].item(), 0.5)
        average.update(1000)  # 1 / 4 from then on
        self.assertAlmostEqual(average.weights["weight"].item(), 0.625)
        again = Average(layer, steps=4, state={"weight": torch.tensor([[0.25]])})
        self.assertEqual(again.weights["weight"].item(), 0.25)
        self.assertEqual(layer.weight.item(), 1.0)


class FineTuneTests(unittest.TestCase):
    def test_trains_the_adapter_only_and_resumes(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            data = folder / "data"
            (data / "images").mkdir(parents=True)
            (data / "labels").mkdir()
            (data / "classes.txt").write_text("0\tunlabelled\n1\tred square\n7\tblue disc\n")
            noise = np.random.default_rng(1)
            for n in range(3):
                ids = np.zeros((96, 128), np.uint8)
                ids[20:70, 10:60], ids[40:90, 70:120] = 1, 7
                pixels = noise.integers(0, 255, (96, 128, 3)).astype(np.uint8)
                pixels[ids == 1], pixels[ids == 7] = (200, 0, 0), (0, 0, 200)
                Image.fromarray(pixels).save(data / "images" / f"{n}.jpg")
                Image.fromarray(ids).save(data / "labels" / f"{n}.png")
            before = toy_model()
            checkpoint.write(before, folder / "toy.safetensors", "f32")
            common = ["finetune", "--data", str(data), "--init", str(folder / "toy.safetensors"), "--size", "64",
                      "--state", str(folder / "state"), "--output", str(folder / "out.safetensors"), "--dtype", "f32",
                      "--batch", "2", "--rate", "1e-3"]
            for steps in ("2", "4"):
                with mock.patch.object(sys, "argv", ["san_training", *common, "--steps", steps]), \
                        contextlib.redirect_stdout(io.StringIO()):
                    command.main()
            config, after = checkpoint.read(folder / "out.safetensors")
            self.assertEqual(config, before.config)
            changed = {name for name, value in before.state_dict().items() if not torch.equal(value, after[name])}
            allowed = ("side_adapter_network.", "ov_classifier.bg_embed", "clip_visual_extractor.positional_embedding")
            self.assertTrue(all(name.startswith(allowed) for name in changed), changed)
            self.assertIn("side_adapter_network.query_embed", changed)
            steps = [json.loads(line)["step"] for line in (folder / "state" / "finetune.jsonl").read_text().splitlines()]
            self.assertEqual(steps, [2, 4])


if __name__ == "__main__":
    unittest.main()
