"""The commands as a whole: the list of them, their help, completion, and the page that describes them."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from lab.cli import app
from lab.cli.later import Later
from tests.cli.conftest import Lab, status
from tests.cli.service import FakeService
from tests.support import REPOSITORY

PAGE = (REPOSITORY / "docs" / "cli.md").read_text()


def commands() -> Iterator[tuple[str, list[str]]]:
    """Each with its options."""
    root = typer.main.get_command(app)
    for name in root.list_commands(None):  # type: ignore[attr-defined, arg-type]
        found = root.get_command(None, name)  # type: ignore[attr-defined, arg-type]
        real = found.real() if isinstance(found, Later) else found
        for sub, command in getattr(real, "commands", {"": real}).items():
            options = [one for param in command.params if param.param_type_name == "option" for one in (*param.opts, *param.secondary_opts)]
            yield f"{name} {sub}".strip(), options


@pytest.mark.parametrize(("command", "options"), list(commands()), ids=lambda one: one if isinstance(one, str) else "")
def test_the_page_names_every_command_with_its_options(command: str, options: list[str]) -> None:
    name = command.partition(" ")[0]
    sections = [part for part in re.split(r"^##+ ", PAGE, flags=re.MULTILINE) if re.match(rf"lab .*?\b{name}\b", part)]
    text = PAGE.partition("## ")[0] + "".join(sections)

    assert f"`lab {command}" in text or f"lab {command}" in text.partition("\n")[0], command
    assert [one for one in options if not re.search(rf"(?<![\w-]){one}(?![\w-])", text) and one not in ("-o", "--output")] == []


def test_the_page_shows_the_fields_of_a_status() -> None:
    section = PAGE.partition("### A run's status")[2]
    shown = json.loads(section.partition("```json")[2].partition("```")[0])

    assert set(shown) == set(status())


def test_the_list_of_commands_comes_without_the_statistics() -> None:
    program = (
        "import sys; sys.argv = ['lab', '--help']\nfrom lab.cli import main\ntry: main()\nexcept SystemExit: print('numpy' in sys.modules)"
    )

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=REPOSITORY).stdout

    assert said.splitlines()[-1] == "False"
    assert "describe" in said
    assert "stats" in said


def test_every_command_says_its_exit_codes(lab: Lab) -> None:
    for command, _ in commands():
        assert "Exit codes: 0" in " ".join(lab(f"{command} --help").stdout.split()), command


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("lab expl", ["explain"]),
        ("lab explain ", ["iris-progressive", "other"]),
        ("lab pause o", ["other"]),
        ("lab describe i", ["iris-progressive"]),
        ("lab assert -c w", ["winnerFound"]),
    ],
)
def test_commands_runs_and_conditions_are_completed(service: FakeService, state: Path, words: str, completed: list[str]) -> None:
    service.statuses = [status(), status("other")]

    assert complete(words, state) == completed


def test_without_a_service_no_run_is_completed_and_nothing_is_said(tmp_path: Path) -> None:
    assert complete("lab explain ", tmp_path) == []


def complete(words: str, state: Path) -> list[str]:
    """What bash asks when somebody presses the tabulator."""
    asked = {"_LAB_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    program = [sys.executable, "-c", "from lab.cli import main; import sys; sys.argv[0] = 'lab'; main()"]
    environment = os.environ | {"LAB_STATE": str(state), "LAB_SOCKETS": str(state)} | asked
    done = subprocess.run(program, env=environment, capture_output=True, text=True, cwd=REPOSITORY)
    assert done.stderr == ""
    return done.stdout.split()
