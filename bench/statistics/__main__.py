"""Simulates every goal, or those named: python -m bench.statistics [--runs-scale 0.1] [--only G4,G7]"""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.statistics import page, pictures
from bench.statistics.case import Case, Result, Samples, results
from bench.statistics.goals import ALL
from bench.statistics.plots import draw
from bench.statistics.run import SEED, run
from bench.statistics.table import report

HERE = Path(__file__).parent
RESULTS = HERE.parent / "statistics.md"
DOCS = HERE.parent.parent / "docs"
PROCESSES = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 when every bound holds, 1 when one is broken."""
    given = _parser().parse_args(arguments)
    cases = [case for case in ALL if not given.only or case.goal in given.only.split(",")]
    started = time.monotonic()
    samples: dict[str, Samples] = {}
    found: list[Result] = []
    for case, said in run(cases, given.runs_scale, given.processes, given.seed):
        samples[case.name] = said
        found += results(case, said)
        print(f"{time.monotonic() - started:6.1f} s  {case.name}", file=sys.stderr)
    _write(cases, found, samples, given)
    broken = [result for result in found if result.holds is False]
    print(f"{given.to} is written after {time.monotonic() - started:.0f} s: {len(broken)} bounds are broken.")
    return 1 if broken else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.statistics", description=__doc__)
    parser.add_argument("--runs-scale", type=float, default=1.0, help="0.1 makes a tenth of the runs (default 1)")
    parser.add_argument("--only", default="", help="goals, with commas: G4,G7 (default: all). Then only the table is written")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the random numbers (default {SEED})")
    parser.add_argument("--to", type=Path, default=RESULTS, help="where the table goes (default: bench/statistics.md)")
    parser.add_argument("--docs", type=Path, default=DOCS, help="the folder of statistics.md, whose figures are made anew, and of plots/")
    parser.add_argument("--processes", type=int, default=PROCESSES, help="the numbers do not depend on it (default 2)")
    return parser


def _write(cases: Sequence[Case], found: Sequence[Result], samples: Mapping[str, Samples], given: argparse.Namespace) -> None:
    facts = [f"{len(cases)} worlds, runs scaled by {given.runs_scale:g}, seed {given.seed}."]
    given.to.write_text(report(found, facts))
    if not given.only:
        draw(pictures.pictures(samples), given.docs / "plots")
        described = given.docs / "statistics.md"
        described.write_text(page.with_figures(described.read_text(), samples))


if __name__ == "__main__":
    sys.exit(main())
