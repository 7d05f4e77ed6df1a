"""Turns the rows of a block into evidence: counts, values, sums by unit. What cannot be is refused with the row's place."""

from collections.abc import Iterable, Sequence

import numpy as np

from lab.cli.stats.input import Look, Row
from lab.stats.counts import Counts


def check_units(looks: Iterable[Look]) -> None:
    """InputError if a unit comes in two blocks or with two variants: its sums would be counted as if they were two units."""
    known: dict[str, tuple[str, str]] = {}
    for look in looks:
        for row in look.rows:
            unit = row.text("unit", "")
            block, variant = known.setdefault(unit, (row.block, row.variant)) if unit else (row.block, row.variant)
            if variant != row.variant:
                raise row.wrong(f"unit {unit} is with {row.variant}, but was with {variant} before. A unit keeps its variant.")
            if block != row.block:
                raise row.wrong(f"unit {unit} was in block {block} already. Give a unit once, when it is complete.")


def counts(rows: Iterable[Row]) -> Counts:
    """The sums of a block's rows of one variant."""
    counted = [_checked(row) for row in rows]
    return Counts(sum(one.n for one in counted), sum(one.successes for one in counted))


def _checked(row: Row) -> Counts:
    n, successes = row.whole("n"), row.whole("successes")
    if successes > n:
        raise row.wrong(f"successes is {successes}, must be between 0 and n = {n}.")
    return Counts(n, successes)


def times(rows: Iterable[Row], column: str) -> list[float]:
    """Numbers of 0 or more: times."""
    found = []
    for row in rows:
        found.append(row.number(column))
        if found[-1] < 0:
            raise row.wrong(f"{column} is {found[-1]:g}, must be 0 or more.")
    return found


def sums_by_unit(rows: Iterable[Row], *columns: str) -> list[np.ndarray]:
    """Each column's sums by unit; a row without a unit is one of its own."""
    sums: dict[object, list[float]] = {}
    for row in rows:
        unit = row.text("unit", "") or object()
        before = sums.get(unit, [0.0] * len(columns))
        sums[unit] = [total + row.number(column) for total, column in zip(before, columns, strict=True)]
    return [np.array([one[at] for one in sums.values()]) for at in range(len(columns))]


def pairs_by_unit(rows: Sequence[Row]) -> list[np.ndarray]:
    """What is below the line, and above it, by unit."""
    for row in rows:
        column = "weight" if _weighted(row) else "denominator"
        if row.number(column) < 0:
            raise row.wrong(f"{column} is {row.number(column):g}, must be 0 or more.")
    above, below = sums_by_unit([_as_ratio(row) for row in rows], "numerator", "denominator")
    return [below, above]


def _as_ratio(row: Row) -> Row:
    """A mean of so many is a sum over so many."""
    if not _weighted(row):
        return row
    weight = row.number("weight")
    return row._replace(fields={**row.fields, "numerator": row.number("value") * weight, "denominator": weight})


def _weighted(row: Row) -> bool:
    return "numerator" not in row.fields and "weight" in row.fields


def epoch_number(look: Look, known: dict[str, int]) -> int:
    """A number for the epoch that the rows name; without one, each block is its own."""
    named = {row.text("epoch", "") for row in look.rows}
    if len(named) > 1:
        raise ValueError(f"has rows of the epochs {' and '.join(sorted(named))}. The split is constant in a block.")
    return known.setdefault(named.pop() or f"block {look.block}", len(known))


def planned_weight(rows: Sequence[Row]) -> float:
    """The planned weight of one variant; 0 if it has no row."""
    weights = {row.number("weight") for row in rows}
    if len(weights) > 1:
        raise rows[-1].wrong(f"weight is {rows[-1].fields['weight']}, but another row of this block says {min(weights):g}.")
    return weights.pop() if weights else 0.0


def sum_of_n(rows: Sequence[Row]) -> int:
    return sum(row.whole("n") for row in rows)


def number_of_units(rows: Sequence[Row]) -> int:
    """Rows with one unit are one unit, each row without is one."""
    units = [row.text("unit", "") for row in rows]
    return len(set(filter(None, units))) + units.count("")
