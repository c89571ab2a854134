"""What whole motions do to an output: f(g x) beside f(x), to be held against the Lie derivative."""

from collections.abc import Callable

from torch import Tensor

from symmeter.measuring.derivative import DerivativeRun
from symmeter.symmetry.groups.generators import Generator

PIXELS = (1.0, 0.5, 0.25, 0.1, 0.03)  # how far, where nothing else is asked for


def difference_quotients(
    run: DerivativeRun, x: Tensor, y: Tensor, generator: Generator
) -> Callable[[float], Tensor]:
    """t -> (rho_out(g)^-1 f(g x) - f(x)) / t with g = exp(tX), of the shape of y.

    For inputs x (b, ...) with outputs y (b, ...). As t goes to 0 this is L_X f(x).
    """
    assert run.pushforward is not None
    f, move = run.pushforward.f, run.rho_in.action(x)

    def quotient(t: float) -> Tensor:
        g = generator.exp(t)
        back, _ = run.rho_out.act(g.inverse(), f(move(g)[0]))
        return (back - y) / t

    return quotient


def per_position(run: DerivativeRun, x: Tensor, generator: Generator) -> tuple[float, str]:
    """t that moves what moves fastest in x (b, ...) by one position of its grid, and the noun of that.

    Where there is no grid to move along, 1 in the generator's own unit.
    """
    reach = run.rho_in.reach(generator, x)
    return (1.0, generator.unit) if reach is None else (1 / reach, run.domain.position)
