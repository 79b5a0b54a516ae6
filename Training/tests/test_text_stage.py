"""The text tower's targets."""
import sys
import unittest
from pathlib import Path
from unittest import mock

import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from san_training import text_stage  # noqa: E402


class TargetTests(unittest.TestCase):
    def test_targets_turn_to_the_tower_s_own_directions(self):
        torch.manual_seed(1)
        texts = [f"name {n}" for n in range(40)]
        own = F.normalize(torch.randn(40, 8), dim=-1)
        turn = torch.linalg.qr(torch.randn(8, 8)).Q  # principal directions of another day
        data = {"texts": texts, "targets": own @ turn, "groups": {"classes": (0, 10), "common": (10, 30), "rest": (30, 40)}}
        made = dict(zip(texts, F.normalize(own + 0.02 * torch.randn(40, 8), dim=-1)))  # what the tower says, not quite
        with mock.patch.object(text_stage, "encode", lambda model, tokenizer, asked: torch.stack([made[t] for t in asked])):
            found = text_stage.turned(data, None, None)
        self.assertGreater((found * own).sum(-1).min().item(), 0.99)
        self.assertLess((data["targets"] * own).sum(-1).mean().item(), 0.5)


if __name__ == "__main__":
    unittest.main()
