"""What every remedy must pass."""

import inspect
import math
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field

import pytest
import torch
from tests.helpers import check_refused
from torch import Tensor, nn

from symmeter.autodiff.forward_rules import load_tables
from symmeter.curing.listing import parse_remedies, remedies
from symmeter.curing.remedy import LayerRemedy, Purpose, Remedy
from symmeter.measuring.measure import measure
from symmeter.measuring.plan import Given, read_words


@dataclass(frozen=True)
class Case:
    """A network with an error along a symmetry: arguments as in `symmeter.measure`.

    `data` (N, ...) are few and small samples; `options` such as `{"definition": "periodic"}`.
    """

    network: Callable[[], nn.Module]
    data: Tensor
    symmetry: str = "translation_x"
    output: str = "logits"
    domain: str = "images"
    inputs: str | None = None
    options: Mapping[str, object] = field(default_factory=dict)

    def model(self) -> nn.Module:
        """The network, the same each time, in eval mode."""
        torch.manual_seed(0)
        return self.network().to(self.data.dtype).eval()

    def error(self, model: nn.Module) -> float:
        """What `symmeter.measure` finds: LEE along a generator, over a group the relative error."""
        named = {"domain": self.domain, "inputs": self.inputs, "output": self.output, "progress": False}
        which = "relative_error" if self.purpose().symmetry.groups else "lee"
        result = measure(model, self.data, self.symmetry, which, control=False, **named, **self.options)
        return sum(row.value for row in result.rows)

    def purpose(self, domain: str | None = None) -> Purpose:
        """What is to be cured, as remedies are told."""
        given = Given(self.data, self.domain, self.inputs, None, dict(self.options))
        symmetry = read_words(given, self.symmetry)[1]
        return Purpose(symmetry, domain or self.domain, self.output, self.inputs, dict(self.options))


class RemedyContract:
    """Inherit this, give the attributes, and every test below runs on your remedy.

    `case` is a network that was built for it, whose error falls by `factor` at least. Then at least one of `not_for`, a
    network in which it has no place, and `unhelped`, a case whose error must not fall to less than half. `arguments` are
    what may stand in brackets, `misfits` what may not.
    """

    remedy: Remedy
    case: Case
    factor: float
    not_for: nn.Module | None = None
    unhelped: Case | None = None
    arguments: tuple[str, ...] = ()
    misfits: tuple[str, ...] = ("nonsense", "-1")
    atol = 1e-9  # of values that are the same, in double precision

    def cure(self, case: Case, model: nn.Module | None = None, seen: bool = True) -> nn.Module:
        """The network of a case with the remedy at all of its places."""
        model = case.model() if model is None else model
        places = self.remedy.places(model)
        inputs = seen_inputs(model, places, case.data) if seen else {}
        return self.remedy.apply(deepcopy(model), places, inputs, case.purpose())

    # what it is called

    def test_it_is_found_by_its_name_and_reads_what_it_writes(self) -> None:
        assert remedies()[self.remedy.name] is type(self.remedy)
        for text in (self.remedy.name, *(f"{self.remedy.name}({given})" for given in self.arguments)):
            (parsed,) = parse_remedies(text)
            (again,) = parse_remedies(str(parsed))
            assert type(parsed) is type(again) is type(self.remedy)
            assert str(parsed) == str(again) and vars(parsed) == vars(again)
        assert str(parse_remedies(f"{self.remedy},{self.remedy.name}")[0]) == str(self.remedy)

    def test_nonsense_in_brackets_is_refused_in_one_line(self) -> None:
        for given in self.misfits:
            check_refused(self.remedy.name, parse_remedies, f"{self.remedy.name}({given})")

    def test_it_says_what_it_does(self) -> None:
        assert self.remedy.words and "\n" not in self.remedy.words and len(self.remedy.words) <= 100
        assert self.remedy.name == self.remedy.name.lower() and self.remedy.name.isidentifier()
        assert "Source: " in (inspect.getdoc(type(self.remedy)) or "")

    def test_what_is_usual_is_of_its_kind_and_of_its_domain(self) -> None:
        usual = self.remedy.usual(self.case.purpose())
        assert all(type(one) is type(self.remedy) for one in usual)
        assert len({str(one) for one in usual}) == len(usual)
        other = "signals" if self.case.domain == "images" else "images"
        elsewhere = self.remedy.usual(self.case.purpose(other))
        assert not isinstance(self.remedy, LayerRemedy) or list(elsewhere) == []

    # what becomes of the network

    def test_the_network_is_left_as_it_was(self) -> None:
        model = self.case.model()
        model.train(True)
        next(model.children(), model).eval()  # flags that differ
        next(model.parameters(), nn.Parameter(torch.zeros(1))).requires_grad_(False)
        before, state, random = described(model), deepcopy(model.state_dict()), torch.get_rng_state()
        self.cure(self.case, model)
        if isinstance(self.remedy, LayerRemedy):
            for place in self.remedy.places(model):
                self.remedy.exchange(model.get_submodule(place), None)
        assert described(model) == before
        assert same_state(model.state_dict(), state)
        assert torch.equal(torch.get_rng_state(), random)

    def test_flags_are_kept(self) -> None:
        for training in (True, False):
            cured = self.cure(self.case, self.case.model().train(training))
            assert {module.training for module in cured.modules()} == {training}
        model = self.case.model().requires_grad_(False)
        assert not any(parameter.requires_grad for parameter in self.cure(self.case, model).parameters())

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_shapes_and_dtypes_are_kept(self, dtype: torch.dtype) -> None:
        x, model = self.case.data.to(dtype), self.case.model().to(dtype)
        before, after = model(x), self.cure(self.case).to(dtype)(x)
        assert after.shape == before.shape and after.dtype == dtype
        assert after.isfinite().all()

    def test_it_changes_what_the_network_computes(self) -> None:
        x = self.case.data
        assert not torch.allclose(self.cure(self.case)(x), self.case.model()(x), atol=1e-6)

    def test_a_copy_is_the_same_network(self) -> None:
        cured, x = self.cure(self.case), self.case.data
        torch.testing.assert_close(deepcopy(cured)(x), cured(x), atol=self.atol, rtol=0)

    def test_its_state_loads_into_one_that_has_seen_nothing(self) -> None:
        cured, x = self.cure(self.case), self.case.data
        fresh = self.case.network().to(x.dtype).eval()
        with torch.no_grad():
            for parameter in fresh.parameters():
                parameter.normal_()
        fresh = self.cure(self.case, fresh, seen=False)
        fresh.load_state_dict(cured.state_dict())
        torch.testing.assert_close(fresh(x), cured(x), atol=self.atol, rtol=0)

    # what may be done with it

    def test_gradients_reach_the_parameters(self) -> None:
        cured, x = self.cure(self.case), self.case.data
        x = x.clone().requires_grad_()
        inputs = [x, *cured.parameters()]
        y = cured(x)
        slopes = torch.autograd.grad(y, inputs, torch.randn(y.shape, dtype=y.dtype), allow_unused=True)
        assert all(slope is not None and slope.isfinite().all() for slope in slopes)
        assert all(slope.any() for slope in slopes[1:2])

    def test_forward_derivatives_are_right(self) -> None:
        cured, x = self.cure(self.case).double(), self.case.data.double()
        v = torch.randn(x.shape, dtype=x.dtype, generator=torch.Generator().manual_seed(1))
        load_tables()
        _, tangent = torch.func.jvp(cured, (x,), (v,))
        h = 1e-7
        numeric = (cured(x + h * v) - cured(x - h * v)) / (2 * h)
        torch.testing.assert_close(tangent, numeric, atol=1e-5, rtol=1e-4)

    def test_it_works_one_by_one_under_vmap(self) -> None:
        cured, x = self.cure(self.case), self.case.data
        singly = torch.func.vmap(lambda one: cured(one[None])[0])(x)
        torch.testing.assert_close(singly, cured(x), atol=max(self.atol, 1e-6), rtol=1e-5)

    def test_it_works_where_precision_is_chosen_by_torch(self) -> None:
        x, cured = self.case.data.float(), self.cure(self.case).float()
        with torch.autocast("cpu", torch.bfloat16):
            result = cured(x)
        assert result.shape == cured(x).shape and result.isfinite().all()

    # what it is for

    def test_the_error_falls_on_a_network_that_was_built_for_it(self) -> None:
        model = self.case.model()
        before, after = self.case.error(model), self.case.error(self.cure(self.case, model))
        assert before > 1e-6  # far above round-off: there was something to cure
        assert after <= before / self.factor, (before, after)

    def test_it_does_not_apply_or_does_not_help_elsewhere(self) -> None:
        assert self.not_for is not None or self.unhelped is not None, "give one of the two"
        if self.not_for is not None:
            assert self.remedy.places(self.not_for) == []
        if self.unhelped is not None:
            model = self.unhelped.model()
            before, after = self.unhelped.error(model), self.unhelped.error(self.cure(self.unhelped, model))
            assert after > before / 2 and not math.isclose(before, 0, abs_tol=1e-12), (before, after)


def seen_inputs(model: nn.Module, places: list[str], x: Tensor) -> dict[str, Tensor]:
    """What reaches the modules among some places, as far as it is one tensor."""
    seen: dict[str, Tensor] = {}
    modules = dict(model.named_modules())
    hooks = [
        modules[place].register_forward_pre_hook(
            lambda module, given, place=place: seen.update({place: given[0].detach().clone()})
        )
        for place in places
        if place in modules
    ]
    with torch.no_grad():
        model(x)
    for hook in hooks:
        hook.remove()
    return seen


def described(model: nn.Module) -> list[tuple]:
    """Names, classes, flags and hooks of all modules and parameters."""
    modules = [
        (
            name,
            id(module),
            repr(module),
            module.training,
            len(module._forward_hooks),
            len(module._forward_pre_hooks),
        )
        for name, module in model.named_modules()
    ]
    return modules + [
        (name, id(parameter), parameter.requires_grad) for name, parameter in model.named_parameters()
    ]


def same_state(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> bool:
    """Whether two state dicts are equal bit by bit."""
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
