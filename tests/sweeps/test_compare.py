"""`compare` on results, saved ones, stores and models."""

import math
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats
from tests.helpers import check_refused
from tests.results.compared import made_result, row_of, values_of
from torch import nn

import symmeter
from symmeter.sweeps.packed import packed
from symmeter.sweeps.store import Store

pytest.importorskip("pyarrow", exc_type=ImportError)
VALUES = values_of(0)


class Scaled(nn.Module):
    """Some pixels of an image, times a factor: LEE goes with its square."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor
        self.eval()

    def forward(self, x):
        return self.factor * x[:, :, 1, 2]


def committed(store, results, seed=0):
    """Commit results to a store as cells, by name."""
    for name, result in results.items():
        entry = {"model": name, "name": name, "untrained": False, "tags": {}}
        spec = {"seed": seed, "kind": "measure", "symmetry": "rotation", "output": "logits"}
        key = f"{len(store.keys()):032x}"
        task = {"key": key, "entry": entry, "spec": spec, "data": "photos", "code": "1"}
        store.commit(key, packed(result, task, None))


def test_models_are_measured_on_the_same_images():
    x = torch.rand(9, 3, 6, 6)
    comparison = symmeter.compare(
        Scaled(1.0),
        Scaled(3.0),
        data=x,
        symmetry="translation",
        output="logits",
        samples=8,
        seed=3,
        progress=False,
    )
    assert comparison.images == (8,) and comparison.models == ("Scaled", "Scaled #2")
    for row in comparison.rows:
        expected = 9.0 if row.quantity == "value" else 1.0
        assert row.ratio == pytest.approx(expected, rel=1e-4)


def test_results_saved_ones_and_models_may_be_mixed(tmp_path):
    x = torch.rand(8, 3, 6, 6)
    spec = {"symmetry": "rotation", "output": "logits", "progress": False}
    first = symmeter.measure(Scaled(1.0), x, **spec)
    folder = symmeter.measure(Scaled(2.0), x, **spec).save(tmp_path / "second")
    comparison = symmeter.compare(first, folder, Scaled(3.0), data=x, **spec)
    assert comparison.models == ("Scaled", "Scaled (second)", "Scaled #2")
    assert [row_of(comparison, model=name).ratio for name in comparison.models[1:]] == pytest.approx(
        [4, 9], rel=1e-4
    )


def test_of_a_store_those_on_the_same_images_are_compared(tmp_path):
    store = Store(tmp_path / "store", create=True)
    committed(store, {"a": made_result({"rotation": VALUES}), "b": made_result({"rotation": 2 * VALUES})})
    others = [f"x{i}" for i in range(16)]
    committed(store, {"c": made_result({"rotation": VALUES}, others)}, seed=1)
    comparison = symmeter.compare(store.url)
    assert comparison.models == ("a", "b") and row_of(comparison).ratio == pytest.approx(2)
    assert "1 more cells" in comparison.notes[-1]
    again = symmeter.compare(made_result({"rotation": 4 * VALUES}), tmp_path / "store")
    assert [row_of(again, model=name).ratio for name in "ab"] == pytest.approx([0.25, 0.5])


def test_a_sweep_can_be_compared(tmp_path, images):
    zoo = Path(__file__).with_name("zoo.py")
    rows = [{"model": f"{zoo}:small", "name": f"small {w}", "model_kwargs": {"width": w}, "mean": [0.5], "std": [0.25]} for w in (3, 4)]  # fmt: skip
    symmeter.sweep(
        rows, images, tmp_path / "store", symmetry="rotation", control="both", progress=False, jobs=1
    )
    comparison = symmeter.compare(tmp_path / "store")
    assert comparison.models == ("small 3", "small 4") and comparison.images == (8,)
    assert {row.quantity for row in comparison.rows} == {"value", "stability", "specificity"}


def test_mistakes_are_one_line(tmp_path):
    result = made_result({"rotation": VALUES})
    x = torch.rand(8, 3, 6, 6)
    check_refused("give two or more", symmeter.compare, result)
    check_refused("a model needs data", symmeter.compare, Scaled(1.0), Scaled(2.0))
    check_refused("nothing: no result or store", symmeter.compare, result, "nothing")
    check_refused("leave it out", symmeter.compare, result, result, data=x)
    check_refused("a model is an nn.Module.*not 3", symmeter.compare, result, 3)
    file = tmp_path / "result.json"
    result.to_json(file)
    check_refused("a JSON file leaves them out", symmeter.compare, result, file)
    (tmp_path / "empty").mkdir()
    check_refused("no result there", symmeter.compare, result, tmp_path / "empty")
    check_refused("no option .colour.", symmeter.compare, Scaled(1.0), Scaled(2.0), data=x, colour="red")


@pytest.mark.slow
@pytest.mark.parametrize(("output", "images"), [("logits", 0.6), ("softmax", 0.4)])
def test_pairs_tell_real_networks_apart_with_fewer_images(shared_data, output, images):
    """ResNet-20 and ResNet-56 on 64 images of CIFAR-10: what is hard for the one is hard for the other.

    `images`: what share of those that unpaired intervals would need is enough. `pytest -s` prints the widths.
    """
    models = [
        symmeter.load_model(f"{shared_data}/models.py:{name}", weights=f"{shared_data}/weights/{name}.pth")
        for name in ("cifar10_resnet20", "cifar10_resnet56")
    ]
    spec = {"symmetry": "translation,rotation", "output": output, "control": "none", "samples": 64}
    spec |= {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225), "progress": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = [symmeter.measure(one, f"{shared_data}/images/cifar10/test.npz", **spec) for one in models]
    shares = []
    for row in results[1].compare(results[0]).rows:
        halves = [half_width(np.log(result.samples[f"lee:{row.symmetry}"])) for result in results]
        paired, unpaired = math.log(row.ratio_high / row.ratio_low) / 2, math.hypot(*halves)
        print(f"{output}, {row.symmetry}: paired {paired:.2g}, unpaired {unpaired:.2g}")
        shares.append(paired / unpaired)
    assert len(shares) == 3 and all(share < 0.85 for share in shares)
    assert np.mean(np.square(shares)) < images


def half_width(logs):
    """Half of Student's 95 % interval of a mean."""
    return stats.t.ppf(0.975, len(logs) - 1) * stats.sem(logs)
