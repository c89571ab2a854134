"""What a model's name says of it: kind of architecture, training data, training method. Tags of a list come first."""

from collections.abc import Mapping

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
_METHODS = {
    "language and image": ("clip", "siglip", "openai", "laion", "datacomp", "metaclip", "dfn", "webli"),
    "self-supervised": ("mae", "fcmae", "beit", "dino", "ijepa", "moco", "mim", "aim", "simclr"),
    "semi-supervised": ("swsl", "ssl", "ns", "ns_jft", "noisystudent"),
    "distilled": ("dist", "distill", "distilled", "dist1", "dist2", "dfndr"),
}


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
    for words in (family, name):
        for kind, members in _MEMBERS.items():
            if words.startswith(members):
                return kind
    return "CNN" if family not in ("", "callable", "hf") or _looks_convolutional(name) else "other"


def training_data(row: Row) -> str:
    """`none` of random weights; else what the pretrained tag says, ImageNet-1k where it says nothing."""
    if given := _tag(row, "training_data"):
        return given
    if row.get("fresh"):
        return "none"
    tag = _pretrained_tag(row)
    for data, words in _DATA.items():
        if any(word in tag for word in words):
            return data
    return "ImageNet-1k" if _is_hub(row) else "unknown"


def training(row: Row) -> str:
    """`untrained`, `supervised`, `distilled`, `semi-supervised`, `self-supervised` or `language and image`."""
    if given := _tag(row, "training"):
        return given
    if row.get("fresh"):
        return "untrained"
    words = set(_pretrained_tag(row).replace(".", "_").split("_"))
    for method, members in _METHODS.items():
        beginnings = tuple(member for member in members if len(member) > 3)  # shorter ones are whole words
        if words.intersection(members) or any(word.startswith(beginnings) for word in words):
            return method
    return "supervised" if _is_hub(row) else "unknown"


def _tag(row: Row, name: str) -> str:
    value = row.get(f"tag_{name}")
    return value if isinstance(value, str) else ""


def _word(row: Row, name: str) -> str:
    return str(row.get(name) or "")


def _is_hub(row: Row) -> bool:
    return _word(row, "model").startswith(("timm:", "torchvision:"))


def _pretrained_tag(row: Row) -> str:
    """What comes after the dot in timm's names, or the name of the weights that it chose."""
    model, weights = _word(row, "model"), _word(row, "weights")
    return f"{model.partition('.')[2]} {weights.removeprefix('pretrained')}".strip().lower()


def _looks_convolutional(name: str) -> bool:
    return any(word in name for word in ("net", "vgg", "conv", "inception", "densenet", "cnn", "xception"))
