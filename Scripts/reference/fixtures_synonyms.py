"""Classes of several names: the best name's logit, or the mean of the names' embeddings."""
import torch
import torch.nn.functional as F

from fixtures_photo import network_input, photo
from san import scores

# Titles are not seen by the model unless they are among the names.
CLASSES = {"cat": ("cat", "kitten", "tabby"), "sky": ("sky",), "vehicle": ("a red car", "truck")}


def best(logits):
    """[1, Q, names + 1] → [1, Q, K + 1]: the highest logit of each class's names, "no object" as it is."""
    columns = logits.split([len(names) for names in CLASSES.values()] + [1], dim=-1)
    return torch.cat([column.amax(dim=-1, keepdim=True) for column in columns], dim=-1)


def mean(classifier):
    """[names + 1, E] → [K + 1, E]: the direction of the mean of each class's rows."""
    rows = classifier.split([len(names) for names in CLASSES.values()] + [1])
    return torch.stack([F.normalize(row.mean(dim=0), dim=0) for row in rows])


def make(toy, tokenizer):
    """Tensors by file name: the toy at a short side of 128 on a photo of 23×31."""
    pixels = photo(23, 31)
    image, unpadded = network_input(pixels, 128)
    rows = toy.classifier(tokenizer, [name for names in CLASSES.values() for name in names])
    found = toy.stages(image, rows)
    logits = {"best": best(found["class_logits"]), "mean": toy.ov_classifier(found["mask_embed"], mean(rows))}
    made = {"photo": torch.from_numpy(pixels).double(), "classifier.mean": mean(rows)}
    for name, value in logits.items():
        made[f"class_logits.{name}"] = value
        made[f"scores.{name}"] = scores(value, found["mask_logits"], image.shape[2:], unpadded, (23, 31))
    return {"toy_synonyms": made}
