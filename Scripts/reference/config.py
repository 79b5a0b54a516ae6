"""A model's configuration, as `config.json` beside its weights holds it. Heads cannot be read off tensor shapes."""
import dataclasses
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Stem:
    kind: str
    channels: int  # of the first convolution
    blocks: tuple  # ((expansion, kernel, stride, channels, repeats), …)
    head: int  # channels of the head convolution
    hidden: int  # of the place tokens


@dataclass(frozen=True)
class ImageTower:
    width: int
    layers: int
    heads: int
    patch_size: int
    grid: tuple  # (rows, columns) of the positional embedding in the checkpoint
    stem: Stem = None  # instead of the patch embedding


@dataclass(frozen=True)
class TextTower:
    width: int
    layers: int
    heads: int
    context_length: int
    vocabulary_size: int


@dataclass(frozen=True)
class Clip:
    image: ImageTower
    text: TextTower
    embedding: int
    resolution_scale: float  # CLIP's input is the image times this
    extractor_layers: int  # blocks before the recognition head


@dataclass(frozen=True)
class SideAdapter:
    width: int
    layers: int
    heads: int
    patch_size: int
    grid: tuple
    fusion: tuple  # ((CLIP layer, side block), …)
    queries: int


@dataclass(frozen=True)
class MaskDecoder:
    channels: int
    mlp_layers: int
    bias_heads: int
    stride: int = None  # of the masks; the side adapter's patch size


@dataclass(frozen=True)
class Dense:
    """Weights of the masks' own class probabilities, of the places' mean under each mask, and of the places."""

    mask: float
    mask_mean: float
    places: float


@dataclass(frozen=True)
class Input:
    short_side: int
    mean: tuple = None  # CLIP's
    std: tuple = None


@dataclass(frozen=True)
class Config:
    name: str
    clip: Clip
    side_adapter: SideAdapter
    mask_decoder: MaskDecoder
    input: Input
    dense: Dense = None

    def save(self, path):
        with open(path, "w") as file:
            json.dump(without_none(dataclasses.asdict(self)), file, indent=2)
            file.write("\n")


def without_none(value):
    if isinstance(value, dict):
        return {key: without_none(item) for key, item in value.items() if item is not None}
    return value


def load(path):
    with open(path) as file:
        return build(Config, json.load(file))


def build(cls, value):
    """The dataclass `cls` from parsed JSON; an unknown or missing field is an error, those with a default may be absent."""
    if dataclasses.is_dataclass(cls):
        fields = {field.name: field for field in dataclasses.fields(cls)}
        needed = {name for name, field in fields.items() if field.default is dataclasses.MISSING}
        if not needed <= set(value) <= set(fields):
            raise ValueError(f"{cls.__name__} needs the fields {sorted(needed)}, not {sorted(value)}")
        return cls(**{name: build(fields[name].type, item) for name, item in value.items()})
    if cls is tuple:
        return tuple(tuple(item) if isinstance(item, list) else item for item in value)
    return cls(value)


TOY = Config(
    name="san-toy",
    clip=Clip(
        image=ImageTower(width=64, layers=4, heads=4, patch_size=16, grid=(4, 4)),
        text=TextTower(width=32, layers=2, heads=4, context_length=77, vocabulary_size=49408),
        embedding=32, resolution_scale=0.5, extractor_layers=3),
    side_adapter=SideAdapter(
        width=48, layers=4, heads=4, patch_size=16, grid=(8, 8),
        fusion=((0, 0), (1, 1), (2, 2), (3, 3)), queries=10),
    mask_decoder=MaskDecoder(channels=16, mlp_layers=3, bias_heads=4),
    input=Input(short_side=128))

VIT_B_16 = Config(
    name="san-vit-b-16",
    clip=Clip(
        image=ImageTower(width=768, layers=12, heads=12, patch_size=16, grid=(14, 14)),
        text=TextTower(width=512, layers=12, heads=8, context_length=77, vocabulary_size=49408),
        embedding=512, resolution_scale=0.5, extractor_layers=9),
    side_adapter=SideAdapter(
        width=240, layers=8, heads=6, patch_size=16, grid=(40, 40),
        fusion=((0, 0), (3, 1), (6, 2), (9, 3)), queries=100),
    mask_decoder=MaskDecoder(channels=256, mlp_layers=3, bias_heads=12),
    input=Input(short_side=640))

VIT_L_14 = Config(
    name="san-vit-l-14",
    clip=Clip(
        image=ImageTower(width=1024, layers=24, heads=16, patch_size=14, grid=(24, 24)),
        text=TextTower(width=768, layers=12, heads=12, context_length=77, vocabulary_size=49408),
        embedding=768, resolution_scale=0.7, extractor_layers=18),
    side_adapter=SideAdapter(
        width=240, layers=8, heads=6, patch_size=16, grid=(40, 40),
        fusion=((0, 0), (6, 1), (12, 2), (18, 3)), queries=100),
    mask_decoder=MaskDecoder(channels=256, mlp_layers=3, bias_heads=16),
    input=Input(short_side=640))
