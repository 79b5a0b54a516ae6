"""The image tower's crops, targets and losses on numbers worked by hand."""
import random
import sys
import unittest
from pathlib import Path

import torch
import torch.nn.functional as F

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from san_training import crops, image_stage, judge, mosaic  # noqa: E402
from san_training.config import SAN_MINI  # noqa: E402
from san_training.model import SAN, initialise  # noqa: E402


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
        torch.manual_seed(4)
        rows = torch.randn(4000, 3) @ torch.tensor([[3.0, 1, 0], [0, 2, 0], [0, 0, 0.1]]) + 5
        for power, size in ((1, lambda variance: torch.ones(2)), (0.5, torch.sqrt)):
            mean, basis = crops.principal(rows, 2, power)
            found = ((rows - mean) @ basis).t().cov()
            variance = torch.linalg.eigvalsh(rows.t().cov()).flip(0)[:2]
            self.assertTrue(torch.allclose(found, torch.diag(size(variance)), atol=2e-3))


class WindowTests(unittest.TestCase):
    def test_a_batch_without_augmentation_is_the_whole_crop(self):
        """Every target of a place follows the place: here its column number."""
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

    def test_layouts_are_of_two_crops_or_more_and_no_wider_than_a_photo(self):
        random.seed(1)
        for side in range(image_stage.SMALLEST, 9):
            drawn = {mosaic.layout(side) for _ in range(200)}
            self.assertNotIn((1, 1), drawn)
            self.assertGreater(len(drawn), 2)
            self.assertLessEqual(max(max(shape) for shape in drawn) * side, mosaic.WIDEST)

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


if __name__ == "__main__":
    unittest.main()
