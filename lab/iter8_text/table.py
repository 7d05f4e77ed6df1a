"""Tables of plain characters as Iter8's users know them: a line between rows, long cells wrapped, numbers to the right.

A library's tables align whole columns; here the lines of one cell differ: a limit that wraps stands to the right, like any number.
"""

import re
import textwrap
from collections.abc import Iterator, Sequence

# Characters of a cell's line, unless one word is longer.
WIDTH = 30

NUMBER = re.compile(r"-?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?%?")


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The head in capitals and in the middle, then the rows."""
    cells = [[_wrapped(cell) for cell in row] for row in rows]
    heads = [column.upper() for column in columns]
    widths = [max(len(head), *(len(line) for row in cells for line in row[place])) for place, head in enumerate(heads)]
    rule = f"+{'+'.join('-' * (width + 2) for width in widths)}+"
    head = _line([name.rjust((width + len(name)) // 2).ljust(width) for name, width in zip(heads, widths, strict=True)])
    return "\n".join([rule, head, rule, *(line for row in cells for line in (*_row(row, widths), rule))]) + "\n"


def _wrapped(cell: str) -> list[str]:
    width = max(WIDTH, *(len(word) for word in cell.split())) if cell.split() else WIDTH
    return textwrap.wrap(cell, width, break_long_words=False, break_on_hyphens=False) or [""]


def _row(cells: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    for number in range(max(len(lines) for lines in cells)):
        lines = (lines[number] if number < len(lines) else "" for lines in cells)
        yield _line([_aligned(line, width) for line, width in zip(lines, widths, strict=True)])


def _aligned(line: str, width: int) -> str:
    return line.rjust(width) if NUMBER.fullmatch(line) else line.ljust(width)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
