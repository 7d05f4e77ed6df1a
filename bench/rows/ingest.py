"""What it costs to have every prediction in the database, and what that is good for."""

import itertools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple

import duckdb

from bench import journals, plain_duckdb
from bench.errors import Failure
from bench.interleave import interleaved, ratio, timed
from bench.journals import Traffic
from bench.labs import lab
from bench.noise import rounds_apart
from bench.processes import REPOSITORY
from bench.row import Findings, Line
from bench.usage import peak_mb
from lab.journal import segments
from lab.store.database import MEMORY_LIMIT, THREADS
from lab.store.report import report
from lab.store.store import Store

TITLE = "Journals into the database"
ABOUT = (
    "Control: DuckDB's own `insert into … select * from read_json(…)` with every column declared and the lab's memory and threads, "
    "without sums, checks, offsets or crash safety. Candidate: the lab's store, which does all of that. Generated journals: irises and "
    "fruit, five variants, 50,000 visitors, 700 bytes a line; `LAB_BENCH_LINES` says how many lines (1 million). At once: everything into "
    "a new database. On and on: 1,000 or 2,000 lines per reading, one reading a second by the journal's clock, into a database of 200,000. "
    "The question, once everything is read: count, error rate, mean and 95th percentile of the latency per variant; its control reads the "
    "same files with read_json. Memory: while somebody has a page open that asks every second how far the lab has read."
)
SECONDS = 75.0

# Four segments: 70 predictions a second for four hours, or more a second where more lines are wanted.
LINES = int(os.environ.get("LAB_BENCH_LINES") or 1_000_000)
# Fewer are read too fast to be timed.
LINES_MIN = 10_000
START = 1_795_161_600  # 2026-11-20T08:00Z
PER_SECOND = LINES / 14_400

BULKS, QUESTIONS = 5, 9

# Most lines that the question is asked about.
ASKED_MAX = 5_000_000

# Lines that the database holds before it is read on, readings of one round, and rounds.
HELD, READINGS, STEADY_ROUNDS = 200_000, 20, 4
PER_READING = (1_000, 2_000)

# What the lab's service may take, in MB, and a question asked of its table, in times of the control.
GOAL_MB, GOAL_TIMES = 300, 1.5

# Seconds between two looks how far the service has read: as a page that somebody has open asks.
OPEN_PAGE_S = 1.0


class Cost(NamedTuple):
    """Of reading some lines."""

    per_s: float
    cpu_us: float
    """Per line, of all threads."""


def measure(folder: Path) -> Findings:
    """At once, on and on, the question, and memory."""
    if LINES < LINES_MIN:
        raise Failure(f"LAB_BENCH_LINES is {LINES}, must be at least {LINES_MIN}.")
    journal = folder / "journal"
    files = journals.write(journal, itertools.islice(journals.lines(Traffic(START, PER_SECOND)), LINES))
    bulk, noise = _bulk(folder, journal)
    question, met = _question(folder, files)
    memory, said = _memory(folder, journal)
    return Findings([*bulk, *_steady(folder / "steady"), *question, *memory], [noise, met, *said])


def _bulk(folder: Path, journal: Path) -> tuple[list[Line], str]:
    sides = {"plain": partial(_plainly, folder, journal), "lab": partial(_by_the_lab, folder, journal)}
    found = interleaved(sides, BULKS, SECONDS * 0.7)
    plain, ours = found["plain"], found["lab"]
    lines = [
        Line(f"{LINES:,} lines at once", "lines/s", ratio([one.per_s for one in plain], [one.per_s for one in ours], "higher")),
        Line(f"{LINES:,} lines at once, CPU per line", "µs", ratio([one.cpu_us for one in plain], [one.cpu_us for one in ours], "lower")),
    ]
    return lines, f"The control by itself, at once: {rounds_apart([one.per_s for one in plain], 'lines/s')}."


def _plainly(folder: Path, journal: Path) -> Cost:
    state = _fresh(folder / "plain", journal)
    with plain_duckdb.connect(state / "plain.duckdb") as connection:
        plain_duckdb.create(connection)
        return _cost(lambda: sum(plain_duckdb.insert(connection, one.path) for one in segments.listed(state / "journal")))


def _by_the_lab(folder: Path, journal: Path) -> Cost:
    with closing(Store(_fresh(folder / "lab", journal))) as store:
        return _cost(lambda: store.read_on().stored)


def _cost(read: Callable[[], int]) -> Cost:
    started, cpu_s = time.perf_counter(), time.process_time()
    lines = read()
    seconds, cpu_s = time.perf_counter() - started, time.process_time() - cpu_s
    if lines != LINES:
        raise Failure(f"{lines} of {LINES} lines became rows.")
    return Cost(lines / seconds, cpu_s / lines * 1e6)


def _fresh(state: Path, journal: Path) -> Path:
    """A state with this journal and no database."""
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir()
    (state / "journal").symlink_to(journal)
    # What was written before must not be written to the disk meanwhile.
    os.sync()
    return state


def _steady(folder: Path) -> list[Line]:
    """Both sides read the same new lines; the control gets them as a file of their own, so that it need not look for them."""
    (file,) = journals.write(folder / "lab" / "journal", itertools.islice(journals.lines(Traffic(START, HELD / 3600)), HELD))
    with closing(Store(folder / "lab")) as store, plain_duckdb.connect(folder / "plain.duckdb", THREADS) as connection:
        plain_duckdb.create(connection)
        plain_duckdb.insert(connection, file)
        store.read_on()
        reads = {"plain": partial(_read_plainly, connection, folder / "new"), "lab": partial(_read_on, store)}
        return [_read_for_a_while(reads, START + hours * 3600, per_reading) for hours, per_reading in enumerate(PER_READING, 1)]


def _read_for_a_while(reads: dict[str, Callable[[list[bytes]], float]], start: float, lines: int) -> Line:
    endless = journals.lines(Traffic(start, lines, seed=lines))
    fresh = [list(itertools.islice(endless, lines)) for _ in range(READINGS * STEADY_ROUNDS)]
    found = interleaved({side: partial(_readings, read, iter(fresh), lines) for side, read in reads.items()}, STEADY_ROUNDS)
    return Line(f"{lines:,} lines per reading, CPU per line", "µs", ratio(found["plain"], found["lab"], "lower"))


def _readings(read: Callable[[list[bytes]], float], fresh: Iterator[list[bytes]], lines: int) -> float:
    """CPU per line in µs. Over two blocks of ten seconds, so that the sums made at a block's end are in it."""
    return sum(read(some) for some in itertools.islice(fresh, READINGS)) / (READINGS * lines) * 1e6


def _read_plainly(connection: duckdb.DuckDBPyConnection, folder: Path, some: list[bytes]) -> float:
    shutil.rmtree(folder, ignore_errors=True)
    (file,) = journals.write(folder, some)
    started = time.process_time()
    plain_duckdb.insert(connection, file)
    return time.process_time() - started


def _read_on(store: Store, some: list[bytes]) -> float:
    journals.write(store.journal, some)
    started = time.process_time()
    stored = store.read_on().stored
    cpu_s = time.process_time() - started
    if stored != len(some):
        raise Failure(f"{stored} of {len(some)} lines became rows.")
    return cpu_s


def _question(folder: Path, files: list[Path]) -> tuple[list[Line], str]:
    """The store is the last one that `_bulk` has left."""
    if LINES > ASKED_MAX:
        return [], f"The question is left out: DuckDB keeps all values of an exact percentile in memory, more than {MEMORY_LIMIT} here."
    with closing(Store(folder / "lab")) as store, plain_duckdb.connect(None) as plain, store.cursor() as cursor:
        over_files = plain_duckdb.QUESTION.format(rows=plain_duckdb.rows(files))
        over_table = plain_duckdb.QUESTION.format(rows="predictions")
        if _rounded(plain, over_files) != _rounded(cursor, over_table):
            raise Failure("The database answers otherwise than the journal.")
        sides = {
            "files": timed(lambda: plain.execute(over_files).fetchall()),
            "table": timed(lambda: cursor.execute(over_table).fetchall()),
            "report": timed(lambda: report(store)),
        }
        found = interleaved(sides, QUESTIONS, SECONDS * 0.3)
    named = {"table": "from the database's table", "report": "by the lab's report, which also knows labels, outliers, rewards and drift"}
    lines = [
        Line(f"the question over {LINES:,} lines, {what}", "s", ratio(found["files"], found[side], "lower")) for side, what in named.items()
    ]
    return lines, _said_of(lines[0])


def _said_of(question: Line) -> str:
    """Above 1, a ratio says how many times faster the candidate is."""
    times = 1 / question.result.median
    met = "met" if times <= GOAL_TIMES else "**missed**"
    return f"The question to the table takes {times:.2f} times as long as to the files. The goal is at most {GOAL_TIMES}: {met}."


def _rounded(connection: duckdb.DuckDBPyConnection, question: str) -> list[tuple[object, ...]]:
    """Sums of floating-point numbers depend on their order in the last digits."""
    rows = connection.execute(question).fetchall()
    return [tuple(round(value, 9) if isinstance(value, float) else value for value in row) for row in rows]


def _memory(folder: Path, journal: Path) -> tuple[list[Line], list[str]]:
    plain_mb, ours_mb = (_peak_alone_mb(who, _fresh(folder / f"alone-{who}", journal)) for who in ("plain", "lab"))
    service_mb, resumed_mb = _service_mb(folder, journal)
    line = Line(f"{LINES:,} lines at once in a process of its own, peak", "MB", ratio([plain_mb], [ours_mb], "lower"))
    whole = (
        f"The lab's whole service took {service_mb:.0f} MB at most while it read all {LINES:,} lines, and {resumed_mb:.0f} MB when it was "
        f"started again on what it had read. The goal is {GOAL_MB} MB: {'met' if service_mb <= GOAL_MB else '**missed**'}."
    )
    return [line], [whole]


def _peak_alone_mb(who: str, state: Path) -> float:
    command = [sys.executable, "-m", "bench.ingest_once", who, str(state)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    if done.returncode:
        raise Failure(f"bench.ingest_once {who} failed: {done.stderr.strip().splitlines()[-1]}")
    return float(done.stdout)


def _service_mb(folder: Path, journal: Path) -> tuple[float, float]:
    """At most, while it reads everything, and while it starts on the database that it has then."""
    state = _fresh(folder / "service", journal)
    peaks = []
    for _ in range(2):
        with lab(state, folder / "run") as service:
            service.wait_until_current(60 + LINES / 5_000, LINES, OPEN_PAGE_S)
            peaks.append(peak_mb(service.pid))
    return peaks[0], peaks[1]
