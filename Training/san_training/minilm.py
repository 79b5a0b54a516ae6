"""The text teacher: all-MiniLM-L6-v2 (a 6-layer BERT, mean-pooled) from its package's own file."""
import importlib.util
import json
import zipfile
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load
from tokenizers import Tokenizer

from .layers import attend
from .training import mixed_precision


class MiniLM:
    def __init__(self, device="cpu"):
        folder = Path(importlib.util.find_spec("all_minilm_l6_v2").submodule_search_locations[0])
        with zipfile.ZipFile(folder / "model.zip") as archive:
            weights = load(archive.read("model.safetensors"))
            self.config = json.loads(archive.read("config.json"))
            self.tokenizer = Tokenizer.from_str(archive.read("tokenizer.json").decode("utf-8"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(64)
        self.w = {name: value.to(device) for name, value in weights.items()}
        self.device = device

    def linear(self, x, name):
        return F.linear(x, self.w[name + ".weight"], self.w[name + ".bias"])

    def norm(self, x, name):
        return F.layer_norm(x, x.shape[-1:], self.w[name + ".weight"], self.w[name + ".bias"], 1e-12)

    def forward(self, tokens, valid):
        """tokens and valid [B,L] -> unit vectors [B,384]."""
        e = "embeddings."
        x = self.w[e + "word_embeddings.weight"][tokens] + self.w[e + "position_embeddings.weight"][: tokens.shape[1]]
        x = self.norm(x + self.w[e + "token_type_embeddings.weight"][0], e + "LayerNorm")
        mask = torch.where(valid, 0.0, -1e4)[:, None, None]
        for layer in range(self.config["num_hidden_layers"]):
            p = f"encoder.layer.{layer}."
            q, k, v = (self.linear(x, p + f"attention.self.{part}") for part in ("query", "key", "value"))
            out = attend(q, k, v, self.config["num_attention_heads"], mask)
            x = self.norm(self.linear(out, p + "attention.output.dense") + x, p + "attention.output.LayerNorm")
            out = self.linear(F.gelu(self.linear(x, p + "intermediate.dense")), p + "output.dense")
            x = self.norm(out + x, p + "output.LayerNorm")
        x = (x * valid[..., None]).sum(1) / valid.sum(1, keepdim=True)
        return F.normalize(x.float(), dim=-1)

    @torch.no_grad()
    def encode(self, texts, size=256):
        rows = [encoding.ids for encoding in self.tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        out = torch.empty(len(rows), self.config["hidden_size"])
        for begin in range(0, len(order), size):
            chosen = order[begin: begin + size]
            longest = max(len(rows[i]) for i in chosen)
            tokens = torch.tensor([rows[i] + [0] * (longest - len(rows[i])) for i in chosen])
            lengths = torch.tensor([len(rows[i]) for i in chosen])
            valid = torch.arange(longest) < lengths[:, None]
            with mixed_precision(self.device):
                out[chosen] = self.forward(tokens.to(self.device), valid.to(self.device)).cpu()
        return out
