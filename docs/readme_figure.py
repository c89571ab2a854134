"""The figure of README: three networks of `symmeter demo`, and what each has of three symmetries.

python docs/readme_figure.py    # writes docs/three-networks.svg
"""

from pathlib import Path

import symmeter
from symmeter.demo.findings import SYMMETRY, examine
from symmeter.demo.networks import load_digits, train_digit_nets
from symmeter.report.figures import new_figure, save_figure


def main() -> None:
    digits = load_digits()
    results = {
        name: examine(name, net, digits).result for name, net in train_digit_nets(digits=digits).items()
    }
    figure = new_figure(6.9, 3.0)
    for kind, ax in zip(("stability", "specificity"), figure.subplots(1, 2, sharey=True), strict=True):
        symmeter.plot(results, kind, ax=ax)
    save_figure(figure, Path(__file__).with_name("three-networks.svg"))
    print(f"three networks, {SYMMETRY}: docs/three-networks.svg")


if __name__ == "__main__":
    main()
