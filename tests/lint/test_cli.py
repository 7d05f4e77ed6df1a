"""lab lint: what it prints, and its exit codes."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lab.cli import app
from lab.settings import CHECKOUT
from tests.spec.texts import METRICS, ROLLOUT

SOUND = CHECKOUT / "experiments" / "iris-progressive.yaml"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("LAB_GATEWAY", raising=False)
    monkeypatch.chdir(tmp_path)
    Path("rollout.yaml").write_text(ROLLOUT)
    Path("metrics.yaml").write_text(METRICS)


def lint(*words: str, text: str | None = None) -> Result:
    return CliRunner(env={"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "120"}).invoke(app, ["lint", *words], input=text)


def test_a_sound_file_ends_with_0() -> None:
    result = lint(str(SOUND))

    assert (result.exit_code, result.stdout) == (0, "Nothing found in 1 file.\n")


def test_warnings_end_with_1_and_each_rule_is_explained_once() -> None:
    result = lint("rollout.yaml", "metrics.yaml")

    assert result.exit_code == 1
    assert "rollout.yaml:20:15: warning L102: seldon-metrics/user-engagement counts" in result.stdout
    assert result.stdout.count("L104, missing data read as zero:") == 1
    assert result.stdout.endswith(" in 2 files.\n")


def test_notes_alone_end_with_0() -> None:
    text = SOUND.read_text().replace('mde: "0.05"', "mde: null")

    result = lint("-", "--rate", "0.5", text=text)

    assert result.exit_code == 0
    assert "standard input:" in result.stdout
    assert result.stdout.endswith("1 note in 1 file.\n")


def test_programs_get_every_finding_with_its_place() -> None:
    said = json.loads(lint("rollout.yaml", "metrics.yaml", "-o", "json").stdout)

    first = said["findings"][0]
    assert first.keys() == {"file", "rule", "severity", "line", "column", "sentence", "explanation"}
    assert (said["files"], sum(said["counts"].values())) == (2, len(said["findings"]))
    assert {one["file"] for one in said["findings"]} == {"rollout.yaml", "metrics.yaml"}


def test_the_expected_traffic_changes_what_is_found() -> None:
    text = SOUND.read_text()

    assert "L202" in lint("-", "--visitors", "1", text=text).stdout
    assert "L202" not in lint("-", "--visitors", "60", text=text).stdout


def test_a_file_that_cannot_be_read_ends_with_1_and_a_sentence() -> None:
    result = lint("missing.yaml")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "missing.yaml cannot be read: no such file or directory." in result.stderr


def test_a_command_that_is_not_understood_ends_with_2() -> None:
    assert lint().exit_code == 2
    assert lint("--loudly", "rollout.yaml").exit_code == 2
