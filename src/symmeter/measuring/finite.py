"""What whole motions do to an output: f(g x) beside f(x), to be held against the Lie derivative."""

from torch import Tensor

from symmeter.measuring.derivative import DerivativeRun
from symmeter.symmetry.groups.generators import Generator

PIXELS = (1.0, 0.5, 0.25, 0.1, 0.03)  # how far, where nothing else is asked for


def moved_errors(
    run: DerivativeRun, x: Tensor, y: Tensor, generator: Generator, t: tuple[float, ...]
) -> list[Tensor]:
    """|rho_out(g)^-1 f(g x) - f(x)|^2 / dim / t^2 with g = exp(tX), in the unit of LEE: (b,) float64 for every t.

    For inputs x (b, ...) with outputs y (b, ...). As t goes to 0 this is |L_X f(x)|^2 / dim.
    """
    assert run.pushforward is not None
    move = run.rho_in.action(x)
    found = []
    for one in t:
        g = generator.exp(one)
        z = run.pushforward.f(move(g)[0])
        back = run.rho_out.act(g.inverse(), z)[0]
        squares = (back.double() - y.double()).square().flatten(1).mean(1)
        found.append(squares / one**2)
    return found


def per_position(run: DerivativeRun, x: Tensor, generator: Generator) -> tuple[float, str]:
    """t that moves what moves fastest in x (b, ...) by one position of its grid, and the noun of that.

    Where there is no grid to move along, 1 in the generator's own unit.
    """
    reach = run.rho_in.reach(generator, x)
    return (1.0, generator.unit) if reach is None else (1 / reach, run.domain.position)
