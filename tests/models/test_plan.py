"""A plan that cannot be followed is answered with its place and what is wrong."""

from pathlib import Path

import pytest

from models import cli
from models.plan import PlanError, read_plan


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    folder = tmp_path / "app_new"
    folder.mkdir()
    return folder / "artifacts.toml"


def test_a_new_folder_is_found_without_being_named_anywhere(plan: Path) -> None:
    plan.write_text('[[artifact]]\nname = "new"\nfile = "new.onnx"\nbuild = "app_new.build:new"\n')

    (artifact,) = read_plan(plan.parents[1])

    assert (artifact.app, artifact.name, artifact.weights) == ("app_new", "new", None)


def test_a_missing_setting_is_named(plan: Path) -> None:
    plan.write_text('[[artifact]]\nname = "new"\nfile = "new.onnx"\n')

    with pytest.raises(PlanError, match=r"^app_new/artifacts.toml: 'build' is missing.$"):
        read_plan(plan.parents[1])


def test_an_artifact_that_is_made_from_another_must_stand_below_it(plan: Path) -> None:
    derived = '[artifact.derived]\nfrom = "new.onnx"\nby = "app_new.build:small"\n'
    plan.write_text(f'[[artifact]]\nname = "small"\nfile = "small.onnx"\n{derived}')

    with pytest.raises(PlanError, match=r"^app_new/artifacts.toml: small.onnx is made from new.onnx, which must stand above it.$"):
        read_plan(plan.parents[1])


def test_a_broken_plan_ends_the_program_with_a_sentence(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan.write_text("[[artifact]\n")

    code = cli.main([], {}, plan.parents[1])

    assert code == 1
    assert capsys.readouterr().err.startswith("app_new/artifacts.toml: ")
