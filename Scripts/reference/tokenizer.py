"""CLIP's byte-pair tokenizer, from the merge table that the package `open_clip_torch` carries."""
import gzip
import html
import importlib.util
import pathlib

import ftfy
import regex

MERGES = 48894
PATTERN = regex.compile(
    r"<start_of_text>|<end_of_text>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+", regex.IGNORECASE)


def merge_table():
    """The merges in order of rank, as pairs of symbols."""
    package = importlib.util.find_spec("open_clip").submodule_search_locations[0]
    with gzip.open(pathlib.Path(package, "bpe_simple_vocab_16e6.txt.gz"), "rt", encoding="utf-8") as file:
        lines = file.read().split("\n")
    return [tuple(line.split()) for line in lines[1:1 + MERGES]]  # the first line is the format's version


def byte_symbols():
    """A printable symbol for each byte: itself where it is printable in Latin-1, else from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    symbols = {byte: chr(byte) for byte in printable}
    symbols.update({byte: chr(0x100 + index) for index, byte in enumerate(others)})
    return symbols  # in the vocabulary's order


def clean(text):
    text = html.unescape(html.unescape(ftfy.fix_text(text)))
    return regex.sub(r"\s+", " ", text).strip().lower()


class Tokenizer:
    def __init__(self):
        merges = merge_table()
        self.symbols = byte_symbols()
        alphabet = list(self.symbols.values())
        vocabulary = alphabet + [s + "</w>" for s in alphabet] + [a + b for a, b in merges]
        self.start, self.end = len(vocabulary), len(vocabulary) + 1
        self.ids = {symbol: index for index, symbol in enumerate(vocabulary)}
        self.ids.update({"<start_of_text>": self.start, "<end_of_text>": self.end})
        self.ranks = {pair: rank for rank, pair in enumerate(merges)}

    def merge(self, word):
        """One word's byte symbols, merged lowest rank first until no pair is in the table."""
        parts = [*word[:-1], word[-1] + "</w>"]
        while len(parts) > 1:
            pair = min(zip(parts, parts[1:]), key=lambda p: self.ranks.get(p, MERGES))
            if pair not in self.ranks:
                break
            merged, index = [], 0
            while index < len(parts):
                if tuple(parts[index:index + 2]) == pair:
                    merged.append(pair[0] + pair[1])
                    index += 2
                else:
                    merged.append(parts[index])
                    index += 1
            parts = merged
        return parts

    def encode(self, text):
        """Token ids, start and end not included."""
        ids = []
        for word in PATTERN.findall(clean(text)):
            if word in ("<start_of_text>", "<end_of_text>"):
                ids.append(self.ids[word])
            else:
                ids += [self.ids[part] for part in self.merge([self.symbols[b] for b in word.encode("utf-8")])]
        return ids

    def encode_padded(self, text, context):
        """[start] + tokens + [end], padded with 0 to `context`; cut there if longer, the last then made end."""
        ids = [self.start, *self.encode(text), self.end]
        if len(ids) > context:
            ids = [*ids[:context - 1], self.end]
        return ids + [0] * (context - len(ids))
