"""Whether the lab's pages take as long, and stay as small, however many predictions there are."""

import math
import os
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bench import lived
from bench.errors import Failure
from bench.interleave import Ratio, interleaved, ratio, timed
from bench.labs import Answer, Lab, lab
from bench.lived import FRUIT, HOURS, IRIS, LOOKS, Lived
from bench.processes import free_port
from bench.row import Findings, Line

# Many predictions, and few.
LINES = int(os.environ.get("LAB_BENCH_LINES") or 1_000_000)
FEW = 10_000

TITLE = "The lab's pages"
ABOUT = (
    f"Control: the lab's service with {FEW:,} predictions in its journals. Candidate: the same with many; `LAB_BENCH_LINES` says how many "
    f"(1 million). Both of {HOURS} hours that end now, of five variants, with feedback for every tenth prediction and a shadow that gets "
    f"copies; both with the records of the same two experiments, one that has ended after {LOOKS} looks and one under way. Every page in "
    "turn from both, on unix sockets, warm. The models' services do not run: pages that ask them say so."
)
SECONDS = 15.0
ROUNDS = 12

# What the issue asks for: times as long as with few predictions, and kB of one page.
GOAL_TIMES, GOAL_KB = 3.0, 500

# As a browser asks through the gateway on this machine.
BROWSER = {"Accept": "text/html", "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Prefix": "/lab", "X-Lab-Reading": "1"}

# Seconds that the last predictions are away from now at most when measuring begins.
LATE_S = 5.0


class Page(NamedTuple):
    """One address."""

    name: str
    path: str
    status: int = 200
    """503 of those that miss the models' services."""


PAGES = (
    Page("overview", "/"),
    Page("experiment that has ended", f"/experiment/{IRIS}"),
    Page("experiment under way", f"/experiment/{FRUIT}"),
    Page("its evidence as CSV", f"/experiment/{IRIS}/evidence.csv"),
    Page("predictions, the newest", "/predictions"),
    Page("predictions, those that failed", "/predictions?status=5xx"),
    Page("predictions, a label that none has", "/predictions?label=none"),
    Page("predictions, the same since 90 days", "/predictions?label=none&since=90d"),
    Page("predictions, of one visitor", "/predictions?visitor={visitor}"),
    Page("prediction by its id", "/prediction/{request_id}"),
    Page("shadows", "/shadow"),
    Page("a shadow", "/shadow/iris"),
    Page("models", "/models", 503),
    Page("compare, the form", "/compare?route=iris", 503),
)


class Site(NamedTuple):
    """A lab and its service."""

    service: Lab
    about: Mapping[str, str]
    """What stands in the pages' addresses: something that this very lab knows."""

    def show(self, page: Page) -> Answer:
        """Raises Failure for another status."""
        address = page.path.format_map(self.about)
        answer = self.service.get(address, BROWSER)
        if answer.status != page.status:
            raise Failure(f"GET {address} answered {answer.status}: {answer.content[:200]!r}")
        return answer


def measure(folder: Path) -> Findings:
    """Both labs, every page."""
    if LINES < FEW:
        raise Failure(f"LAB_BENCH_LINES is {LINES}, must be at least {FEW}.")
    start = time.time() - HOURS * 3600
    few, many = Lived(folder / "few", FEW, start), Lived(folder / "many", LINES, start)
    # The long part first: while it is written and read, minutes pass.
    many.go_on(time.time())
    many.read()
    now = time.time()
    few.go_on(now)
    few.read()
    lived.run_experiments(few.state, now)
    lived.take_experiments(many.state, few.state)
    return measured(folder, few, many)


def measured(folder: Path, few: Lived, many: Lived) -> Findings:
    """Of labs that have their experiments."""
    # Nobody listens there: what another lab's gateway answers is none of our business.
    nobody = f"http://127.0.0.1:{free_port()}"
    with (
        lab(few.state, folder / "a", LAB_GATEWAY_URL=nobody) as control,
        lab(many.state, folder / "b", LAB_GATEWAY_URL=nobody) as candidate,
    ):
        _until_now(few, many)
        for one, service in ((few, control), (many, candidate)):
            service.wait_until_current(60 + LINES / 5_000, one.written)
        return _findings(Site(control, few.middle), Site(candidate, many.middle))


def _until_now(*labs: Lived) -> None:
    """Writes what has come due, and again what has come due meanwhile."""
    latest = -math.inf
    while time.time() - latest > LATE_S:
        latest = time.time()
        for one in labs:
            one.go_on(latest)


def _findings(few: Site, many: Site) -> Findings:
    sizes_kb = {page.name: len(many.show(page).content) / 1000 for page in PAGES}
    for page in PAGES:
        few.show(page)
    sides = {(name, page.name): timed(partial(site.show, page)) for page in PAGES for name, site in (("few", few), ("many", many))}
    # What a page keeps for a second must not be kept from one round to the next.
    found = interleaved({("", ""): _next_second, **sides}, ROUNDS, SECONDS)
    lines = [Line(page.name, "ms", _ratio_ms(found["few", page.name], found["many", page.name])) for page in PAGES]
    return Findings(lines, [_said_of_times(lines), _said_of_sizes(sizes_kb)])


def _next_second() -> float:
    time.sleep(1 - time.time() % 1)
    return 0.0


def _ratio_ms(few: list[float], many: list[float]) -> Ratio:
    return ratio([1000 * one for one in few], [1000 * one for one in many], "lower")


def _said_of_times(lines: list[Line]) -> str:
    """Above 1, a ratio says how many times faster the candidate is."""
    times = {line.what: 1 / line.result.median for line in lines}
    slowest = max(times, key=lambda name: times[name])
    missed = [f"{name} ({one:.1f} times)" for name, one in times.items() if one > GOAL_TIMES]
    goal = f"**missed** by {', '.join(missed)}" if missed else "met"
    most = f"With {LINES:,} predictions, {slowest} takes {times[slowest]:.1f} times as long as with {FEW:,}, all others less"
    return f"{most}. The goal is at most {GOAL_TIMES:g} times: {goal}."


def _said_of_sizes(sizes_kb: Mapping[str, float]) -> str:
    told = ", ".join(f"{name} {size:.0f}" for name, size in sizes_kb.items())
    missed = ", ".join(name for name, size in sizes_kb.items() if size > GOAL_KB)
    return f"Sizes in kB, uncompressed: {told}. The goal is at most {GOAL_KB} kB: {f'**missed** by {missed}' if missed else 'met'}."
