"""The figure of README: three networks of `symmeter demo`, and what each has of three symmetries.

python docs/readme_figure.py    # writes docs/three-networks.svg
"""

from pathlib import Path

import matplotlib

from symmeter.demo.findings import SYMMETRY, Findings, examine
from symmeter.demo.networks import load_digits, train_digit_nets
from symmeter.report.figures import line_colours, new_figure, save_figure

RATIOS = {
    "stability": "stability: towards other images 1, symmetric 0",
    "specificity": "specificity: like other deformations 1, special 0",
}


def draw(found: dict[str, Findings], path: Path) -> None:
    """One panel for each ratio, a line for each symmetry, a colour for each network, with 95 % intervals."""
    symmetries = list(dict.fromkeys(row.symmetry for row in next(iter(found.values())).result.rows))
    figure = new_figure(8.6, 3.0)
    panels = figure.subplots(1, 2, sharey=True)
    for ax, (ratio, words) in zip(panels, RATIOS.items(), strict=True):
        for k, (name, colour) in enumerate(zip(found, line_colours(len(found)), strict=True)):
            for i, symmetry in enumerate(symmetries):
                row = found[name].row(symmetry)
                low, high = getattr(row, f"{ratio}_low"), getattr(row, f"{ratio}_high")
                place = -i - 0.22 * (k - 1)
                ax.plot([low, high], [place, place], color=colour, linewidth=2)
                ax.plot(getattr(row, ratio), place, "o", color=colour, label=name if i == 0 else None)
        ax.axvline(1, color="#555555", linewidth=0.8, linestyle="--")
        ax.set_xscale("log")
        ax.set_xticks([0.125, 0.25, 0.5, 1, 2, 4], [".125", ".25", ".5", "1", "2", "4"])
        ax.minorticks_off()
        ax.set_yticks([-i for i in range(len(symmetries))], [name.replace("_", " ") for name in symmetries])
        ax.set_xlabel(words)
        ax.spines[["top", "right"]].set_visible(False)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False)
    save_figure(figure, path)


def main() -> None:
    digits = load_digits()
    found = {name: examine(name, net, digits) for name, net in train_digit_nets(digits=digits).items()}
    with matplotlib.rc_context(
        {"svg.fonttype": "none", "svg.hashsalt": "symmeter", "font.family": "sans-serif"}
    ):
        draw(found, Path(__file__).with_name("three-networks.svg"))
    print(f"three networks, {SYMMETRY}: docs/three-networks.svg")


if __name__ == "__main__":
    main()
