"""A table as LaTeX with booktabs: words are escaped, numbers with their intervals are set as numbers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "[": "{[}", "]": "{]}", "*": "{*}", "²": r"\textsuperscript{2}",
    "…": r"\ldots{}",
}  # fmt: skip
_POWER = re.compile(r"\\textasciicircum\{\}(\d+)")
_NUMBER = re.compile(
    r"(?P<value>-?[\d.]+|inf|-inf)(?: \[(?P<low>\S+) (?P<high>[^\]]+)\])?(?:e(?P<power>[+-]\d+))?"
)


@dataclass(frozen=True)
class Table:
    """Headings, rows of cells, and what stands below; all are LaTeX already. A row of one cell is a heading of its own.

    `words` of the columns, from the left, are aligned to the left, the last one too where `ends_in_word`.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str
    label: str
    words: int = 1
    ends_in_word: bool = True

    def __str__(self) -> str:
        count = len(self.headings)
        columns = "l" * self.words + "r" * (count - self.words - self.ends_in_word) + "l" * self.ends_in_word
        lines = [" & ".join(self.headings) + r" \\", r"\midrule"]
        for number, row in enumerate(self.rows):
            if len(row) == 1 < count:
                lines += [r"\midrule"] * (number > 0)
                lines.append(rf"\multicolumn{{{count}}}{{l}}{{\textit{{{row[0]}}}}} \\")
            else:
                lines.append(" & ".join(row) + r" \\")
        body = "\n".join("    " + line for line in [r"\toprule", *lines, r"\bottomrule"])
        return (
            "\\begin{table}\n  \\centering\n  \\small\n"
            f"  \\caption{{{self.caption}}}\n  \\label{{{self.label}}}\n"
            f"  \\begin{{tabular}}{{{columns}}}\n{body}\n  \\end{{tabular}}\n\\end{{table}}\n"
        )


def escaped(words: str) -> str:
    """Words as LaTeX sets them, on one line; powers of units are raised.

    >>> print(escaped("probability^2 / pixel^2"), escaped("100 % of {a_b}"))
    probability\\textsuperscript{2} / pixel\\textsuperscript{2} 100 \\% of \\{a\\_b\\}
    """
    plain = "".join(letter if letter.isprintable() else " " for letter in words)
    return _POWER.sub(r"\\textsuperscript{\1}", "".join(_ESCAPES.get(letter, letter) for letter in plain))


def number(words: str) -> str:
    """A number as tables of a terminal have it, as LaTeX sets it; a dash for none.

    >>> print(number("1.23 [1 1.6]e-05"), number(".17 [.15 inf]"), number("-"))
    $1.23\\,[1,\\,1.6]\\times 10^{-5}$ $.17\\,[.15,\\,\\infty]$ --
    """
    if words in ("-", ""):
        return "--"
    found = _NUMBER.fullmatch(words)
    if found is None:
        return escaped(words)
    text = _infinite(found["value"])
    if found["low"] is not None:
        text += rf"\,[{_infinite(found['low'])},\,{_infinite(found['high'])}]"
    if found["power"] is not None:
        text += rf"\times 10^{{{int(found['power'])}}}"
    return f"${text}$"


def _infinite(number: str) -> str:
    return number.replace("inf", r"\infty")


def label_of(words: str) -> str:
    """A label for a table about something of this name.

    >>> label_of("timm:resnet50 (pretrained)")
    'tab:timm-resnet50-pretrained'
    """
    return "tab:" + "-".join(re.findall(r"[A-Za-z0-9]+", words)).lower()
