"""Predictions, reports and accounts as text for the terminal."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich import box
from rich.table import Table

# Columns of the log, with their widths: fixed, because lines that come later must fit below.
LOG_COLUMNS = (
    ("time", 23), ("route", 7), ("variant", 10), ("why", 10), ("status", 6), ("label", 12), ("prob.", 6), ("outlier", 7), ("seconds", 7),
)  # fmt: skip

# What becomes of feedback that leaves no line.
UNKEPT = ("unwritable", "overloaded", "unjournalled")

# Columns of reports that hold words; all others hold numbers, which stand to the right.
WORDS = ("route", "variant", "labels", "assigned by", "journal", "account")


def log_lines(rows: Sequence[dict[str, Any]], head: bool) -> Iterator[str]:
    """One line per prediction, under a head if there is any."""
    if head:
        yield "  ".join([*(name.ljust(width) for name, width in LOG_COLUMNS), "request id"])
    for row in rows:
        cells = [printable(cell).ljust(width) for cell, (_, width) in zip(_cells(row), LOG_COLUMNS, strict=True)]
        yield "  ".join([*cells, f"{row['request_id']}{_trouble(row)}"])


def printable(text: str) -> str:
    """Without what a terminal would obey: paths, ids and labels may come from strangers."""
    return text if text.isprintable() else "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _cells(row: dict[str, Any]) -> list[str]:
    return [
        str(row["time"]).replace("T", " ").removesuffix("Z")[:23],
        row["route"],
        row["variant"] or "-",
        row["reason"] or "-",
        str(row["status"]),
        row["label"] or "-",
        "-" if row["probability"] is None else f"{row['probability']:.4f}",
        {None: "-", True: "outlier", False: "no"}[row["outlier"]],
        f"{row['request_s']:.3f}",
    ]


def _trouble(row: dict[str, Any]) -> str:
    if row["rescued"]:
        return f"  ({row['variant']} failed, {row['served_by']} answered)"
    if row["reason"] == "shadow" and not row["complete"]:
        return "  (no answer)" if row["attempts"] else "  (dropped: too many waited)"
    # An error is an answer, and a whole one.
    return "" if row["complete"] or row["status"] >= 500 else "  (broken off)"


def rows_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    """Rows as they are; numbers to the right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for index, name in enumerate(columns):
        is_number = any(isinstance(row[index], (int, float)) and not isinstance(row[index], bool) for row in rows)
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else printable(str(value)) for value in row))
    return table


def report_tables(variants: Sequence[dict[str, Any]]) -> Iterator[Table]:
    """What each variant did, what it said, and what came back."""
    yield _table(
        ("route", "variant", "requests", "failures", "rescued", "refused (4xx)", "p50 ms", "p95 ms", "p99 ms", "assigned by"),
        [
            (one["route"], one["variant"], one["requests"], _share(one["failures"], one["requests"]), one["rescued"], one["refused"],
             *_milliseconds(one["latency"]), _counts(one["reasons"]))
            for one in variants
        ],
    )  # fmt: skip
    yield _table(
        ("route", "variant", "labels", "outliers", "label drift", "feature drift", "mean reward", "rewarded", "late"),
        [
            (one["route"], one["variant"], _counts(one["labels"]), _percent(one["outlier_share"]), *_drift(one["shift"]),
             _number(one["rewards"]["mean"]), _share(one["rewards"]["predictions"], one["requests"]), one["rewards"]["late"])
            for one in variants
        ],
    )  # fmt: skip


def journal_tables(said: dict[str, Any]) -> Iterator[Table | str]:
    """The account of lines, of answers, and of feedback; then what is wrong."""
    yield _table(
        ("journal", "segments", "MB", "lines", "stored", "set aside", "bytes not read yet"),
        [
            (one["kind"], one["segments"], f"{one['bytes'] / 1e6:.1f}", one["lines"], one["stored"], one["quarantined"], one["unread"])
            for one in said["journals"]
        ],
    )
    yield _table(
        ("variant", "answered", "in the journal", "missing", "given up", "account"),
        [
            (one["variant"], one["answered"], one["journalled"], one["missing"], one["given_up"], _complete(one["unexplained"]))
            for one in said["answers"]
        ],
    )
    late = sum(one["late_max"] for one in said["answers"])
    if late:
        yield f"Missing: answers that no line tells of. At most {late} of them came after the gateway had given up, as after a time-out."
    yield "Feedback in the journal: " + (_counts(said["outcomes"]) or "none")
    refused = {name: said["feedback"][name] for name in UNKEPT if said["feedback"][name]}
    if refused:
        yield f"Feedback without a line since the lab's service started: {_counts(refused)}"
    yield from said["trouble"]
    if not said["is_current"]:
        yield "The journals are still being read; these numbers grow."
    if "digest" in said:
        yield f"Digest: {said['digest']}"


def _complete(unexplained: int) -> str:
    return f"{unexplained} lost or under way" if unexplained else "complete"


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    made = rows_table(columns, [[str(value) for value in row] for row in rows])
    for column in made.columns:
        column.justify = "left" if column.header in WORDS else "right"
    return made


def _share(part: int, whole: int) -> str:
    return f"{part} ({100 * part / whole:.1f} %)" if whole else str(part)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _milliseconds(latency: dict[str, float] | None) -> tuple[str, ...]:
    return tuple(f"{1000 * value:.0f}" for value in latency.values()) if latency else ("-", "-", "-")


def _drift(shift: dict[str, Any] | None) -> tuple[str, str]:
    if shift is None:
        return "-", "-"
    features = shift["features"]
    return f"{shift['labels']:.2f}", " ".join(f"{one:.2f}" for one in features) if features else "-"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {n}" for name, n in counts.items())
