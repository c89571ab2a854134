"""Writes docs/which-models.md from the situations: `python -m tests.situations.table`."""

from pathlib import Path

from tests.situations.kinds import SITUATIONS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "which-models.md"
TITLES = {
    "A": "Writes into its input",
    "B": "Outputs that depend on the other images of a batch",
    "C": "Derivatives that are wrong in silence",
    "D": "Gradients switched off inside",
    "E": "Activation checkpoints",
    "F": "Wrappers",
    "G": "Shapes of outputs",
    "H": "Callables that hide a network",
    "I": "State kept in Python",
    "J": "Chance",
    "K": "Precision inside",
    "L": "Checks of range and number",
    "N": "Fixed batches",
    "O": "Kinds of inputs and outputs",
    "P": "Lazy layers",
    "S": "Several outputs",
    "W": "Ends the process",
}
HEAD = """# Which models are measured

A model is called in one place. There it gets a copy of its input; what it says about gradients has no effect; and what it
writes, to its input, its buffers, its attributes or a list of yours, is put back. It is looked at before it is measured: on
one image and on two, and twice on the same.

Each row is a test (`tests/situations`): a value that agrees with a plain loop in float64, or a word in a warning or an
error. This page is written by `python -m tests.situations.table`, and a test compares it.
"""


def page() -> str:
    """The page, as Markdown."""
    lines = [HEAD]
    for kind, title in TITLES.items():
        lines += [f"## {title}", "", "| model | what comes of it | by what word |", "| --- | --- | --- |"]
        for situation in (s for s in SITUATIONS if s.kind == kind):
            lines.append(f"| {situation.what} | {situation.outcome} | {situation.words} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page())
