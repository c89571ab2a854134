"""results/README.md: all of it is written here from what the store has."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from symmeter.errors import counted
from symmeter.files import write_whole
from symmeter.sweeps.store import Store
from zoo import figures, findings, tables
from zoo.cells import Planned
from zoo.entries import FRESH, SHUFFLED, Network
from zoo.measured import Measured, measured

TITLE = "# Results: a zoo of real networks"
TABLES = ("rows.csv", "twins.csv", "layers.csv")
FIELDS = {
    "photographs": "Motions of the plane along their generators (LEE), flips and quarter turns, of photographs.",
    "small images": "Networks of CIFAR-10 and of handwritten digits, likewise.",
    "points": "Clouds of points: turns, shifts and growth along their generators; permutations, turns about the "
    "upright axis, and all turns.",
    "atoms": "A potential of atoms: turns, mirror images, shifts, exchanges of like atoms; the lattice of crystals.",
    "sounds": "Pitch and voice activity: shifts in time, loudness, pace and pitch, polarity, and time backwards.",
    "boxes": "A detector of faces: its boxes should move along.",
}
HOW = """\
Every number stands beside a **twin**: the same architecture with {fresh}, or, where a network comes as weights that
nobody can draw afresh, with {shuffled}, on items that both have seen. `stability` is the response over that to changes
towards other items, `specificity` over that to deformations of the same item as fast, and 1 is no different
([what a number means](../docs/controls.md)). `times the twin's` is the ratio of stabilities, item by item.
Brackets hold 95 % intervals.
"""
BEARS = """\
- **What the intervals hold** is the chance of which items were drawn, and for specificity that of the weights of an
  untrained network too. Each network is one training run, each twin one draw of random weights (seed 0), so nothing
  here says what another run of the same recipe would have.
- **The items are no random sample** of what the networks were made for. The photographs are 200 of a published
  collection, chosen by others from ImageNet's classes and easy for good networks (see their accuracy); the images of
  CIFAR-10 are copies as JPEG, which cost the networks ten points and more of accuracy; faces are those photographs in
  which MTCNN itself finds one; there is no ModelNet here, so PointNet sees solids of six simple kinds, of which it was
  trained on none; sounds are made, not recorded: sung vowels and tones; atoms are one molecule, and silicon.
- **Twins see fewer items** where a network is large. Ratios are of the items that both have seen.
- **Shuffled weights** keep the sizes of weights and lose their order. They are no fresh initialisation.
- **The MobileNets are dequantised** from int8, and SqueezeNet was pruned: 67 % of its weights are 0.
- **Comparisons between networks** of different resolution or preprocessing are of these networks as they are used, and
  of nothing else. LEE of logits has the scale of the logits: compare stabilities.
- **Stability of a potential is near 0 whatever it has learned**: atoms that are moved as far as a turn moves them, in
  directions of their own, come too close, and energies are then eV per atom away (`control` in rows.csv). Read errors
  in eV there.
- **Layers** are measured on fewer items, and their shares are of the error of these.
- **Seconds** were taken on one thread of a machine that had other work too; a forward pass likewise, of eight at once.
"""


def write(
    folder: Path, store: Store, plan: Planned, networks: Sequence[Network], forward: Mapping[str, float]
) -> None:
    """The page, the tables as CSV and the figures, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    found = measured(networks, plan.cells, store)
    writers = (tables.write_rows, tables.write_twins, tables.write_layers)
    counts = [write_file(folder / name, found) for name, write_file in zip(TABLES, writers, strict=True)]
    drawn = figures.draw(folder, found)
    why = dict(plan.missing)
    errors = {str(error.get("label")): str(error.get("reason")) for error in store.errors().values()}
    lines = [
        *_begin(found, counts),
        *_fields(found, drawn),
        *_end(found, forward),
        *_missing(found, why, errors),
    ]
    write_whole(folder / "README.md", "\n".join(lines).rstrip() + "\n")


def _begin(found: Sequence[Measured], counts: Sequence[int]) -> list[str]:
    there = [one for one in found if one.first is not None]
    versions = {_versions(one) for one in there}
    rows, ratios, parts = counts
    return [
        TITLE,
        "",
        f"{counted(len(there), 'network')} with trained weights, measured by `make zoo`, which writes this page: "
        f"[{rows} estimates](rows.csv), [{ratios} ratios to twins](twins.csv), [{parts} parts of networks](layers.csv)"
        f"{', with ' if versions else ''}{', '.join(sorted(versions))}. How it works, and how to add a network: "
        "[the zoo](../docs/zoo.md).",
        "",
        HOW.format(fresh=FRESH, shuffled=SHUFFLED),
        "## Findings",
        "",
        *(f"- {sentence}" for sentence in findings.findings(found)),
        "",
        "## What these numbers bear, and what not",
        "",
        BEARS,
        "## The networks",
        "",
        *tables.networks_table(found),
        "",
    ]


def _versions(one: Measured) -> str:
    assert one.first is not None
    environment = one.first.header["environment"]
    return f"symmeter {environment['symmeter']} and torch {environment['torch'].partition('+')[0]}"


def _fields(found: Sequence[Measured], drawn: Mapping[str, Sequence[Path]]) -> list[str]:
    lines: list[str] = []
    for field in dict.fromkeys(one.network.kind for one in found):
        own = [line for one in found if one.network.kind == field for line in one.lines()]
        if own:
            lines += [f"## {field.capitalize()}", "", FIELDS[field], "", *tables.lines_table(own), ""]
            for file in drawn.get(field, []):
                what = file.stem.partition("-")[0]
                lines += [f"![{what.capitalize()} of networks of {field}]({file.name})", ""]
    return lines


def _end(found: Sequence[Measured], forward: Mapping[str, float]) -> list[str]:
    return [
        "## Layers",
        "",
        "Of every network the parts that add most to LEE; all of them add up to it ([layers](../docs/layers.md)).",
        "",
        *tables.layers_table(found),
        "",
        "## Cost",
        "",
        *tables.costs_table(found, forward),
        "",
    ]


def _missing(found: Sequence[Measured], why: Mapping[str, str], errors: Mapping[str, str]) -> list[str]:
    """What could not be measured, with the reason; what has not been yet."""
    lines = [f"- {name}: {reason}" for name, reason in why.items()]
    for one in found:
        for label in one.missing:
            lines.append(f"- {label} ({errors.get(label.partition(':')[0], 'not yet: `make zoo` goes on')})")
    return ["## Not measured", "", *(lines or ["Nothing."])]
