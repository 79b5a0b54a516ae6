"""Losses on numbers worked by hand, and one fine-tuning run of a few steps on a folder made here."""
import argparse
import contextlib
import io
import json
import math
import random
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]

from san_training import __main__ as command  # noqa: E402
from san_training import checkpoint, image_stage, judge, layers, matching, mosaic, names, photos, pack, scenes  # noqa: E402
from san_training.config import SAN_MINI  # noqa: E402
from san_training.evaluate import Tally, summary  # noqa: E402
from san_training.model import SAN, initialise  # noqa: E402
from san_training.training import Average, Members  # noqa: E402
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


class ImageStageTests(unittest.TestCase):
    def test_windows_fill_only_what_has_no_region(self):
        torch.manual_seed(1)
        cover = torch.rand(40, 2, 25)
        owners = torch.tensor([[3, -1]]).expand(40, 2)
        found = image_stage.with_windows(cover, owners)
        self.assertTrue(torch.equal(found[:, 0], cover[:, 0]))
        for window in found[:, 1].reshape(40, 5, 5):
            rows, columns = window.any(1), window.any(0)
            self.assertTrue(window.any())
            self.assertTrue(torch.equal(window, (rows[:, None] & columns[None]).float()))  # a rectangle

    def test_part_loss(self):
        """One region of two of three patches, each with two of the teacher's classes."""
        ids = torch.tensor([[[0, 1], [1, 2], [3, 0]]])
        probabilities = torch.tensor([[[0.6, 0.2], [0.4, 0.4], [1.0, 0.0]]])
        inside = torch.tensor([[[True, True, False]]])
        logits = torch.tensor([[[0.0, 1.0, 2.0, 3.0]]])
        logs = logits[0, 0].log_softmax(-1)
        target = torch.tensor([0.3, 0.3, 0.2, 0.0]) / 0.8
        found = image_stage.part_loss(logits, inside, ids, probabilities)
        self.assertAlmostEqual(found.item(), -(target * logs).sum().item(), places=5)

    def test_hints_are_compared_level_by_level(self):
        hints = [torch.zeros(2, 4, count) for count in (96, 128, 192)]
        wanted = torch.cat([torch.full((2, 4, count), value) for count, value in ((96, 1.0), (128, 2.0), (192, 3.0))], -1)
        found = image_stage.hint_losses(hints, {"hints": wanted})
        self.assertEqual({name: value.item() for name, value in found.items()},
                         {"hint6": 1.0, "hint14": 4.0, "hint20": 9.0})

    def test_synonyms_are_of_the_visible_things_of_that_name(self):
        lines = ["  1 a licence line  ",
                 "01 06 n 03 car 0 auto 0 motor_car 0 001 @ 02 n 0000 | a vehicle; \"he needs a car\"",
                 "02 04 n 02 car 0 ride 0 000 | an act, which cannot be seen",
                 "03 05 n 01 cat 0 000 | an animal", "04 06 n 02 lorry 0 truck 0 000 | a vehicle"]
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "data.noun").write_text("\n".join(lines) + "\n", encoding="latin-1")
            self.assertEqual(names.synonyms(folder, {"car", "cat"}), {"auto", "motor car"})

    def test_mixed_crops_keep_their_teacher_s_weight(self):
        torch.manual_seed(3)
        b = {"images": torch.arange(4.0).view(4, 1, 1, 1).expand(4, 3, 2, 2), "top_ids": torch.arange(4)[:, None],
             "top": torch.ones(4, 1), "dense_ids": torch.arange(4)[:, None, None], "dense": torch.ones(4, 1, 1),
             "known": torch.eye(4)[:, None]}
        found = image_stage.mixed(b)
        self.assertTrue(torch.allclose(found["top"].sum(1), torch.ones(4)))
        self.assertTrue((found["top"][:, 0] >= 0.6).all())
        self.assertEqual(found["top_ids"][:, 0].tolist(), [0, 1, 2, 3])
        # the number of the crop in every pixel: the mean of the names, as they are weighed
        mean = (found["top_ids"] * found["top"]).sum(1)
        self.assertTrue(torch.allclose(found["images"][:, 0, 0, 0], mean, atol=1e-6))
        self.assertTrue(torch.equal(found["dense"][:, 0], found["top"]))
        self.assertTrue(torch.allclose(found["known"][:, 0] @ torch.arange(4.0), mean, atol=1e-6))

    def test_crops_grow_by_patches(self):
        self.assertEqual([image_stage.grown(80, 128, p) for p in (0, 0.2, 0.5, 1)], [80, 96, 112, 128])
        self.assertEqual(image_stage.grown(112, 0, 0.9), 112)  # not asked for

    def test_rare_classes_are_drawn_more_often(self):
        crops = image_stage.Crops.__new__(image_stage.Crops)
        owners = torch.full((10, 3), -1)
        owners[:8, 0], owners[8, 0] = 0, 1  # eight of one class, one of another, one crop without regions
        crops.arrays = {"owners": owners}
        weights = crops.weights()
        self.assertAlmostEqual((weights[8] / weights[0]).item(), 8 ** 0.5, places=5)
        self.assertEqual(weights[9].item(), 1.0)


class SceneTests(unittest.TestCase):
    def test_four_scenes_fill_the_picture_each_with_its_names(self):
        one = scenes.Scenes.__new__(scenes.Scenes)
        one.size, made = 40, iter(range(4))

        def scene(draw, source):
            n = next(made)
            return np.full((40, 40, 3), 10 * n, np.uint8), np.full((40, 40), n, np.int32)
        one.scene = scene
        pixels, columns = one.four(random.Random(5), "coco")
        self.assertTrue((pixels == 10 * columns[..., None]).all())
        self.assertEqual([columns[0, 0], columns[0, -1], columns[-1, 0], columns[-1, -1]], [0, 1, 2, 3])
        rows, across = np.unique(columns[:, 0], return_counts=True)[1], np.unique(columns[0], return_counts=True)[1]
        self.assertTrue(all(14 <= n <= 26 for n in (*rows, *across)))
        self.assertEqual(np.bincount(columns.flatten()).tolist(), np.outer(rows, across).flatten().tolist())


class JudgeTests(unittest.TestCase):
    def test_classes_are_shared_out_to_the_names_they_are_like(self):
        known = torch.eye(3)[:2]
        found = judge.likeness(torch.tensor([[1.0, 0, 0], [0, 0, 1.0], [0.45, 0, 0.89]]), known)
        self.assertAlmostEqual(found[0, 0].item(), 1, places=5)
        self.assertEqual(found[1].tolist(), [0, 0])  # like neither
        self.assertAlmostEqual(found[2].sum().item(), 0.5, places=5)  # half way between like and not

    def test_places_have_the_name_that_fills_them(self):
        regions = torch.zeros(1, 2, 4, 4, dtype=torch.uint8)
        regions[0, 0, :2, :2], regions[0, 1, 2:, 2:] = 255, 255
        regions[0, 0, 0, 2] = 255  # a quarter of the second place
        arrays = {"regions": regions, "owners": torch.tensor([[7, 3]]), "dense": torch.zeros(1, 4, 1)}
        found = judge.places_of(arrays, [2, 7])
        self.assertEqual(found.tolist(), [[1, -1, -1, -1]])  # column 3 is not asked for

    def test_a_judge_learns_names_the_classes_do_not_have(self):
        torch.manual_seed(1)
        n, kinds = 64, torch.arange(64) % 2
        regions = torch.zeros(n, 1, 4, 4, dtype=torch.uint8)
        regions[:, 0, :2, :2] = 255  # the first of four places
        arrays = {"features": torch.randn(n, 4, 6) * 0.1 + (2.0 * kinds - 1)[:, None, None], "regions": regions,
                  "owners": (5 + kinds)[:, None], "top": torch.ones(n, 1),
                  "top_ids": torch.zeros(n, 1, dtype=torch.int16), "dense": torch.ones(n, 4, 1),
                  "dense_ids": torch.zeros(n, 4, 1, dtype=torch.int16)}
        found, right = judge.judge(arrays, [5, 6], torch.tensor([[0.0, 0, 1]]), torch.eye(3)[:2], arrays)
        self.assertEqual(right, 1.0)
        self.assertTrue(torch.equal(found.argmax(-1), kinds[:, None].expand(n, 4)))
        self.assertTrue(torch.allclose(found.float().sum(-1), torch.ones(n, 4), atol=1e-2))


class TeacherTests(unittest.TestCase):
    def test_principal_directions_come_out_uncorrelated_and_of_the_size_asked_for(self):
        from san_training import crops
        torch.manual_seed(4)
        rows = torch.randn(4000, 3) @ torch.tensor([[3.0, 1, 0], [0, 2, 0], [0, 0, 0.1]]) + 5
        for power, size in ((1, lambda variance: torch.ones(2)), (0.5, torch.sqrt)):
            mean, basis = crops.principal(rows, 2, power)
            found = ((rows - mean) @ basis).t().cov()
            variance = torch.linalg.eigvalsh(rows.t().cov()).flip(0)[:2]
            self.assertTrue(torch.allclose(found, torch.diag(size(variance)), atol=2e-3))


class AttentionTests(unittest.TestCase):
    def test_the_trained_way_is_the_fused_one(self):
        torch.manual_seed(2)
        q, k, v = torch.randn(3, 2, 5, 8)
        mask = torch.zeros(2, 2, 5, 5)
        mask[:, 1, :, 2:] = -30
        for mask in (None, mask):
            self.assertTrue(torch.allclose(layers.attend(q.clone().requires_grad_(), k, v, 2, mask),
                                           layers.attend(q, k, v, 2, mask), atol=1e-5))


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


class StateTests(unittest.TestCase):
    def test_unpack_and_export_give_the_same_file(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            model = SAN(SAN_MINI)
            initialise(model, 3)
            checkpoint.write(model, folder / "a.safetensors", "f16")
            for arguments in (["unpack", str(folder / "a.safetensors")], ["export", "--output", str(folder / "b.safetensors")]):
                with mock.patch.object(sys, "argv", ["san_training", *arguments, "--state", str(folder / "state")]), \
                        contextlib.redirect_stdout(io.StringIO()):
                    command.main()
            self.assertEqual((folder / "a.safetensors").read_bytes(), (folder / "b.safetensors").read_bytes())
            self.assertLess((folder / "a.safetensors").stat().st_size, 40_000_000)


class WindowTests(unittest.TestCase):
    def test_a_batch_without_augmentation_is_the_whole_crop(self):
        """Every target of a place follows the place: here its column number."""
        from san_training import image_stage
        crops = image_stage.Crops.__new__(image_stage.Crops)
        place = torch.arange(25) % 5
        image = (torch.arange(160) // 32).expand(2, 3, 160, 160).permute(0, 2, 3, 1).to(torch.uint8) * 50
        crops.side = 5
        crops.arrays = {
            "images": image, "dense_ids": place.view(1, 25, 1).expand(2, 25, 4),
            "dense": torch.ones(2, 25, 4), "hints": place.view(1, 25, 1).expand(2, 25, 416).float(),
            "regions": torch.full((2, 3, 14, 14), 255, dtype=torch.uint8), "owners": torch.zeros(2, 3),
            "top_ids": torch.zeros(2, 8), "top": torch.ones(2, 8), "hard": torch.zeros(2), "source": torch.zeros(2)}
        plain = crops.batch(torch.arange(2), 80, augment=False)
        self.assertTrue(torch.equal(plain["dense_ids"][0, :, 0], place))
        self.assertTrue(torch.equal(plain["hints"][0, :, 0], place.float()))
        self.assertNotIn("hints", crops.batch(torch.arange(2), 112, augment=False))  # other places than the teacher's
        self.assertTrue(torch.allclose(plain["cover"], torch.ones(2, 3, 25), atol=1e-5))
        torch.manual_seed(0)
        some = crops.batch(torch.arange(2), 80, augment=True)
        self.assertNotIn("hints", some)
        for n in range(2):  # a window or its mirror image: columns still in one order, up or down
            row = some["dense_ids"][n, :5, 0]
            steps = row[1:] - row[:-1]
            self.assertTrue(bool((steps >= 0).all() or (steps <= 0).all()))


class MosaicTests(unittest.TestCase):
    """Crops of one colour a place: what a mosaic's patch shows says which crop and place it is."""

    def setUp(self):
        self.mosaic = mosaic.Mosaic(2, 3, 2, roll=(1, 5))
        self.values = torch.arange(12 * 4.0).view(12, 2, 2)  # crop, place
        images = self.values[:, None].expand(-1, 3, -1, -1).repeat_interleave(16, 2).repeat_interleave(16, 3)
        self.pictures = self.mosaic.joined(images)

    def test_places_are_found_where_the_picture_shows_them(self):
        self.assertEqual(tuple(self.pictures.shape), (2, 3, 64, 96))
        self.assertEqual(self.pictures[0, 0, 16, 80].item(), 0)  # the first crop, rolled down by 1 patch, right by 5
        self.assertEqual(self.pictures[0, 0, 16, 0].item(), 1)  # its second place, round the edge
        patches = F.avg_pool2d(self.pictures[:, :1], 16).flatten(2).transpose(1, 2)
        self.assertTrue(torch.equal(self.mosaic.places(patches)[..., 0], self.values.flatten(1)))

    def test_a_region_lies_in_its_own_crop_alone(self):
        bias = torch.full((12, 3, 4), -30.0)
        for crop in range(12):
            bias[crop, crop % 3, crop % 4] = 0
        wide = self.mosaic.spread(bias, -30.0)
        self.assertEqual(tuple(wide.shape), (2, 18, 24))
        patches = F.avg_pool2d(self.pictures[:, :1], 16).flatten(2)
        seen = torch.where(wide == 0, patches, -1).amax(-1, keepdim=True)  # [2,18,1]
        seen = self.mosaic.shared(seen)[..., 0]
        for crop in range(12):
            wanted = [self.values[crop].flatten()[crop % 4].item() if r == crop % 3 else -1 for r in range(3)]
            self.assertEqual(seen[crop].tolist(), wanted)

    def test_a_mosaic_of_one_crop_is_the_crop(self):
        """Regions and patches of a picture that is one crop are those of the crop itself, and `whole` sees all of it."""
        torch.manual_seed(3)
        san = SAN(SAN_MINI)
        initialise(san, 1)
        tower = image_stage.Tower(san).eval()
        images, bias = torch.randn(2, 3, 32, 48), torch.where(torch.rand(2, 2, 6) < 0.5, 0.0, -30.0)
        one = mosaic.Mosaic(1, 1, 2, roll=(0, 0))
        one.index = torch.arange(6)[None]
        plain, joined = tower(images, bias), tower(images, bias, mosaic=one)
        for part in (0, 2):
            self.assertTrue(torch.allclose(plain[part], joined[part], atol=1e-5))
        every = tower(images, torch.zeros(2, 1, 6))[0][:, 0]
        self.assertTrue(torch.allclose(joined[1], every, atol=1e-5))


class PackTests(unittest.TestCase):
    def test_shards_hold_every_file(self):
        import argparse
        import zipfile
        with tempfile.TemporaryDirectory() as folder:
            data, out = Path(folder) / "data", Path(folder) / "out"
            (data / "images").mkdir(parents=True)
            noise = np.random.default_rng(2)
            for n in range(6):
                Image.fromarray(noise.integers(0, 255, (64, 64, 3)).astype(np.uint8)).save(data / "images" / f"{n}.jpg")
            (data / "classes.txt").write_text("1\tcat\n")
            with contextlib.redirect_stdout(io.StringIO()):
                pack.main(argparse.Namespace(data=data, output=out, limit=0.012, quality=85))
            shards = sorted(out.iterdir())
            self.assertGreater(len(shards), 1)
            self.assertTrue(all(shard.stat().st_size <= 12_000 for shard in shards))
            found = [name for shard in shards for name in zipfile.ZipFile(shard).namelist()]
            self.assertEqual(sorted(found), sorted(["classes.txt"] + [f"images/{n}.jpg" for n in range(6)]))


if __name__ == "__main__":
    unittest.main()
