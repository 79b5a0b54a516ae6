"""A checkpoint that mmsegmentation's own SAN saved, what that SAN computes, and the names of its released sizes.

`micro.pth` is the model of `../pth/micro` built by mmsegmentation, its weights renamed by `check_mmseg.RULES`, saved as
mmengine's training saves it: beside the weights lie the run's configuration, its data set's names and logged numbers.
"""
import collections
import json

import torch
from safetensors.torch import save_file

import check_mmseg
import config
import procedural
from fixtures_model import MICRO
from san import SAN

SIZES = {"san_vit_b_16": "san-vit-b16_coco-stuff164k-640x640.py",
         "san_vit_l_14": "san-vit-l14_coco-stuff164k-640x640.py"}


def micro_config(model):
    """mmsegmentation's configuration of B/16 at the sizes of MICRO."""
    image, text, side, decoder = MICRO.clip.image, MICRO.clip.text, MICRO.side_adapter, MICRO.mask_decoder
    model.image_encoder.update(
        img_size=tuple(image.patch_size * cells for cells in image.grid), patch_size=image.patch_size,
        embed_dims=image.width, num_layers=MICRO.clip.extractor_layers, num_heads=image.heads,
        out_indices=tuple(clip - 1 for clip, _ in side.fusion if clip))
    model.text_encoder.update(
        total_vocab_size=text.vocabulary_size, context_length=text.context_length, embed_dims=text.width,
        num_layers=text.layers, num_heads=text.heads, output_dims=MICRO.clip.embedding)
    model.decode_head.deep_supervision_idxs = [side.layers - 1]
    model.decode_head.san_cfg.update(
        clip_channels=image.width, embed_dims=side.width, patch_size=side.patch_size, num_queries=side.queries,
        cfg_encoder=dict(num_encode_layer=side.layers, num_heads=side.heads, mlp_ratio=4),
        fusion_index=[block for _, block in side.fusion],
        cfg_decoder=dict(num_heads=decoder.bias_heads, num_layers=1, embed_channels=decoder.channels,
                         mlp_channels=decoder.channels, num_mlp=decoder.mlp_layers, rescale=True))
    model.decode_head.maskgen_cfg.update(
        sos_token_num=side.queries, num_layers=image.layers - MICRO.clip.extractor_layers, embed_dims=image.width,
        num_heads=image.heads, out_dims=MICRO.clip.embedding)


def micro_model():
    """Its side network's grid is that of 640×640 pixels whatever the patch, so the small one is put in its place."""
    model = check_mmseg.their_model(SIZES["san_vit_b_16"], micro_config)
    network = model.decode_head.side_adapter_network
    network.pos_embed = torch.nn.Parameter(torch.zeros(1, MICRO.side_adapter.grid[0] ** 2, MICRO.side_adapter.width))
    network.patch_embed.init_out_size = MICRO.side_adapter.grid
    return model


def outputs(model):
    """What mmsegmentation computes at 64×96, in float64; it must be what this reference computes."""
    ours = SAN(MICRO).load_procedural()
    model.load_state_dict(check_mmseg.their_weights(ours.state_dict()), strict=True)
    model.double()
    image = torch.from_numpy(procedural.image("input/micro", 64, 96)).double()
    clip = torch.nn.functional.interpolate(image.float(), scale_factor=0.5, mode="bilinear").double()
    features = model.image_encoder(clip)
    masks, biases = model.decode_head.side_adapter_network(image, features, [])
    found = {"clip.input": clip, "mask_logits": masks[-1], "attn_bias": biases[-1][0],
             "mask_embed": model.decode_head.rec_with_attnbias(biases[-1], features[-1])}
    mine = ours.stages(image, torch.eye(MICRO.clip.embedding))
    for name, theirs in found.items():
        assert (mine[name] - theirs).abs().max() <= 1e-9 * theirs.abs().max(), name
    return found


def checkpoint(model):
    """The members that mmengine's Runner saves but the optimiser, with values of the same types."""
    import mmengine
    from mmengine.logging import MessageHub

    hub = MessageHub.get_instance("fixture")
    for step in range(3):
        hub.update_scalar("train/loss", 3.5 - step)
        hub.update_info("iter", step)
    meta = {"epoch": 0, "iter": 60000, "cfg": "model = dict(type='MultimodalEncoderDecoder')\n", "seed": 304,
            "experiment_name": "san-micro_20230906_000000", "time": "20230906_000000",
            "mmengine_version": mmengine.__version__,
            "dataset_meta": {"classes": ("cat", "dog"), "palette": [[0, 192, 64], [0, 64, 96]], "label_map": None,
                             "reduce_zero_label": False}}
    weights = model.float().state_dict()
    assert isinstance(weights, collections.OrderedDict)
    return {"meta": meta, "state_dict": weights, "message_hub": hub.state_dict()}


def shapes(file):
    """Every tensor of a released size, by name."""
    return {name: list(x.shape) for name, x in check_mmseg.their_model(file).state_dict().items()}


@torch.no_grad()
def make(folder):
    folder.mkdir(parents=True, exist_ok=True)
    from mmengine.runner import save_checkpoint

    torch.set_default_dtype(torch.float64)
    model = micro_model()
    tensors = outputs(model)
    torch.set_default_dtype(torch.float32)
    save_file({name: x.float().contiguous() for name, x in tensors.items()}, folder / "micro_64x96.safetensors")
    save_checkpoint(checkpoint(model), str(folder / "micro.pth"))
    MICRO.save(folder / "micro.json")
    for name, file in SIZES.items():
        with open(folder / f"{name}.shapes.json", "w") as out:
            lines = [f"{json.dumps(tensor)}: {shape}" for tensor, shape in shapes(file).items()]
            out.write("{\n" + ",\n".join(lines) + "\n}\n")
