"""CLIP's byte-pair tokenizer over the first merges of its table."""
import html
from functools import lru_cache
from pathlib import Path

import regex

MERGES = Path(__file__).resolve().parents[2] / "Weights" / "Resources" / "bpe_merges.txt"
SPLIT = regex.compile(
    r"<start_of_text>|<end_of_text>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+", regex.IGNORECASE)


def byte_symbols():
    """Byte -> printable symbol, in CLIP's order of the vocabulary."""
    plain = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    symbols = {byte: chr(byte) for byte in plain}
    for offset, byte in enumerate(b for b in range(256) if b not in symbols):
        symbols[byte] = chr(256 + offset)
    return symbols


class Tokenizer:
    def __init__(self, vocabulary_size=16898, path=MERGES):
        self.bytes = byte_symbols()
        count = vocabulary_size - 514
        lines = Path(path).read_text(encoding="utf-8").split("\n")
        pairs = [tuple(line.split()) for line in lines if len(line.split()) == 2][:count]
        if len(pairs) != count:
            raise ValueError(f"{path}: {len(pairs)} merges, {count} needed")
        self.ranks = {pair: rank for rank, pair in enumerate(pairs)}
        symbols = list(self.bytes.values())
        symbols += [symbol + "</w>" for symbol in symbols] + [a + b for a, b in pairs]
        self.ids = {symbol: index for index, symbol in enumerate(symbols)}
        self.start, self.end = vocabulary_size - 2, vocabulary_size - 1
        self.word = lru_cache(maxsize=None)(self._word)

    def _word(self, word):
        parts = [self.bytes[b] for b in word.encode("utf-8")]
        parts[-1] += "</w>"
        while len(parts) > 1:
            pairs = [(self.ranks.get(pair, len(self.ranks)), pair) for pair in zip(parts, parts[1:])]
            rank, best = min(pairs)
            if rank == len(self.ranks):
                break
            merged, index = [], 0
            while index < len(parts):
                if tuple(parts[index: index + 2]) == best:
                    merged.append(parts[index] + parts[index + 1])
                    index += 2
                else:
                    merged.append(parts[index])
                    index += 1
            parts = merged
        return [self.ids[part] for part in parts]

    def encode(self, text, context=77):
        text = html.unescape(html.unescape(text))
        text = " ".join(text.split()).strip().lower()
        tokens = [self.start]
        for word in SPLIT.findall(text):
            if word in ("<start_of_text>", "<end_of_text>"):
                tokens.append(self.start if word[1] == "s" else self.end)
            else:
                tokens.extend(self.word(word))
        tokens.append(self.end)
        if len(tokens) > context:
            tokens = tokens[: context - 1] + [self.end]
        return tokens


def batch(rows, end):
    """Rows of tokens -> one LongTensor [B,longest]; what follows the end token does not matter."""
    import torch
    longest = max(map(len, rows))
    return torch.tensor([row + [0] * (longest - len(row)) for row in rows])
