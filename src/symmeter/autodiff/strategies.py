"""Ways to push tangents through a function, behind one interface: (y, df_x(v) for every tangent v)."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch._C._functorch import _set_vmap_fallback_warning_enabled  # type: ignore[attr-defined]
from torch.func import jvp, vmap
from torch.utils import _pytree as pytree

from symmeter.autodiff.backward_rules import BackwardRules
from symmeter.autodiff.forward_rules import ForwardRules
from symmeter.autodiff.steps import Tree, along, steadiest_step, step_size
from symmeter.errors import SymmeterError


class Strategy(ABC):
    """`strategy(f, x, tangents)` -> (f(x), pushed): x is (B, ...), tangents (T, B, ...), pushed (T, B, ...).

    Values may be tuples or dicts of such tensors. Every image is its own problem: f acts on each alone.
    """

    name: str
    exact = True  # False: a difference quotient, with a step

    @abstractmethod
    def __call__(self, f: Callable, x: Tree, tangents: Tree) -> tuple[Tree, Tree]: ...


@dataclass(frozen=True)
class Vectorised(Strategy):
    """One forward pass carries the primal and all tangents: vmap of forward mode, the primal is shared.

    >>> y, dy = Vectorised()(torch.sin, torch.zeros(1, 2), torch.ones(3, 1, 2))
    >>> dy.shape
    torch.Size([3, 1, 2])
    """

    name = "vectorised"

    def __call__(self, f: Callable, x: Tree, tangents: Tree) -> tuple[Tree, Tree]:
        x = _unexpanded(x)
        with ForwardRules(), _no_word_of_slow_paths():
            return vmap(partial(_forward, f, x), out_dims=(None, 0), randomness="same")(tangents)  # type: ignore[arg-type]


@dataclass(frozen=True)
class OneByOne(Strategy):
    """One forward-mode pass per tangent: for networks that vmap cannot take."""

    name = "one by one"

    def __call__(self, f: Callable, x: Tree, tangents: Tree) -> tuple[Tree, Tree]:
        x = _unexpanded(x)
        with ForwardRules():
            pairs = [_forward(f, x, _entry(tangents, i)) for i in range(_count(tangents))]
        outputs, pushed = zip(*pairs, strict=True)
        return outputs[0], _stacked(pushed)


@dataclass(frozen=True)
class Tiled(Strategy):
    """The tangents as a longer batch, each with its own copy of the primal: for slow paths of vmap."""

    name = "tiled"

    def __call__(self, f: Callable, x: Tree, tangents: Tree) -> tuple[Tree, Tree]:
        count = _count(tangents)
        copies = pytree.tree_map(lambda leaf: leaf.repeat(count, *[1] * (leaf.ndim - 1)), x)
        with ForwardRules():
            y, dy = _forward(f, copies, pytree.tree_map(lambda v: v.flatten(0, 1), tangents))
        first = pytree.tree_map(lambda leaf: leaf[: len(leaf) // count], y)
        return first, pytree.tree_map(lambda leaf: leaf.unflatten(0, (count, -1)), dy)


@dataclass(frozen=True)
class Reverse(Strategy):
    """One backward pass per entry of the output serves every tangent: cheapest where outputs are few.

    The output must be one (B, K) tensor; df_x(v)[k] = <grad of f(x)[k], v>.
    """

    name = "reverse"

    def __call__(self, f: Callable, x: Tree, tangents: Tree) -> tuple[Tree, Tree]:
        leaves, spec = pytree.tree_flatten(x)
        directions = pytree.tree_leaves(tangents)
        with torch.enable_grad():
            variables = [leaf.detach().requires_grad_() for leaf in leaves]
            with BackwardRules():
                y = f(pytree.tree_unflatten(variables, spec))
            columns = []
            for k in range(y.shape[1]):
                # The images of a batch do not mix, so the gradient of the sum holds every image's own gradient.
                total = y[:, k].sum()
                gradients = torch.autograd.grad(total, variables, retain_graph=True, allow_unused=True)
                if any(gradient is None for gradient in gradients):
                    raise RuntimeError("the output does not depend on the input by torch: it has no gradient")
                products = map(torch.mul, gradients, directions)
                columns.append(sum(product.flatten(2).sum(-1) for product in products))
        return y.detach(), torch.stack(columns, -1).detach()


@dataclass(frozen=True)
class ReverseTwice(Strategy):
    """df_x(v) as the slope of J^T u in u: for what only reverse mode takes, such as forces that are slopes themselves.

    The output must be one tensor (B, ...), of any number of entries, and the backward pass have one of its own.

    >>> y, dy = ReverseTwice()(torch.sin, torch.zeros(1, 2), torch.ones(3, 1, 2))
    >>> dy.shape, bool((dy == 1).all())
    (torch.Size([3, 1, 2]), True)
    """

    name = "reverse twice"

    def __call__(self, f: Callable, x: Tree, tangents: Tree) -> tuple[Tree, Tree]:
        leaves, spec = pytree.tree_flatten(x)
        with torch.enable_grad():
            variables = [leaf.detach().requires_grad_() for leaf in leaves]
            with BackwardRules():
                y = f(pytree.tree_unflatten(variables, spec))
            u = torch.zeros_like(y, requires_grad=True)
            slopes = torch.autograd.grad(y, variables, u, create_graph=True)
            back = [slope + 0 * u.sum() for slope in slopes]  # of u by torch, also where there is no slope
            pushed = []
            for i in range(_count(tangents)):
                directions = pytree.tree_leaves(_entry(tangents, i))
                pushed += torch.autograd.grad(back, u, directions, retain_graph=True)
        return y.detach(), torch.stack(pushed)


@dataclass(frozen=True)
class CentralDifference(Strategy):
    """(f(x + h v) - f(x - h v)) / 2h, for what cannot be differentiated; h balances truncation and round-off.

    With relative step r the step of a tangent is h = r rms(x) / rms(v), image by image.
    """

    relative_step: float | None = None
    name = "central difference"
    exact = False

    def __call__(self, f: Callable, x: Tree, tangents: Tree) -> tuple[Tree, Tree]:
        y = f(x)
        pushed = []
        for i in range(_count(tangents)):
            v = _entry(tangents, i)
            pushed.append(_difference(f, x, v, step_size(x, v, self.step(x))))
        return y, _stacked(pushed)

    def coarser(self, x: Tree) -> "CentralDifference":
        """The same with twice the step, to see how far the step matters."""
        return CentralDifference(2 * self.step(x))

    def settled(self, f: Callable, x: Tensor, tangents: Tensor) -> "CentralDifference":
        """The same with the step that suits f best at x (B, ...); SymmeterError where none does."""
        lengths = tangents.flatten(2).norm(dim=2).clamp(min=1e-30)
        direction = (tangents / lengths.reshape(*lengths.shape, *[1] * (x.ndim - 1))).sum(0)
        return CentralDifference(steadiest_step(f, x, direction, self.step(x)))

    def step(self, x: Tree) -> float:
        """The relative step, by default the cube root of the precision of x."""
        if self.relative_step is not None:
            return self.relative_step
        return torch.finfo(pytree.tree_leaves(x)[0].dtype).eps ** (1 / 3)


class Widened(CentralDifference):
    """Central differences in float64, by `wide` (the same function in float64), while that runs."""

    def __init__(self, wide: Callable | None, relative_step: float | None = None):
        super().__init__(relative_step)
        self._wide = [wide] if wide else []

    def __call__(self, f: Callable, x: Tree, tangents: Tree) -> tuple[Tree, Tree]:
        if self._wide:
            with contextlib.suppress(Exception):
                y, pushed = super().__call__(self._wide[0], *_doubles((x, tangents)))
                if all(leaf.dtype == torch.float64 for leaf in pytree.tree_leaves(y)):
                    return y, pushed
            self._wide.clear()  # some part of the model is float32 whatever its input
        return super().__call__(f, x, tangents)

    def coarser(self, x: Tree) -> CentralDifference:
        if not self._wide:
            return super().coarser(x)
        return Widened(self._wide[0], 2 * self.step(_doubles(x)))

    def settled(self, f: Callable, x: Tensor, tangents: Tensor) -> CentralDifference:
        if self._wide:
            try:
                if self._wide[0](x.double()).dtype == torch.float64:
                    step = super().settled(self._wide[0], x.double(), tangents.double()).relative_step
                    return Widened(self._wide[0], step)
            except SymmeterError:
                raise
            except Exception:
                self._wide.clear()
        return super().settled(f, x, tangents)


def _difference(f: Callable, x: Tree, v: Tree, h: Tensor) -> Tree:
    """(f(x + h v) - f(x - h v)) / 2h for x and v (B, ...), with a step h (B,) per image."""
    ahead = f(pytree.tree_map(lambda a, b: a + along(h, b) * b, x, v))
    behind = f(pytree.tree_map(lambda a, b: a - along(h, b) * b, x, v))
    return pytree.tree_map(lambda a, b: (a - b) / (2 * along(h, a)), ahead, behind)


def _stacked(pushed: Sequence[Tree]) -> Tree:
    """One value (B, ...) per tangent as one value (T, B, ...)."""
    return pytree.tree_map(lambda *leaves: torch.stack(leaves), *pushed)


def _doubles(values: Tree) -> Tree:
    return pytree.tree_map(lambda leaf: leaf.double(), values)


@contextlib.contextmanager
def _no_word_of_slow_paths() -> Iterator[None]:
    """vmap without its warnings of performance: what is fastest is measured. The switch is torch's, for all."""
    _set_vmap_fallback_warning_enabled(False)
    try:
        yield
    finally:
        _set_vmap_fallback_warning_enabled(True)


def _forward(f: Callable, x: Tree, v: Tree) -> tuple[Tree, Tree]:
    y, dy = jvp(f, (x,), (v,))[:2]
    return y, dy


def _entry(tangents: Tree, i: int) -> Tree:
    return pytree.tree_map(lambda leaf: leaf[i], tangents)


def _count(tangents: Tree) -> int:
    return len(pytree.tree_leaves(tangents)[0])


def _unexpanded(x: Tree) -> Tree:
    """Tensors whose entries share memory (`expand`) as real copies: forward mode cannot write beside them."""
    return pytree.tree_map(lambda leaf: leaf.contiguous() if 0 in leaf.stride() else leaf, x)
