"""Breaks an explanation into lines that fit the terminal; what belongs to a line stands a little to the right below it."""

import textwrap

# Longer lines are hard to read.
WIDEST = 120

# Keeps a number and its unit in one line.
NO_BREAK = "\u00a0"


def wrapped(text: str, width: int) -> str:
    """Every line of the text is a paragraph."""
    return "".join(f"{_paragraph(line, min(width, WIDEST))}\n" for line in text.splitlines())


def _paragraph(line: str, width: int) -> str:
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    if not line.strip():
        return ""
    bound = line.replace(" %", f"{NO_BREAK}%")
    return textwrap.fill(bound, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False).replace(NO_BREAK, " ")
