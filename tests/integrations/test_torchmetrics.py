"""The metric says what `symmeter.measure` says of all images, in any batches, on one process and on two."""

import pickle
from pathlib import Path

import pytest
import torch
import torchmetrics
from torch import distributed, multiprocessing, nn

import symmeter
from symmeter.errors import SymmeterError, SymmeterWarning
from symmeter.integrations.torchmetrics import SymmetryError

SYMMETRIES = "translation,rotation,hue"


def network(dtype=torch.float64, classes=5):
    torch.manual_seed(3)
    layers = [
        nn.Conv2d(3, 8, 3, stride=2),
        nn.GELU(),
        nn.BatchNorm2d(8),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
    ]
    return nn.Sequential(*layers, nn.Linear(32, classes)).to(dtype).eval()


def pictures(n=24, dtype=torch.float64):
    return torch.rand(n, 3, 12, 12, dtype=dtype, generator=torch.Generator().manual_seed(1))


def metric_on(batches, net=None, symmetry=SYMMETRIES, **options):
    metric = SymmetryError(symmetry, **options)
    for batch in batches:
        metric.update(net or network(batch.dtype), batch)
    return metric


@pytest.mark.parametrize(("dtype", "near"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
@pytest.mark.parametrize("sizes", [24, 7])
def test_it_is_measure_in_any_batches(dtype, near, sizes):
    x = pictures(dtype=dtype)
    found = metric_on(x.split(sizes)).compute()
    for row in symmeter.measure(network(dtype), x, SYMMETRIES).rows:
        assert found[row.symmetry].item() == pytest.approx(row.value, rel=near)
        assert found[f"{row.symmetry}_se"].item() == pytest.approx(row.standard_error, rel=max(near, 1e-9))
        stability = found[f"{row.symmetry}_stability"].item()
        other_pairs = 0.5  # where other images stand in
        assert stability == pytest.approx(row.stability, rel=near if sizes == 24 else other_pairs)


def test_an_image_that_comes_alone_counts_and_has_no_control():
    x = pictures(2)
    with pytest.warns(SymmeterWarning, match="one image: no interval and no control"):
        found = metric_on(x.split(1), symmetry="rotation").compute()
    (row,) = symmeter.measure(network(), x, "rotation").rows
    assert found["rotation"].item() == pytest.approx(row.value, rel=1e-12)
    assert found["rotation_stability"].isnan()


@pytest.mark.parametrize(
    "measure", ["geed", "geed(js,normalised)", "consistency", "relative_error", "geed(cosine)"]
)
@pytest.mark.parametrize("group", ["C4", "SO2"])
def test_over_groups_too(measure, group):
    x = pictures(6)
    found = metric_on(x.split(3), symmetry=group, measure=measure, elements=4).compute()
    (row,) = symmeter.measure(network(), x, group, measure, elements=4).rows
    assert found[group].item() == pytest.approx(row.value, rel=1e-12)
    if group == "C4":  # all of its elements
        assert found[f"{group}_se"].item() == pytest.approx(row.standard_error, rel=1e-9)
    stability = found.get(f"{group}_stability", torch.tensor(torch.nan))
    assert row.stability is None or stability.item() == pytest.approx(row.stability, rel=0.9)


def test_several_measures_and_symmetries_are_told_apart():
    metric = metric_on([pictures(4)], symmetry="rotation,C4", measure="lee,geed,consistency", control=False)
    names = ["lee/rotation", "geed/C4", "consistency/C4"]
    assert list(metric.compute()) == [word for name in names for word in (name, f"{name}_se")]


def test_states_are_sums_and_counts():
    whole, first, second = (metric_on([x]) for x in (pictures(), pictures()[:8], pictures()[8:]))
    assert set(whole.metric_state) == {"sums", "non_finite"}
    assert whole.sums.dtype == torch.float64
    assert torch.equal(whole.sums[:, 0], first.sums[:, 0] + second.sums[:, 0])
    torch.testing.assert_close(whole.sums[:, :6], (first.sums + second.sums)[:, :6], rtol=1e-12, atol=0)


def test_forward_gives_the_batch_and_keeps_the_whole():
    net, (first, second) = network(), pictures().split(12)
    metric = SymmetryError("rotation")
    alone = [metric(net, x)["rotation"] for x in (first, second)]
    assert alone[1] == metric_on([second], symmetry="rotation").compute()["rotation"]
    assert metric.compute()["rotation"].item() == pytest.approx(sum(alone).item() / 2, rel=1e-12)
    metric.reset()
    assert not metric.sums.any() and not metric.update_called


def test_in_a_collection_beside_a_metric_of_predictions():
    net, x = network(), pictures()
    both = torchmetrics.MetricCollection(
        [SymmetryError("rotation"), torchmetrics.Accuracy(task="multiclass", num_classes=5)], prefix="val_"
    )
    both.update(model=net, images=x, preds=net(x), target=torch.zeros(24, dtype=torch.int64))
    found = both.compute()
    assert found["val_rotation"] == metric_on([x], symmetry="rotation").compute()["rotation"]
    assert "val_MulticlassAccuracy" in found


def test_the_network_is_no_part_of_the_metric_and_is_left_as_it_was():
    net = network().train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with torch.inference_mode():
        metric = metric_on([pictures()], net)
    assert list(metric.parameters()) == [] and list(metric.state_dict()) == []
    assert all(module.training for module in net.modules())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    again = pickle.loads(pickle.dumps(metric))
    assert again.compute() == metric.compute() and metric.clone().compute() == metric.compute()


def test_images_without_a_finite_value_are_counted_and_said_once():
    x = pictures()
    x[3] = torch.nan
    with pytest.warns(SymmeterWarning, match="left out") as said:
        metric = metric_on([x[:12], x[:12], x[12:]], symmetry="rotation")
    assert len(said) == 1
    assert "image[3], image[10]" in str(said[0].message)  # the tenth has the third for its reference
    assert metric.non_finite == 4 and metric.sums[0, 0] == 32
    with pytest.raises(SymmeterError, match="NaN or infinite"):
        metric.update(network(), x[3:4])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"symmetry": "rotaton"}, "did you mean 'rotation'"),
        ({"symmetry": "C4", "measure": "lee"}, "needs generators"),
        ({"output": "softmax,logits"}, "one metric for each"),
        ({"control": "wrong"}, "control is 'wrong'"),
        ({"wrong_option": 1}, "wrong_option"),
    ],
)
def test_a_mistake_is_said_when_the_metric_is_made(words, message):
    with pytest.raises(SymmeterError, match=message):
        SymmetryError(**words)


def test_a_measure_that_is_no_mean_over_images_is_refused():
    metric = SymmetryError("C4", "logits", "normalised_variance")
    with pytest.raises(SymmeterError, match="no sums that add up over batches"):
        metric.update(network(), pictures(4))


def test_what_an_update_has_to_fit_is_not_guessed_without_one():
    metric = SymmetryError("C4", "logits", "geed")
    with pytest.warns(UserWarning, match="before the ``update``"):
        assert metric.compute()["C4"].isnan()


def work(rank, folder):
    """One of two processes, with every second batch."""
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    net = nn.parallel.DistributedDataParallel(network())
    batches = pictures().split(6)[rank::2]
    metric = metric_on(batches, net, symmetry="rotation,scale,C4")
    torch.save(metric.compute(), Path(folder) / f"{rank}.pt")
    distributed.destroy_process_group()


@pytest.mark.slow
def test_two_processes_are_one(tmp_path):
    alone = metric_on(pictures().split(6), symmetry="rotation,scale,C4").compute()
    multiprocessing.spawn(work, (str(tmp_path),), nprocs=2)
    for rank in range(2):
        together = torch.load(tmp_path / f"{rank}.pt")
        assert list(together) == list(alone)
        for name, value in alone.items():
            assert together[name].item() == pytest.approx(value.item(), rel=1e-12), name
