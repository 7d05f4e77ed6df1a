"""What people see in a terminal: the live view, explanations that fit, questions before a deed."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from rich.console import Console

from lab.cli.watch import view
from lab.cli.wrapped import wrapped
from tests.cli.conftest import Lab, completed, status
from tests.cli.service import FakeService
from tests.support import REPOSITORY

WHY = "Continue: " + "conversion of forest is not shown to be better yet, " * 5


def in_a_terminal(state: Path, words: str, typed: str = "", columns: int = 80) -> tuple[int, str]:
    """Exit code and output of `lab …` in a terminal, without its colours."""
    here, there = pty.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    program = [sys.executable, "-c", "from lab.cli import main; main()", *words.split()]
    environment = os.environ | {"LAB_STATE": str(state), "LAB_SOCKETS": str(state), "TERM": "xterm"}
    with subprocess.Popen(program, stdin=there, stdout=there, stderr=there, env=environment, cwd=REPOSITORY) as process:
        os.close(there)
        os.write(here, typed.encode())
        said = b""
        while piece := _read(here):
            said += piece
    os.close(here)
    return process.returncode, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode()).replace("\r", "")


def _read(handle: int) -> bytes:
    """What there is to read; nothing once the other side is closed."""
    try:
        return os.read(handle, 65536)
    except OSError:
        return b""


def test_the_live_view_goes_on_until_the_run_has_ended(service: FakeService, state: Path) -> None:
    service.later = [[status()], [completed()]]

    code, said = in_a_terminal(state, "status iris-progressive -w")

    assert code == 0
    assert "30 %" in said
    assert said.rstrip().endswith("It has ended. Why it ended so: lab explain iris-progressive")


@pytest.mark.parametrize("columns", [80, 160])
def test_the_view_fits_the_terminal(columns: int) -> None:
    screen = Console(width=columns, record=True, file=open(os.devnull, "w"))  # noqa: SIM115 - rich closes nothing

    with screen.file:
        screen.print(view([status(why=WHY), status("other")], 0.0))

    lines = screen.export_text().splitlines()
    assert max(map(len, lines)) <= columns
    assert " ".join(WHY.split()) in " ".join(" ".join(lines).split())


def test_an_explanation_is_broken_into_lines_that_fit(service: FakeService, state: Path) -> None:
    text = f"{WHY}\n\n  forest: {WHY}\n"

    assert all(len(line) <= 80 for line in wrapped(text, 80).splitlines())
    assert " ".join(wrapped(text, 80).split()) == " ".join(text.split())
    assert wrapped(text, 80).splitlines()[-1].startswith("    ")
    assert max(len(line) for line in wrapped(text, 300).splitlines()) <= 120


def test_a_number_stays_with_its_percent() -> None:
    assert all(not line.lstrip().startswith("%") for line in wrapped("a 1 % " * 100, 31).splitlines())


@pytest.mark.parametrize(("typed", "code", "told"), [("y\n", 0, 1), ("n\n", 1, 0), ("\n", 1, 0)])
def test_a_deed_that_ends_a_run_is_asked_about(service: FakeService, state: Path, typed: str, code: int, told: int) -> None:
    assert in_a_terminal(state, "abort iris-progressive", typed)[0] == code
    assert len(service.told) == told


def test_output_that_goes_elsewhere_is_not_broken(lab: Lab, service: FakeService) -> None:
    service.statuses = [status(why=WHY)]

    assert f"  {WHY}" in lab("status").stdout
