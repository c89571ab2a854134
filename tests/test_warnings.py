"""Warnings as errors change nothing: no number, no strategy, and nothing that was computed is lost."""

import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import symmeter
from symmeter.errors import SymmeterError, SymmeterWarning
from symmeter.measuring.interrupt import Interrupted
from symmeter.verbs.warned import recorded, repeat, warn

IMAGES = torch.rand(6, 3, 8, 8, generator=torch.Generator().manual_seed(1))
README = Path(__file__).parents[1] / "README.md"


class Net(nn.Module):
    """A convolution, and then what is given."""

    def __init__(self, then, *modules):
        super().__init__()
        torch.manual_seed(0)
        self.stem, self.rest, self.then = nn.Conv2d(3, 4, 3, padding=1), nn.ModuleList(modules), then

    def forward(self, x):
        return self.then(self.stem(x), *self.rest)


def plain():
    return Net(lambda h: h.mean((2, 3))).eval()


class Warning_(Net):
    """Warns in every forward pass."""

    def __init__(self):
        super().__init__(lambda h: h.mean((2, 3)))

    def forward(self, x):
        warnings.warn("the model's own words", UserWarning, stacklevel=1)
        return super().forward(x)


def measured(net, verb=symmeter.measure, **options):
    return verb(net, IMAGES, "translation_x", output="logits:invariant", progress=False, **options)


# Operations of which vmap says that they are slow, kernels without a derivative, torch's own modules.
ORDINARY = {
    "convolution": lambda: Net(lambda h: F.gelu(h).mean((2, 3))),
    "bilinear": lambda: Net(lambda h, m: m(h.flatten(1)[:, :8], h.flatten(1)[:, 8:16]), nn.Bilinear(8, 8, 5)),
    "unpooling": lambda: Net(lambda h: F.max_unpool2d(*F.max_pool2d(h, 2, return_indices=True), 2).mean((2, 3))),
    "glu": lambda: Net(lambda h: F.glu(h, 1).mean((2, 3))),
    "lstm": lambda: Net(lambda h, m: m(h.flatten(2).mT)[0][:, -1], nn.LSTM(4, 6, batch_first=True)),
    "attention": lambda: Net(lambda h, m: m(h.flatten(2).mT).mean(1), nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)),
    "weight norm": lambda: Net(lambda h, m: m(h).mean((2, 3)), nn.utils.parametrizations.weight_norm(nn.Conv2d(4, 4, 3))),
}  # fmt: skip


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_run_has_no_warning(name):
    net = ORDINARY[name]().eval()
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        before = measured(net)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        after = measured(net)
    assert [str(one.message) for one in heard] == []
    assert before.header["spec"]["strategy"] == after.header["spec"]["strategy"]
    assert before.rows[0].value == pytest.approx(after.rows[0].value, rel=1e-6)  # chunks may differ


def test_the_models_own_warning_is_said_once_about_its_own_line():
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("default")
        result = measured(Warning_().eval())
    assert [str(one.message) for one in heard] == ["the model's own words"]
    assert (
        heard[0].filename == __file__
        and "warnings.warn" in Path(__file__).read_text().splitlines()[heard[0].lineno - 1]
    )
    assert result.rows[0].value == pytest.approx(measured(plain()).rows[0].value, rel=1e-6)


@pytest.mark.parametrize("verb", [symmeter.measure, symmeter.attribute])
def test_an_error_of_the_models_warning_comes_at_the_end_with_the_result(verb):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="the model's own words") as raised:
            measured(Warning_().eval(), verb)
    expected = measured(plain(), verb)
    result = raised.value.result
    assert "in `.result`" in raised.value.__notes__[0]
    assert (
        result.status == "complete"
        and result.header["spec"]["strategy"] == expected.header["spec"]["strategy"]
    )
    assert result.rows[0].value == pytest.approx(expected.rows[0].value, rel=1e-6)


def test_an_error_of_our_own_note_has_the_result():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(SymmeterWarning, match="train mode") as raised:
            measured(plain().train())
    assert raised.value.result.rows[0].value == pytest.approx(measured(plain()).rows[0].value, rel=1e-6)
    assert "train mode" in raised.value.result.warnings[0]


def test_filters_for_a_module_or_a_text_still_count():
    for chosen in (
        {"module": __name__.replace(".", r"\.")},
        {"message": "the model's own"},
        {"category": UserWarning},
    ):
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            warnings.filterwarnings("ignore", **chosen)
            measured(Warning_().eval())
        assert heard == [], chosen


def test_a_note_is_about_the_line_that_called(capsys):
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        symmeter.measure(plain().train(), IMAGES, "rotation", output="logits", progress=False)
    assert [Path(one.filename).name for one in heard] == [Path(__file__).name]


def test_other_verbs_too(tmp_path):
    (tmp_path / "net.py").write_text(
        "import warnings\nfrom torch import nn\n"
        "def build():\n    warnings.warn('deprecated builder', DeprecationWarning)\n    return nn.Flatten()\n"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DeprecationWarning, match="deprecated builder") as raised:
            symmeter.load_model(f"{tmp_path / 'net.py'}:build")
        assert isinstance(raised.value.result.model, nn.Flatten)
        invariant = Net(lambda h: h.amax((2, 3))).eval()
        invariant.stem = nn.Identity()
        symmeter.assert_equivariant(invariant, IMAGES, "hflip")
        with pytest.raises(AssertionError, match="not symmetric"):
            symmeter.assert_equivariant(Warning_().eval(), IMAGES, "C4", tolerance=1e-9)
        symmeter.maps(plain(), IMAGES, output="logits")
        symmeter.measure(plain(), IMAGES, "C4", output="logits", control="untrained", progress=False)


def test_what_a_data_set_warns_of_does_not_stop_it():
    class Warner(torch.utils.data.Dataset):
        def __len__(self):
            return 4

        def __getitem__(self, i):
            warnings.warn("metadata", RuntimeWarning, stacklevel=1)
            return IMAGES[i]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeWarning, match="metadata") as raised:
            symmeter.measure(plain(), Warner(), "rotation", output="logits", progress=False)
    assert raised.value.result.rows[0].n == 4 and raised.value.result.status == "complete"


def test_a_mistake_is_not_hidden_by_a_warning():
    class Failing(Warning_):
        def forward(self, x):
            super().forward(x)
            raise ValueError("no such input")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(SymmeterError, match="ValueError: no such input"):
            measured(Failing().eval())


def test_an_interrupt_keeps_its_result():
    class Stopped(Warning_):
        calls = 0

        def forward(self, x):
            type(self).calls += 1
            if type(self).calls > 18:
                raise KeyboardInterrupt
            return super().forward(x)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(Interrupted) as stop:
            measured(Stopped().eval(), batch_size=1, control=False)
    assert 0 < stop.value.result.rows[0].n < 6


@pytest.mark.slow
def test_threads_do_not_lose_each_others_filters():
    before, show = list(warnings.filters), warnings.showwarning
    start, heard = threading.Barrier(2), {}

    def work(name):
        start.wait()
        for i in range(200):
            with recorded() as found:
                warnings.warn(f"{name} {i}", stacklevel=1)
                warn(name)
            heard.setdefault(name, []).append([str(one.message) for one in found])

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == {name: [[f"{name} {i}", name] for i in range(200)] for name in ("one", "two")}
    assert warnings.filters == before and warnings.showwarning is show


def test_a_second_recording_does_not_touch_the_filters_of_the_first(monkeypatch):
    """Another thread may be warning at that very moment, and Python takes a filter out before it puts it first."""
    with recorded():
        before = list(warnings.filters)
        monkeypatch.setattr(warnings, "simplefilter", lambda *args: pytest.fail("the filters were touched"))
        with recorded():
            assert warnings.filters == before
        monkeypatch.undo()
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # as a verb's caller may do
            with recorded() as found:
                warnings.warn("heard", stacklevel=1)
    assert [str(one.message) for one in found] == ["heard"]


def test_recorded_says_what_it_heard_when_it_fails_and_never_in_place_of_the_failure():
    def broken():
        with recorded():
            warnings.warn("before it broke", stacklevel=1)
            warnings.warn("and more", stacklevel=1)
            raise KeyError

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with pytest.raises(KeyError):
            broken()
    assert [str(one.message) for one in heard] == ["before it broke", "and more"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(KeyError):
            broken()


def test_the_first_result_stays_with_a_warning():
    with recorded() as found:
        warn("a note")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for result in (1, 2):
            with pytest.raises(SymmeterWarning) as raised:
                repeat(found, result)
    assert raised.value.result == 1


def python(*words, folder, timeout=200):
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(Path(symmeter.__file__).parents[1]),
    }
    environment.pop("PYTHONWARNINGS", None)
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=timeout, env=environment,
                          cwd=folder, check=False)  # fmt: skip


@pytest.mark.parametrize(("options", "fails"), [([], False), (["-W", "error:hello"], True)])
def test_what_was_typed_in_is_warned_of_too(options, fails):
    """It comes from no file, such as a cell of a notebook: Python drops warnings of what has no module."""
    code = "from symmeter.verbs.warned import recorded, repeat, warn\nwith recorded() as f: warn('hello')\nrepeat(f)"
    done = python(*options, "-c", code, folder=None)
    assert bool(done.returncode) == fails
    assert done.stderr.splitlines()[-1].endswith("SymmeterWarning: hello")


@pytest.mark.slow
def test_the_first_example_of_the_readme_prints_its_table_alone(tmp_path):
    """In a process of its own: torch says some things once a process."""
    code = README.read_text().split("```python\n")[1].split("```")[0]
    (tmp_path / "example.py").write_text(
        "import torch\ntorch.manual_seed(0)\ntorch.set_num_threads(1)\n" + code
    )
    usual = python("example.py", folder=tmp_path)
    strict = python("-W", "error", "example.py", folder=tmp_path)
    assert usual.returncode == strict.returncode == 0
    assert usual.stderr == strict.stderr == ""
    assert usual.stdout.splitlines()[:3] == strict.stdout.splitlines()[:3] and "rotation" in usual.stdout


@pytest.mark.slow
@pytest.mark.parametrize("words", [
    ["measure", "net.py:build", "d.npz", "--symmetry", "translation_x,C4"],
    ["layers", "net.py:build", "d.npz", "--probes", "0"],
    ["sweep", "net.py:build", "d.npz", "--store", "st", "--quiet", "--jobs", "1"],
])  # fmt: skip
def test_the_command_line_is_the_same(words, tmp_path):
    (tmp_path / "net.py").write_text(
        "import warnings\nfrom torch import nn\nwarnings.warn('old module', DeprecationWarning)\n"
        "class Net(nn.Sequential):\n"
        "    def forward(self, x):\n"
        "        warnings.warn('slow path')\n"
        "        return super().forward(x)\n"
        "def build(): return Net(nn.Conv2d(3, 4, 3), nn.GELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)).eval()\n"
    )
    pixels = np.random.default_rng(0).integers(0, 255, (4, 8, 8, 3), dtype=np.uint8)
    np.savez(tmp_path / "d.npz", images=pixels)
    outputs = []
    for options in ([], ["-W", "error"]):
        done = python(
            *options,
            "-m",
            "symmeter",
            *words,
            *(["--seeds", str(len(outputs))] if words[0] == "sweep" else []),
            folder=tmp_path,
        )
        assert (done.returncode, done.stderr) == (0, "")
        outputs.append(done.stdout)
    assert outputs[0].splitlines()[0] == outputs[1].splitlines()[0] != ""
