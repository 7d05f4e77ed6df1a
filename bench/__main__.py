"""Measures everything, or the rows that are named: python -m bench [int8,gateway …]"""

import argparse
import importlib
import pkgutil
import signal
import sys
import time
from pathlib import Path
from types import FrameType

import bench.rows
from bench import machine
from bench.row import Row
from bench.run import run

RESULTS = Path(__file__).parent / "results.md"


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 when every row that was asked for has figures."""
    rows = discovered()
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("only", nargs="*", help=f"rows: {', '.join(rows)} (default: all)")
    only = [name for word in parser.parse_args(arguments).only for name in word.split(",") if name]
    if unknown := [name for name in only if name not in rows]:
        parser.error(f"There is no row {', '.join(unknown)}. Choose from: {', '.join(rows)}.")
    # `kill` too must end the services that were started.
    signal.signal(signal.SIGTERM, _end)
    started = time.monotonic()
    code = run(rows, only, RESULTS, machine.facts)
    print(f"{RESULTS} is written, after {time.monotonic() - started:.0f} s.")
    return code


def discovered() -> dict[str, Row]:
    """The modules in bench/rows/ by name."""
    names = [module.name for module in pkgutil.iter_modules(bench.rows.__path__)]
    return {name: importlib.import_module(f"bench.rows.{name}") for name in names}  # type: ignore[misc]


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
