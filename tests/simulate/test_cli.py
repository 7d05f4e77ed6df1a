"""The command line `lab simulate`: what it prints, what it refuses, and that its page says so."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lab.cli.simulate import simulate_app
from lab.simulate.many import Many
from lab.simulate.read import read
from lab.simulate.world import Fault, Reward, Truth, Variant, Visits, World

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs" / "simulate.md").read_text()
RELEASE = ("-f", "experiments/worlds/release.yaml")


@pytest.fixture(autouse=True)
def _in_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the routes that the gateway comes with."""
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setenv("LAB_STATE", str(tmp_path))


def said(*words: str, code: int = 0) -> str:
    """Standard output; with another code the sentences on standard error."""
    result = CliRunner().invoke(simulate_app, words)
    assert result.exit_code == code, result.output
    return result.stderr if code == 1 else result.stdout


def numbers(world: str, runs: int) -> dict[str, Any]:
    words = (*RELEASE, "--world", f"experiments/worlds/{world}.yaml", "--runs", str(runs), "--jobs", "1", "-o", "json")
    return json.loads(said(*words))


def test_the_page_shows_what_is_printed() -> None:
    (console,) = re.findall(r"```console\n\$ lab simulate (.*?)\n(.*?)```", PAGE, re.S)
    command, output = console

    lines = [line.rstrip() for line in said(*shlex.split(command)).splitlines() if line.strip()]

    assert lines == [line.rstrip() for line in output.splitlines() if line.strip()]


def test_the_world_of_the_page_is_one() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)

    assert read(text).name == "evening"


def test_the_page_has_every_field_of_a_world() -> None:
    told = set(re.findall(r"`([a-z_.]+)`", PAGE))
    inner = {"visits": Visits, "reward": Reward, "truth": Truth}

    of_world = {name for name in World.model_fields if name not in (*inner, "variants", "faults")}
    of_parts = {f"{part}.{name}" for part, model in inner.items() for name in model.model_fields} - {"visits.errors_spread"}
    of_variants = {*Variant.model_fields, *Fault.model_fields}

    assert (of_world | of_parts | of_variants) - told == set()


def test_a_failing_candidate_is_rolled_back_soon() -> None:
    found = numbers("failing", 20)

    assert list(found["verdicts"]) == ["roll back"]
    assert found["verdicts"]["roll back"]["requests"]["median"] <= 15_000
    assert found["all"]["harmed"]["median"] > 0
    assert found["final_weights"]["vgg16"]["mean"] == 0


def test_a_slow_candidate_is_rolled_back_soon() -> None:
    found = numbers("slow", 20)

    assert list(found["verdicts"]) == ["roll back"]
    assert found["verdicts"]["roll back"]["requests"]["median"] <= 8_000


def test_a_better_candidate_is_promoted() -> None:
    found = numbers("better", 10)

    assert found["promoted"]["vgg16"]["runs"] >= 9
    assert found["verdicts"]["promote vgg16"]["requests"]["median"] <= 60_000


def test_the_same_seed_gives_the_same_numbers_on_any_number_of_processes() -> None:
    words = (*RELEASE, "--world", "experiments/worlds/slow.yaml", "--runs", "8", "-o", "json")

    assert said(*words, "--jobs", "1") == said(*words, "--jobs", "2")
    assert said(*words, "--jobs", "1") != said(*words, "--jobs", "1", "--seed", "2")


def test_ctrl_c_prints_the_runs_that_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    work = Many.work

    def interrupted(many: Many, progress: object) -> None:
        def stop(done: int) -> None:
            raise KeyboardInterrupt

        work(many, stop)

    monkeypatch.setattr(Many, "work", interrupted)

    words = (*RELEASE, "--world", "experiments/worlds/slow.yaml", "--runs", "40", "--jobs", "1", "-o", "json")

    assert json.loads(said(*words, code=130))["runs"] == 4


def test_every_world_that_comes_with_the_lab_fits_its_release() -> None:
    worlds = sorted(path.stem for path in (REPOSITORY / "experiments" / "worlds").glob("*.yaml") if path.stem != "release")

    assert len(worlds) >= 7
    for name in worlds:
        assert read((REPOSITORY / "experiments" / "worlds" / f"{name}.yaml").read_text(), name).name == name


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "world.yaml cannot be read: No such file or directory."),
        ("visitors_per_s: many\n", 'world.yaml:1:17: visitors_per_s is "many", must be a number, {knots: {second: value, …}}'),
        ("visitors_per_s: 5\n", "The world has no reward, and conversion is judged. Add: reward: {base: 0.1}"),
        ("{", "world.yaml:1:2: This is not YAML:"),
    ],
)
def test_a_world_that_cannot_be_is_refused_with_sentences(text: str | None, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "world.yaml"
    if text is not None:
        path.write_text(text)

    assert sentence in said(*RELEASE, "--world", str(path), code=1)


def test_a_command_without_a_world_is_not_understood() -> None:
    said(*RELEASE, code=2)
