"""Posts of feedback: to the control, and to the lab's own service."""

import itertools
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import journals
from bench.errors import Failure
from bench.journals import Traffic
from bench.labs import answers_health, lab
from bench.posts import by_clients, in_a_stream
from bench.processes import process
from bench.usage import peak_mb


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not pytest's own: a unix socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="bench-") as short:
        yield Path(short)


@pytest.fixture
def control(folder: Path) -> Iterator[Path]:
    """Its socket."""
    socket = folder / "plain.sock"
    command = [sys.executable, "-m", "bench.plain_feedback", str(socket), str(folder / "plain.jsonl")]
    with process(command, lambda: answers_health(socket), folder / "plain.log", {}):
        yield socket


def bodies(ids: Iterator[str]) -> Iterator[bytes]:
    return (json.dumps({"request_id": one, "reward": 1}).encode() for one in ids)


def endless() -> Iterator[bytes]:
    return bodies(f"{number:032x}" for number in itertools.count())


def test_every_post_to_the_control_is_a_line(control: Path, folder: Path) -> None:
    met = by_clients(control, endless(), clients=4, seconds=0.2)

    assert len((folder / "plain.jsonl").read_text().splitlines()) == len(met.latencies_s) > 0
    assert met.per_s == pytest.approx(len(met.latencies_s) / met.seconds)
    assert 0 < met.percentile_ms(50) <= met.percentile_ms(99)


def test_a_stream_sends_as_many_posts_as_are_due(control: Path, folder: Path) -> None:
    met = in_a_stream(control, endless(), per_second=100, seconds=0.5)

    assert len(met.latencies_s) == len((folder / "plain.jsonl").read_text().splitlines()) == 50


def test_an_answer_that_is_no_success_is_shown(control: Path) -> None:
    with pytest.raises(Failure, match=r"POST /feedback answered 422: .*reward"):
        by_clients(control, itertools.repeat(b'{"request_id": "1"}'), clients=1, seconds=0.2)


def test_the_labs_service_stores_what_is_posted_and_catches_up_after_a_stop(folder: Path) -> None:
    journal = folder / "state" / "journal"
    with lab(folder / "state", folder) as service:
        made = list(itertools.islice(journals.lines(Traffic(time.time() - 1, 1_000)), 1_000))
        os.kill(service.pid, signal.SIGSTOP)
        journals.write(journal, made)
        os.kill(service.pid, signal.SIGCONT)

        service.wait_until_current(30, 1_000)
        met = in_a_stream(service.socket, bodies(journals.request_id(line) for line in made), per_second=200, seconds=0.5)

        assert peak_mb(service.pid) > 20

    (file,) = journal.glob("feedback-*.jsonl")
    assert [json.loads(line)["outcome"] for line in file.read_text().splitlines()] == ["stored"] * len(met.latencies_s)


def test_a_lab_that_has_not_read_enough_is_named_with_what_is_missing(folder: Path) -> None:
    with lab(folder / "state", folder) as service, pytest.raises(Failure, match="0 of at least 1 lines are read"):
        service.wait_until_current(1.0, 1)
