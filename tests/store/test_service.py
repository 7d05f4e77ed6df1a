"""The service tells what the journals hold, over HTTP and on the command line, and says in sentences what it cannot."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from lab.settings import CHECKOUT
from tests.store.conftest import line, prediction
from tests.support import eventually, over_unix_socket


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Running:
    """`python -m lab` on a scratch state, with the command line beside it."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.socket = folder / "lab.sock"
        (self.state / "journal").mkdir(parents=True)
        self.environment = os.environ | {"LAB_STATE": str(self.state), "LAB_SOCKETS": str(folder)}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "lab"], cwd=CHECKOUT, env=self.environment, stdout=subprocess.DEVNULL)
        eventually(lambda: self.socket.exists() and self._answers())

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=60)
            self.process = None

    def write(self, *records: dict[str, Any] | bytes) -> None:
        """Appends to the present hour."""
        hour = datetime.now(UTC).strftime("%Y-%m-%dT%H")
        with (self.state / "journal" / f"predictions-{hour}.jsonl").open("ab") as file:
            file.write(b"".join(one if isinstance(one, bytes) else line(one) for one in records))

    def get(self, path: str, method: str = "GET", body: object = None) -> tuple[int, Any]:
        with over_unix_socket(self.socket) as connection:
            connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-c", "from lab.cli import main; main()", *words]

    def cli(self, *words: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        command = self.command(*words)
        return subprocess.run(command, cwd=CHECKOUT, env=self.environment, capture_output=True, text=True, input=given, timeout=60)

    def stored(self) -> int:
        return sum(one["stored"] for one in self.get("/journal")[1]["journals"])

    def _answers(self) -> bool:
        try:
            return self.get("/health")[0] == 200
        except OSError:
            return False


@pytest.fixture(scope="module")
def service() -> Iterator[Running]:
    # Not pytest's own folder: a unix socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        running = Running(Path(folder))
        running.write(
            prediction(1, time=now()), prediction(2, time=now(), label="evil \x1b[2J[/red]", status=502, outlier=True), b"no line\n"
        )
        running.start()
        eventually(lambda: running.stored() == 2)
        yield running
        running.stop()


def test_the_log_is_a_table_or_one_object_per_line(service: Running) -> None:
    table = service.cli("log")
    objects = [json.loads(row) for row in service.cli("log", "--status", "5xx", "-o", "json").stdout.splitlines()]

    assert table.returncode == 0
    assert f"{1:032x}" in table.stdout
    assert "\x1b" not in table.stdout
    assert "evil \\x1b[2J[/red]" in service.cli("sql", "select label from predictions").stdout
    assert [one["request_id"] for one in objects] == [f"{2:032x}"]


def test_the_log_is_followed_until_it_is_interrupted(service: Running) -> None:
    command = service.command("log", "-f", "-n", "1", "-o", "json")
    following = subprocess.Popen(command, cwd=CHECKOUT, env=service.environment, stdout=subprocess.PIPE)
    assert following.stdout is not None
    following.stdout.readline()

    service.write(prediction(77, time=now()), prediction(78, time=now()))

    came = [json.loads(following.stdout.readline())["request_id"] for _ in range(2)]
    following.send_signal(signal.SIGINT)
    assert following.wait(timeout=30) == 0
    following.stdout.close()
    assert came == [f"{77:032x}", f"{78:032x}"]


def test_the_log_is_followed_over_a_restart(service: Running) -> None:
    command = service.command("log", "-f", "-n", "1", "-o", "json")
    following = subprocess.Popen(command, cwd=CHECKOUT, env=service.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert following.stdout is not None
    assert following.stderr is not None
    following.stdout.readline()

    service.stop(signal.SIGKILL)
    assert b"Waiting for it" in following.stderr.readline()
    service.start()
    service.write(prediction(79, time=now()))

    assert json.loads(following.stdout.readline())["request_id"] == f"{79:032x}"
    following.send_signal(signal.SIGINT)
    assert following.communicate(timeout=30)[1] == b""
    assert following.returncode == 0


def test_nothing_found_is_a_sentence(service: Running) -> None:
    found = service.cli("log", "--variant", "nobody", "--since", "1h", "-o", "json")

    assert (found.returncode, found.stdout) == (0, "")
    assert found.stderr == "No prediction fits: variant nobody, since 1h.\n"


def test_a_wrong_address_names_the_right_ones(service: Running) -> None:
    status, content = service.get("/reports")

    assert status == 404
    assert content["detail"].startswith("There is nothing at /reports. There are /feedback, ")


def test_questions_are_answered_as_table_or_json(service: Running) -> None:
    rows = json.loads(service.cli("sql", "select min(status) as least from predictions", "-o", "json").stdout)

    assert rows == [{"least": 200}]
    assert "least" in service.cli("sql", "-", given="select min(status) as least from predictions").stdout


def test_a_question_that_is_none_is_a_sentence(service: Running) -> None:
    refused = service.cli("sql", "drop table predictions")

    assert refused.returncode == 1
    assert refused.stderr.startswith("Only one SELECT can be asked")


def test_the_report_names_the_variants(service: Running) -> None:
    told = json.loads(service.cli("report", "-o", "json", "--since", "1h").stdout)

    assert [one["variant"] for one in told["variants"]] == ["svc"]
    assert "svc" in service.cli("report").stdout
    assert service.cli("report", "--route", "nowhere").stderr == "No prediction fits: route nowhere.\n"


def test_the_journal_is_accounted_for_and_equal_after_a_rebuild(service: Running) -> None:
    before = json.loads(service.cli("journal", "--digest", "-o", "json").stdout)
    assert before["journals"][0]["quarantined"] == 1
    service.stop(signal.SIGKILL)
    (service.state / "lab.duckdb").unlink()
    (service.state / "lab.duckdb.wal").unlink(missing_ok=True)

    service.start()
    eventually(lambda: bool(service.get("/journal")[1]["is_current"]))

    assert service.get("/journal?digest=true")[1]["digest"] == before["digest"]
    assert f"Digest: {before['digest']}" in service.cli("journal", "--digest").stdout


def test_feedback_is_sent_and_joined(service: Running) -> None:
    service.write(prediction(99, time=now()))

    sent = service.cli("feedback", f"{99:032x}", "--truth", "setosa")
    again = service.cli("feedback", f"{99:032x}", "--truth", "virginica")

    assert (sent.returncode, again.returncode) == (0, 1)
    assert sent.stdout == "stored\n"
    assert again.stderr.startswith("conflicting")
    eventually(lambda: service.get("/sql", "POST", {"sql": "select reward from rewards"})[1]["rows"] == [[1.0]])


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/log?since=yesterday", "'yesterday' is no time. Say how long ago"),
        ("/log?since=999999d", "'999999d' is no time."),
        ("/report?since=0001-01-01T00:00%2B23:00", "is no time."),
        ("/log?status=9xx", "status is '9xx', must be such as 200 or 5xx."),
        ("/log?status=abc200", "status is 'abc200', must be such as 200 or 5xx."),
        ("/log?status=" + quote("2٣٣"), "must be such as 200 or 5xx."),
    ],
)
def test_what_means_nothing_is_a_sentence(path: str, sentence: str, service: Running) -> None:
    status, content = service.get(path)

    assert status == 422
    assert sentence in content["detail"]


@pytest.mark.parametrize("path", ["/log?after=" + "9" * 40, "/log?after=-7", "/log?limit=0", "/log?limit=100000", "/log?outlier=maybe"])
def test_numbers_out_of_range_are_refused(path: str, service: Running) -> None:
    status, content = service.get(path)

    assert status == 422
    assert content["detail"].startswith(path.partition("?")[2].partition("=")[0] + ": ")


@pytest.mark.parametrize(
    "path", ["/log?label=%00", "/log?label=%ff%fe", "/log?label='%20or%201=1--", "/log?route=&variant=", "/log?visitor=%f0%9f%8d%8b"]
)
def test_odd_filters_find_nothing(path: str, service: Running) -> None:
    status, content = service.get(path)

    assert (status, content["predictions"]) == (200, [])


def test_a_bad_time_on_the_command_line_is_a_sentence(service: Running) -> None:
    refused = service.cli("log", "--since", "soon")

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("'soon' is no time.")


@pytest.mark.parametrize("words", [["log"], ["report"], ["journal"], ["sql", "select 1"], ["feedback", "0" * 32, "--reward", "1"]])
def test_without_the_service_there_is_a_sentence(words: list[str], tmp_path: Path) -> None:
    silent = Running(tmp_path)

    refused = silent.cli(*words)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == (
        f"The lab's service does not answer at {tmp_path}/lab.sock. Start the lab (make up), or set LAB_STATE to its folder.\n"
    )


def test_a_new_line_is_known_within_a_second(service: Running) -> None:
    before = service.stored()
    service.write(prediction(500, time=now()))
    written = time.monotonic()

    eventually(lambda: service.stored() > before)

    # Generous: the machine may be busy.
    assert time.monotonic() - written < 5
