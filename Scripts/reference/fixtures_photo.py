"""From an 8-bit photo to scores at its own size: decoding aside, all that the segmenter does."""
import numpy as np
import torch
from PIL import Image

import procedural
from fixtures_model import CLASSES
from san import scores

MEAN = np.array([0.48145466, 0.4578275, 0.40821073]) * 255
STD = np.array([0.26862954, 0.26130258, 0.27577711]) * 255


def photo(height, width):
    """A smooth picture with noise, [height, width, 3], 8 bits."""
    coarse = (procedural.uniform("photo/coarse", 5 * 7 * 3).reshape(5, 7, 3) * 90 + 128).astype(np.uint8)
    smooth = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC), np.float64)
    noise = procedural.uniform("photo/noise", height * width * 3).reshape(height, width, 3) * 20
    return np.clip(smooth + noise, 0, 255).astype(np.uint8)


def network_input(pixels, short_side):
    """Resized, normalised and padded, [1, 3, H, W]; and the size before padding."""
    height, width = pixels.shape[:2]
    short, long = min(height, width), max(height, width)
    size = (short_side, int(long * short_side / short))
    new_height, new_width = size if height <= width else size[::-1]
    resized = Image.fromarray(pixels).resize((new_width, new_height), Image.Resampling.BICUBIC)
    normalised = (np.asarray(resized, np.float64) - MEAN) / STD
    padded = np.zeros((-(-new_height // 32) * 32, -(-new_width // 32) * 32, 3))
    padded[:new_height, :new_width] = normalised
    return torch.from_numpy(padded.transpose(2, 0, 1).copy())[None], (new_height, new_width)


def make(toy, tokenizer):
    """Tensors by file name: the toy at a short side of 128 on a landscape and a portrait photo."""
    made = {}
    classifier = toy.classifier(tokenizer, CLASSES)
    for height, width in ((61, 97), (150, 83)):
        pixels = photo(height, width)
        image, unpadded = network_input(pixels, 128)
        found = toy.stages(image, classifier)
        result = scores(
            found["class_logits"], found["mask_logits"], image.shape[2:], unpadded, (height, width))
        made[f"toy_photo_{height}x{width}"] = {
            "photo": torch.from_numpy(pixels).double(), "class_logits": found["class_logits"], "scores": result}
    return made
