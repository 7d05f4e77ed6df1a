"""Reads blocks of evidence, as CSV with a header or as JSON lines, for `lab stats`."""

import csv
import io
import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lab.errors import Refused

STANDARD_INPUT = "-"


class InputError(Refused):
    """Something in the file that cannot be evidence: names the file, the line and the value."""


class Fields(Mapping[str, Any]):
    """The values of one line of a CSV file by column. Lines share the columns: a file has a million lines."""

    __slots__ = ("cells", "columns")

    def __init__(self, columns: Mapping[str, int], values: Sequence[str]) -> None:
        self.columns, self.cells = columns, tuple(values)

    def __getitem__(self, column: str) -> str:
        return self.cells[self.columns[column]]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)


class Row(NamedTuple):
    """One line of the file."""

    source: str
    line: int
    block: str
    variant: str
    fields: Mapping[str, Any]

    @property
    def place(self) -> str:
        """File and line, for sentences: `clicks.csv, line 7`."""
        return f"{self.source}, line {self.line}"

    def number(self, column: str) -> float:
        """A finite number, or a sentence."""
        value = self._given(column)
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            raise self.wrong(f"{column} is {value!r}, must be a number.")
        return number

    def whole(self, column: str) -> int:
        """A whole number of at least 0, or a sentence."""
        number = self.number(column)
        if number < 0 or number != int(number):
            raise self.wrong(f"{column} is {self.fields[column]}, must be a whole number of at least 0.")
        return int(number)

    def text(self, column: str, default: str) -> str:
        """What a column says, or `default` where it is absent or empty."""
        value = self.fields.get(column)
        return default if value is None or value == "" else str(value)

    def wrong(self, sentence: str) -> InputError:
        """The sentence, with its place before it."""
        return InputError(f"{self.place}: {sentence}")

    def _given(self, column: str) -> object:
        value = self.fields.get(column)
        if value is None or value == "":
            raise self.wrong(f"{column} is missing.")
        return value


class Look(NamedTuple):
    """The rows of one block: the evidence since the last look."""

    block: str
    rows: Sequence[Row]

    def of(self, variant: str) -> list[Row]:
        """The rows of one variant, none if it is not in this block."""
        return [row for row in self.rows if row.variant == variant]

    @property
    def place(self) -> str:
        """Where the block ends."""
        return self.rows[-1].place


def read(source: str, columns: Iterable[str]) -> list[Look]:
    """The blocks of a file, or of standard input (`-`), in their order. InputError if a needed column is not there."""
    name = "standard input" if source == STANDARD_INPUT else source
    looks = list(_looks(_rows(name, _lines(name, source), ["block", "variant", *columns])))
    if not looks:
        raise InputError(f"{name} has no rows.")
    return looks


def variants(looks: Sequence[Look]) -> list[str]:
    """Every variant that occurs, in the order of its first row."""
    return list(dict.fromkeys(row.variant for look in looks for row in look.rows))


def _lines(name: str, source: str) -> io.StringIO:
    try:
        content = sys.stdin.buffer.read() if source == STANDARD_INPUT else Path(source).read_bytes()
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror or error}.") from error
    try:
        # Spreadsheets put a byte order mark in front. Only line ends end a line, not every character that Unicode breaks at.
        return io.StringIO(content.decode("utf-8-sig"), newline=None)
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not text in UTF-8 (byte {error.start}).") from error


def _rows(name: str, lines: io.StringIO, needed: Sequence[str]) -> Iterator[Row]:
    start = next((line.lstrip() for line in lines if line.strip()), "")
    lines.seek(0)
    if start.startswith("["):
        raise InputError(f"{name} begins with an array. JSON lines has one object per line: {{\"block\": 1, …}}.")
    parsed = _json_lines(name, lines) if start.startswith("{") else _csv(name, lines, needed) if start else ()
    for number, fields in parsed:
        row = Row(name, number, "", "", fields)
        yield Row(name, number, sys.intern(str(row._given("block"))), sys.intern(str(row._given("variant"))), fields)


def _csv(name: str, lines: Iterable[str], needed: Sequence[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    reader = csv.reader(lines, skipinitialspace=True)
    header = [column.strip() for column in next(row for row in _split(reader, name) if row)]
    _check_header(f"{name}, line {reader.line_num}", header, needed)
    columns, nothing = {column: place for place, column in enumerate(header)}, [""] * len(header)
    for values in _split(reader, name):
        if len(values) > len(header):
            raise InputError(f"{name}, line {reader.line_num}: {len(values)} values, but {len(header)} columns.")
        if values:
            yield reader.line_num, Fields(columns, [value.strip() for value in values] + nothing[len(values) :])


def _split(reader: Iterator[list[str]], name: str) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as error:
        raise InputError(f"{name} is not CSV: {error}. Is a quotation mark left open?") from error


def _check_header(place: str, header: Sequence[str], needed: Sequence[str]) -> None:
    for column in needed:
        if header.count(column) > 1:
            raise InputError(f"{place}: there are {header.count(column)} columns {column}, must be one.")
        if column not in header:
            hint = " Separate them by commas." if len(header) == 1 else ""
            raise InputError(f"{place}: there is no column {column}. Its columns are {', '.join(header)}.{hint}")


def _json_lines(name: str, lines: Iterable[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(map(str.strip, lines), 1):
        if not line:
            continue
        try:
            fields = json.loads(line)
        except ValueError as error:
            raise InputError(f"{name}, line {number}: {line[:60]!r} is not JSON.") from error
        if not isinstance(fields, dict):
            raise InputError(f"{name}, line {number}: {line[:60]!r} must be an object such as {{\"block\": 1, …}}.")
        yield number, fields


def _looks(rows: Iterable[Row]) -> Iterator[Look]:
    """Consecutive rows of one block belong together; a block that comes back was closed already."""
    closed: set[str] = set()
    gathered: list[Row] = []
    for row in rows:
        if gathered and row.block != gathered[0].block:
            closed.add(gathered[0].block)
            yield Look(gathered[0].block, gathered)
            gathered = []
        if row.block in closed:
            raise row.wrong(f"block {row.block} was closed by a later one. Sort the rows by block.")
        gathered.append(row)
    if gathered:
        yield Look(gathered[0].block, gathered)
