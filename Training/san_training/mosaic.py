"""Pictures of several crops side by side, so that a place's or region's name cannot be read off the picture as a whole."""
import random

import torch

PATCH = 16
WIDEST = 18  # patches of a picture's side, about what the tower sees of a photo


def layout(side):
    """Rows and columns, at random, for crops of `side` patches: at least two crops, pictures of at most WIDEST."""
    while True:
        rows, columns = (random.randint(max(1, 6 // side), max(2, WIDEST // side)) for _ in range(2))
        if rows * columns > 1:
            return rows, columns


class Mosaic:
    """Every rows * columns crops of a batch make a picture, rolled round by some patches so that seams lie anywhere."""

    def __init__(self, rows, columns, side, roll=None):
        """side: patches of a crop's side."""
        self.rows, self.columns, self.side = rows, columns, side
        size = rows * side, columns * side
        self.roll = roll or tuple(random.randrange(n) for n in size)
        grid = torch.arange(size[0] * size[1]).view(size).roll([-n for n in self.roll], (0, 1))
        # [parts, N]: where in the picture each place of each crop is
        self.index = grid.view(rows, side, columns, side).transpose(1, 2).reshape(rows * columns, side * side)

    def joined(self, images):
        """Crops [B,3,S,S] -> pictures [B/parts,3,rows*S,columns*S]."""
        s = images.shape[-1]
        x = images.view(-1, self.rows, self.columns, 3, s, s).permute(0, 3, 1, 4, 2, 5)
        return x.reshape(-1, 3, self.rows * s, self.columns * s).roll([PATCH * n for n in self.roll], (2, 3))

    def places(self, tokens):
        """A value for each patch of a picture [B/parts,parts*N,C] -> of a crop [B,N,C]."""
        return tokens[:, self.index.to(tokens.device)].flatten(0, 1)

    def shared(self, regions):
        """A value for each region of a picture [B/parts,parts*R,C] -> of a crop [B,R,C]."""
        return regions.unflatten(1, (len(self.index), -1)).flatten(0, 1)

    def spread(self, bias, outside):
        """Bias of crops' regions [B,R,N] -> of the picture's [B/parts,parts*R,parts*N], `outside` on all other crops."""
        parts, n = self.index.shape
        bias = bias.unflatten(0, (-1, parts))  # [B/parts,parts,R,N]
        index = self.index.to(bias.device)[None, :, None].expand_as(bias)
        full = bias.new_full((*bias.shape[:3], parts * n), outside)
        return full.scatter_(-1, index, bias).flatten(1, 2)
