"""What a value is called among the values of a training: by its symmetry, and by more where that is not enough."""

from collections.abc import Sequence


def names_of(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """The names of rows (..., output, measure, symmetry): their last word, and before it those that tell them apart.

    >>> names_of([("lee", "rotation"), ("lee", "scale")])
    ['rotation', 'scale']
    >>> names_of([("logits", "lee", "rotation"), ("logits", "geed", "C4"), ("logits", "consistency", "C4")])
    ['lee/rotation', 'geed/C4', 'consistency/C4']
    """
    columns = list(zip(*rows, strict=True))
    names = list(columns[-1]) if columns else []
    for words in reversed(columns[:-1]):
        if len(set(names)) == len(names):
            break
        if len(set(words)) > 1:
            names = [f"{word}/{name}" for word, name in zip(words, names, strict=True)]
    return names
