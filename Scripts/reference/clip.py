"""CLIP in the three parts SAN uses: the image tower before and inside the recognition head, and the text tower."""
import torch
import torch.nn.functional as F
from torch import nn

from layers import ClipBlock, resize_grid, to_map
from stem import Stem


class ClipVisualExtractor(nn.Module):
    """The image tower up to the recognition head; keeps every block's tokens."""

    def __init__(self, clip):
        super().__init__()
        image = clip.image
        self.grid = image.grid
        if image.stem:
            self.stem = Stem(image.stem, image.width)
        else:
            self.conv1 = nn.Conv2d(3, image.width, image.patch_size, image.patch_size, bias=False)
        self.class_embedding = nn.Parameter(torch.zeros(image.width))
        self.positional_embedding = nn.Parameter(torch.zeros(1 + image.grid[0] * image.grid[1], image.width))
        self.ln_pre = nn.LayerNorm(image.width, eps=1e-5)
        self.resblocks = nn.ModuleList(
            ClipBlock(image.width, image.heads) for _ in range(clip.extractor_layers))

    def forward(self, patches):
        """Embedded patches [B, C, h, w] → for `ln_pre` and each block (map [B, C, h, w], class token [B, 1, C])."""
        size = patches.shape[2:]
        patches = patches.flatten(2).transpose(1, 2)  # [B, h·w, C]
        classes = self.class_embedding.expand(len(patches), 1, -1)  # [B, 1, C]
        positions = torch.cat([
            self.positional_embedding[:1],
            resize_grid(self.positional_embedding[1:], self.grid, size)])  # [1 + h·w, C]
        x = self.ln_pre(torch.cat([classes, patches], dim=1) + positions)
        features = [(to_map(x[:, 1:], size), x[:, :1])]
        for block in self.resblocks:
            x = block(x)
            features.append((to_map(x[:, 1:], size), x[:, :1]))
        return features


class ClipRecHead(nn.Module):
    """The image tower's last blocks, with Q recognition tokens that the attention bias steers to their mask."""

    def __init__(self, clip, queries):
        super().__init__()
        image = clip.image
        self.queries = queries
        self.resblocks = nn.ModuleList(
            ClipBlock(image.width, image.heads) for _ in range(image.layers - clip.extractor_layers))
        self.ln_post = nn.LayerNorm(image.width, eps=1e-5)
        self.proj = nn.Parameter(torch.zeros(image.width, clip.embedding))

    def mask(self, bias):
        """The additive mask [B, heads, Q + 1 + L, Q + 1 + L] for the pooled bias [B, heads, Q, h, w]."""
        bias = bias.flatten(3)  # [B, heads, Q, L]
        batch, heads, queries, patches = bias.shape
        length = queries + 1 + patches
        mask = torch.zeros(batch, heads, length, length)
        mask[..., :queries] = -100  # nobody sees a recognition token …
        mask[..., range(queries), range(queries)] = 0  # … but the token itself
        mask[..., :queries, queries] = -100  # nor do they see the class token
        mask[..., :queries, queries + 1:] = bias
        return mask

    def forward(self, feature, bias):
        """The extractor's last (map, class token) and the bias [B, heads, Q, h_s, w_s] → embeddings of the masks
        [B, Q, E] and of the places [B, L, E], normalised."""
        patches, classes = feature
        bias = pool_bias(bias, patches.shape[2:])
        tokens = patches.flatten(2).transpose(1, 2)  # [B, L, C]
        x = torch.cat([classes.expand(-1, self.queries, -1), classes, tokens], dim=1)  # [B, Q + 1 + L, C]
        mask = self.mask(bias)
        for block in self.resblocks:
            x = block(x, mask)
        x = F.normalize(self.ln_post(x) @ self.proj, dim=-1)  # [B, Q + 1 + L, E]
        return x[:, :self.queries], x[:, self.queries + 1:]


def pool_bias(bias, size):
    """Adaptive max pooling to CLIP's grid: [B, heads, Q, h_s, w_s] → [B, heads, Q, h, w]."""
    return F.adaptive_max_pool2d(bias.flatten(1, 2), tuple(size)).unflatten(1, bias.shape[1:3])


class TextTransformer(nn.Module):
    def __init__(self, text):
        super().__init__()
        self.resblocks = nn.ModuleList(ClipBlock(text.width, text.heads) for _ in range(text.layers))

    def forward(self, x):
        length = x.shape[1]
        causal = torch.full((length, length), -torch.inf).triu(1)  # a token sees itself and those before
        for block in self.resblocks:
            x = block(x, causal)
        return x


class OvClassifier(nn.Module):
    """The text tower, and the classifier made of its embeddings and the learned "no object"."""

    def __init__(self, clip):
        super().__init__()
        text = clip.text
        self.token_embedding = nn.Embedding(text.vocabulary_size, text.width)
        self.positional_embedding = nn.Parameter(torch.zeros(text.context_length, text.width))
        self.transformer = TextTransformer(text)
        self.ln_final = nn.LayerNorm(text.width, eps=1e-5)
        self.text_projection = nn.Parameter(torch.zeros(text.width, clip.embedding))
        self.logit_scale = nn.Parameter(torch.zeros(()))
        self.bg_embed = nn.Parameter(torch.zeros(1, clip.embedding))

    def encode(self, tokens):
        """Token ids [N, context], zero-padded after the end token → normalised embeddings [N, E]."""
        x = self.token_embedding(tokens) + self.positional_embedding  # [N, context, C]
        x = self.ln_final(self.transformer(x))
        ends = tokens.argmax(dim=1)  # the end token has the largest id
        x = x[range(len(tokens)), ends] @ self.text_projection  # [N, E]
        return F.normalize(x, dim=-1)

    def classifier(self, classes):
        """A list of token id tensors [templates, context], one a class → [K + 1, E], the last "no object"."""
        means = [F.normalize(self.encode(tokens).mean(dim=0), dim=-1) for tokens in classes]
        return F.normalize(torch.cat([torch.stack(means), self.bg_embed]), dim=-1)

    def forward(self, embeddings, classifier):
        """[B, Q, E] (or places [B, L, E]) and [K + 1, E] → class logits [B, Q, K + 1]."""
        return self.logit_scale.exp() * embeddings @ classifier.T
