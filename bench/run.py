"""Runs rows one after the other; one that fails leaves the others alone."""

import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from bench import machine
from bench.errors import Failure
from bench.report import report
from bench.row import Outcome, Row

NOT_YET = Outcome(None, "the run was stopped before this row.")


def run(rows: Mapping[str, Row], only: Collection[str], results: Path, facts: Callable[[], dict[str, str]]) -> int:
    """Measures the rows in `only` (all when empty), keeps `results` up to date, and returns the exit code: 1 if a row failed.

    The file is written before the first row and after each, so that it never shows a figure of an earlier run.
    """
    outcomes = {name: NOT_YET if not only or name in only else _left_out(only) for name in rows}
    known = facts()
    known["load average"] = f"{machine.load():.1f} before the run (0 is an idle machine; the rows make 1 to 3 themselves)"
    results.write_text(report(known, rows, outcomes))
    for name in [name for name in rows if outcomes[name] is NOT_YET]:
        print(f"{name}: {rows[name].TITLE} …", flush=True)
        started = time.monotonic()
        outcomes[name] = outcome(rows[name])
        print(f"{name}: {outcomes[name].reason or 'done'} ({time.monotonic() - started:.0f} s)", flush=True)
        known["load average"] += f", {machine.load():.1f} after {name}"
        results.write_text(report(known, rows, outcomes))
    return 1 if any(not outcomes[name].findings for name in rows if not only or name in only) else 0


def outcome(row: Row) -> Outcome:
    """The findings of one row, or why there are none."""
    # A unix socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        try:
            return Outcome(row.measure(Path(folder)))
        except Failure as failure:
            return Outcome(None, str(failure))
        except Exception as error:  # whatever it is, the other rows can still run
            return Outcome(None, f"{type(error).__name__}: {error}")


def _left_out(only: Collection[str]) -> Outcome:
    return Outcome(None, f"left out by ONLY={','.join(only)}.")
