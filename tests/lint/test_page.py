"""docs/experiments.md: it names everything that there is, and what it shows is what is said."""

import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from lab.cli import app
from lab.lint.rules import RULES
from lab.spec import shapes
from lab.spec.metrics import MEASURES
from lab.spec.tasks import TASKS
from tests.spec.texts import written

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs" / "experiments.md").read_text()


def test_every_rule_is_on_the_page_in_its_own_words() -> None:
    rows = re.findall(r"^\| (L\d+) \| (\w+) \| (.*) \|$", PAGE, re.MULTILINE)

    assert rows == [(one.id, one.severity, f"{one.title}. {one.explanation}") for one in RULES.values()]


def test_every_metric_is_on_the_page_with_its_names_and_its_unit() -> None:
    for one in MEASURES.values():
        row = next(line for line in PAGE.split("\n") if line.startswith(f"| `{one.name}` |"))
        assert all(f"`{name}`" in row for name in one.aliases)
        assert row.endswith(f" | {one.metric(one.name).unit} | {one.meaning} |".replace("|  |", "| |"))


@pytest.mark.parametrize(
    "shape",
    [shapes.Strategy, shapes.Weights, shapes.Criteria, shapes.Reward, shapes.Objective, shapes.Strength, shapes.Duration, shapes.Step,
     shapes.VersionInfo, shapes.Version, shapes.MetricSpec, shapes.Task],
)  # fmt: skip
def test_every_field_is_on_the_page(shape: type[shapes.Shape]) -> None:
    for name, field in shape.model_fields.items():
        if shape is not shapes.Task or name != "run":
            assert re.search(rf"\b{field.alias or name}\b", PAGE), field.alias or name


def test_every_task_is_on_the_page_with_its_fields() -> None:
    for name, model in TASKS.items():
        row = next(line for line in PAGE.split("\n") if line.startswith(f"| `{name}` |"))
        assert all(f"`{field.alias or one}`" in row for one, field in model.model_fields.items())


def test_the_commands_on_the_page_print_what_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_STATE", str(tmp_path / "state"))
    (tmp_path / "typo.yaml").write_text(written().replace("deploymentPattern", "deploymentPatern"))
    consoles = re.findall(r"^\$ lab (lint .*)\n((?:[^$`].*\n)+)", PAGE, re.MULTILINE)

    assert len(consoles) == 2
    for command, shown in consoles:
        monkeypatch.chdir(tmp_path if "typo" in command else REPOSITORY)
        said = CliRunner(env={"NO_COLOR": "1", "TERM": "dumb"}).invoke(app, command.split())
        assert shown.strip() in said.stdout


def test_the_snippets_on_the_page_are_yaml() -> None:
    snippets = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)

    assert len(snippets) == 3
    for snippet in snippets:
        yaml.safe_load(snippet)
