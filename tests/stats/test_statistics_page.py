"""docs/statistics.md: what it shows is what is said, and its figures are those of the simulation."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.statistics.page import END, HEADER, START
from lab.cli.stats.commands import stats_app

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs" / "statistics.md").read_text()
SIMULATED = (REPOSITORY / "bench" / "statistics.md").read_text()

CONSOLES = re.findall(r"```console\n(.*?)```", PAGE, re.S)


def shown() -> list[tuple[str, str]]:
    """Every command on the page, with what it prints there."""
    parts = [part for console in CONSOLES for part in re.split(r"^\$ ", console, flags=re.M) if part]
    return [(command, output) for command, _, output in (part.partition("\n") for part in parts)]


def lines(text: str) -> list[str]:
    """Without the empty edges of a table."""
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def test_every_command_prints_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    for command, output in shown():
        words = shlex.split(command)
        if words[0] == "cat":
            Path(words[1]).write_text(output)
            continue
        said = CliRunner().invoke(stats_app, words[2:])
        assert said.exit_code == 0, command
        assert lines(said.stdout) == lines(output), command


def test_every_command_of_the_page_exists() -> None:
    named = set(re.findall(r"`lab stats ([a-z0-9]+)", PAGE))

    assert named == {command.name or command.callback.__name__ for command in stats_app.registered_commands if command.callback}


def test_the_figures_are_those_of_the_simulation() -> None:
    table = PAGE.partition(f"{START}\n{HEADER}\n")[2].partition(f"\n{END}")[0].splitlines()

    assert len(table) > 15
    for line in table:
        _, rule, figure, _ = (cell.strip() for cell in line.strip("|").split("|"))
        assert any(f"| {rule} | {figure} |" in row for row in SIMULATED.splitlines()), line


def test_the_plots_are_there_and_small() -> None:
    for name in re.findall(r"\]\((plots/\S+\.svg)\)", PAGE):
        assert (REPOSITORY / "docs" / name).stat().st_size < 100_000
