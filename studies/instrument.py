"""The instrument itself: does it converge as it says, and how much hangs on choices that should not matter?

    python studies/instrument.py [--quick]

On a trained network (CIFAR-10 ResNet-20 where its weights are at hand, else one trained here on digits): the standard
error against the number of images and of group samples, float32 against float64, the definition, padding, and the floor
of a network that is invariant by construction.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import symmeter

sys.path.insert(0, str(Path(__file__).resolve().parent))
from common import Study, Verdict, interval, main, yes

DEFINITIONS = ("bandlimited", "periodic", "sinc", "bicubic", "bilinear", "gruver2023")


class Instrument(Study):
    """Convergence, precision and choices."""

    def rows(self) -> Iterable[dict[str, Any]]:
        model, images = self._subject()
        common = {"symmetry": "translation_x", "output": "softmax", "progress": False}
        counts = (8, 16) if self.quick else (16, 64, 256, 1024)
        for n in counts:
            for seed in range(3 if self.quick else 20):
                yield from self.step(f"images-{n}-{seed}", lambda n=n, seed=seed: [
                    self._row("images", n, seed, symmeter.measure(model, self._some(images, n, seed), **common))
                ])  # fmt: skip
        for n in (4, 8) if self.quick else (4, 16, 64, 256):
            for seed in range(2 if self.quick else 10):
                yield from self.step(f"elements-{n}-{seed}", lambda n=n, seed=seed: [
                    self._row("elements", n, seed, symmeter.measure(
                        model, images[:8], "SO2", "relative_error", "softmax", elements=n, seed=seed, control=False,
                        progress=False))
                ])  # fmt: skip
        some = images[: 8 if self.quick else 128]
        for definition in DEFINITIONS:
            yield from self.step(f"definition-{definition}", lambda d=definition: [
                self._row("definition", d, 0, symmeter.measure(model, some, definition=d, **common))
            ])  # fmt: skip
        for padding in ("reflect", "zeros", "circular"):
            yield from self.step(f"padding-{padding}", lambda p=padding: [
                self._row("padding", p, 0, symmeter.measure(
                    model, images[: 8 if self.quick else 64], "T2(0.125)", "relative_error", padding=p, elements=16,
                    progress=False))
            ])  # fmt: skip
        for dtype in ("float32", "float64"):
            yield from self.step(f"precision-{dtype}", lambda d=dtype: [
                self._row("precision", d, 0, symmeter.measure(
                    model.to(getattr(torch, d)), some.to(getattr(torch, d)), **common))
            ])  # fmt: skip
        model.float()
        symmetric = nn.Sequential(nn.Conv2d(3, 8, 1), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
        yield from self.step("floor", lambda: [
            self._row("floor", "hue of a pooled network", 0, symmeter.measure(
                symmetric, images[:8], "C4", "relative_error", "logits", progress=False))
        ])  # fmt: skip

    def judge(self, table: Any) -> list[Verdict]:
        found = []
        for kind in ("images", "elements"):
            words = f"the standard error falls as one over the root of the number of {kind}"
            rows = table[table["kind"] == kind].astype({"setting": float})
            slope, error = _slope(np.log(rows["setting"]), np.log(rows["standard_error"]))
            good = abs(slope + 0.5) < max(0.1, 2 * error)
            found.append(
                Verdict(
                    words, "reproduced" if good else "not reproduced", f"exponent {interval(slope, error)}"
                )
            )
        rows = table[table["kind"] == "images"]
        spread = rows.groupby("setting").agg(seen=("value", "std"), told=("standard_error", "mean"))
        ratio = float((spread["seen"] / spread["told"]).mean())
        found.append(Verdict("the standard error is the spread over samples of images", yes(0.6 < ratio < 1.6),
                             f"spread over samples / standard error {ratio:.2f}"))  # fmt: skip
        narrow, wide = (float(table[(table["kind"] == "precision") & (table["setting"] == d)]["value"].iloc[0])
                        for d in ("float32", "float64"))  # fmt: skip
        apart = abs(narrow / wide - 1)
        found.append(
            Verdict("float32 is enough", yes(apart < 1e-3), f"relative difference to float64 {apart:.1e}")
        )
        one = table[(table["kind"] == "definition") & (table["setting"] == "bandlimited")]["value"].iloc[0]
        other = table[(table["kind"] == "definition") & (table["setting"] == "gruver2023")]["value"].iloc[0]
        found.append(Verdict("the definition of the derivative matters", yes(abs(other / one - 1) > 0.1),
                             f"gruver2023 / bandlimited {other / one:.2f}"))  # fmt: skip
        floor = table[table["kind"] == "floor"].iloc[0]
        found.append(Verdict("an equivariant network is at the floor", yes(floor["verdict"] == "not resolved"),
                             f"value {floor['value']:.1e}, floor {floor['floor']:.1e}"))  # fmt: skip
        return found

    def draw(self, table: Any) -> Any:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(9.6, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        for kind, colour in (("images", "#0072B2"), ("elements", "#D55E00")):
            rows = table[table["kind"] == kind].astype({"setting": float})
            relative = rows["standard_error"] / rows["value"]
            left.loglog(rows["setting"], relative, "o", color=colour, alpha=0.5, label=kind)
            x = np.array(sorted(rows["setting"].unique()))
            left.loglog(
                x, float(relative[rows["setting"] == x[0]].mean()) * (x[0] / x) ** 0.5, "-", color=colour
            )
        left.set_xlabel("number")
        left.set_ylabel("standard error / value")
        left.set_title("Convergence; lines fall as one over the root", fontsize=10)
        left.legend(frameon=False)
        rows = table[table["kind"] == "definition"]
        right.barh(rows["setting"], rows["value"], xerr=rows["standard_error"], color="#56B4E9")
        right.set_xlabel("LEE, translation_x")
        right.set_title("Definition of the derivative", fontsize=10)
        for ax in (left, right):
            ax.spines[["top", "right"]].set_visible(False)
        return figure

    def _subject(self) -> tuple[nn.Module, Tensor]:
        """A trained network and its inputs."""
        if self.data is not None:
            weights = str(self.data / "weights" / "cifar10_resnet20.pth")
            model = symmeter.load_model(f"{self.data / 'models.py'}:cifar10_resnet20", weights=weights).model
            stored = np.load(self.data / "images" / "cifar10" / "test.npz")["images"]
            pixels = stored[: 64 if self.quick else 4096]
            x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
            mean, std = (
                torch.tensor(v)[:, None, None] for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
            )
            return model.eval(), (x - mean) / std
        from symmeter.demo.networks import load_digits, train_digit_nets

        model = nn.Sequential(_Gray(), train_digit_nets(epochs=2 if self.quick else 20)["plain CNN"]).eval()
        return model, load_digits().test_x.expand(-1, 3, -1, -1)

    @staticmethod
    def _some(images: Tensor, n: int, seed: int) -> Tensor:
        return images[torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))[:n]]

    @staticmethod
    def _row(kind: str, setting: Any, seed: int, result: Any) -> dict[str, Any]:
        row = result.rows[0]
        error = row.element_standard_error if kind == "elements" else row.standard_error
        return {"kind": kind, "setting": setting, "seed": seed, "measure": row.measure, "symmetry": row.symmetry,
                "value": row.value, "selectivity": row.selectivity,
                "standard_error": error, "floor": row.floor, "n": row.n, "verdict": row.verdict}  # fmt: skip


class _Gray(nn.Module):
    """Three equal channels to one."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(1, keepdim=True)


def _slope(x: Any, y: Any) -> tuple[float, float]:
    """Least squares: slope and its standard error."""
    from scipy.stats import linregress

    fitted: Any = linregress(x, y)
    return float(fitted.slope), float(fitted.stderr)


if __name__ == "__main__":
    sys.exit(main(Instrument))
