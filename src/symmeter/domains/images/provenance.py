"""What a model's name says of it: kind of architecture, training data, training method. Tags of a list come first."""

import itertools
from collections.abc import Mapping, Sequence

Row = Mapping[str, object]  # one of a list of models, by the names of its columns

ARCHITECTURES = ("CNN", "transformer", "mixer", "hybrid", "other")
_TRANSFORMERS = (
    "beit", "cait", "csatv2", "davit", "deit", "eva", "focalnet", "gcvit", "hiera", "hieradet", "mvitv2", "naflexvit",
    "pit", "pvt", "rdnet_t", "swin", "tiny_vit", "tnt", "twins", "vision_transformer", "vit", "vitamin", "volo", "xcit",
    "aimv2", "dinov", "samvit", "flexivit", "hf", "naflex",
)  # fmt: skip
_HYBRIDS = (
    "coat", "convit", "crossvit", "edgenext", "efficientformer", "efficientvit", "fastvit", "levit", "maxxvit",
    "maxvit",
    "coatnet", "mobilevit", "next_vit", "nextvit", "nest", "repvit", "shvit", "swiftformer", "visformer",
    "vision_transformer_hybrid", "botnet", "halonet", "lambda", "metaformer", "poolformer", "caformer", "convformer",
    "mobilenetv5", "mambaout", "sequencer", "efficientvim", "iformer", "fasternet_t",
)  # fmt: skip
_MIXERS = ("mlp_mixer", "mixer", "gmixer", "resmlp", "gmlp")
_MEMBERS = {"mixer": _MIXERS, "hybrid": _HYBRIDS, "transformer": _TRANSFORMERS}
_WEB = (
    "laion", "openai", "webli", "datacomp", "dfn", "metaclip", "merged2b", "m38m", "ig1b", "yfcc", "jft", "lvd",
    "sat493m",
    "dfndr", "cc12m", "swsl", "ssl", "sa1b", "m30m",
)  # fmt: skip
_DATA = {"web": _WEB, "ImageNet-21k": ("in21k", "in22k", "in12k")}
# how words begin; the short ones are whole words
_METHODS = {
    "language and image": ("_clip", "_siglip", "_openai", "_laion", "_datacomp", "_metaclip", "_dfn_", "_webli"),
    "self-supervised": (
        "_mae_", "_fcmae", "_beit", "_dino", "_ijepa", "_moco", "_mim_", "_aim_", "_simclr",
    ),
    "semi-supervised": ("_swsl", "_ssl_", "_ns_", "_noisystudent"),
    "distilled": ("_dist", "_dfndr"),
}  # fmt: skip


def architecture(row: Row) -> str:
    """One of ARCHITECTURES: from the tag `architecture`, the family of the library, or the name.

    >>> architecture({"model": "timm:resnet50", "family": "resnet"})
    'CNN'
    >>> architecture({"model": "timm:deit3_small_patch16_224.fb_in1k", "family": "deit"})
    'transformer'
    """
    if given := _tag(row, "architecture"):
        return given
    name = _word(row, "model").rpartition(":")[2].lower()
    family = _word(row, "family").lower()
    for words, (kind, members) in itertools.product((family, name), _MEMBERS.items()):
        if words.startswith(members):
            return kind
    convolutional = any(word in name for word in ("net", "vgg", "conv", "inception", "cnn", "xception"))
    return "CNN" if convolutional or family not in ("", "callable", "hf") else "other"


def training_data(row: Row) -> str:
    """`none` of random weights; else what the pretrained tag says, ImageNet-1k where it says nothing."""
    return _tag(row, "training_data") or _by_weights(row, "none", _DATA, "ImageNet-1k")


def training(row: Row) -> str:
    """`untrained`, `supervised`, `distilled`, `semi-supervised`, `self-supervised` or `language and image`."""
    return _tag(row, "training") or _by_weights(row, "untrained", _METHODS, "supervised")


def _by_weights(row: Row, of_fresh: str, marks: Mapping[str, Sequence[str]], usual: str) -> str:
    """What the pretrained tag has a mark of: `of_fresh` for random weights, `usual` for a hub's weights without one."""
    if row.get("fresh"):
        return of_fresh
    words = f"_{_pretrained_tag(row).replace('.', '_')}_"
    for found, members in marks.items():
        if any(word in words for word in members):
            return found
    return usual if _word(row, "model").startswith(("timm:", "torchvision:")) else "unknown"


def _tag(row: Row, name: str) -> str:
    value = row.get(f"tag_{name}")
    return value if isinstance(value, str) else ""


def _word(row: Row, name: str) -> str:
    return str(row.get(name) or "")


def _pretrained_tag(row: Row) -> str:
    """What comes after the dot in timm's names, or the name of the weights that it chose."""
    model, weights = _word(row, "model"), _word(row, "weights")
    return f"{model.partition('.')[2]} {weights.removeprefix('pretrained')}".strip().lower()
