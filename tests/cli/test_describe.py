"""lab describe: the sections, tables and numbers of iter8ctl."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.iter8_text import described
from lab.iter8_text.quantity import quantity, rounded_up
from lab.iter8_text.table import table
from tests.cli.conftest import Lab, status
from tests.cli.service import FakeService

FOLDER = Path(__file__).parent / "described"


def resource(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((FOLDER / f"{name}.yaml").read_text()))


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.yaml")))
def test_a_resource_is_described_like_this(name: str) -> None:
    assert described(resource(name)) == (FOLDER / f"{name}.txt").read_text()


def test_a_file_standard_input_and_json_are_described_alike(lab: Lab, tmp_path: Path) -> None:
    expected = (FOLDER / "ab.txt").read_text()
    as_json = json.dumps(resource("ab"))
    (tmp_path / "ab.json").write_text(as_json)

    assert lab(f"describe -f {FOLDER}/ab.yaml").stdout == f"{expected}\n"
    assert lab("describe -f -", given=as_json).stdout == f"{expected}\n"
    assert lab(f"describe -f {tmp_path}/ab.json").stdout == f"{expected}\n"


def test_the_experiment_is_found_among_metrics_and_in_a_list(lab: Lab) -> None:
    metrics = "kind: Metric\nmetadata: {name: clicks}\n---\n"
    several = json.dumps({"kind": "List", "items": [resource("ab")]})

    assert lab("describe -f -", given=metrics + (FOLDER / "ab.yaml").read_text()).stdout == lab("describe -f -", given=several).stdout


def test_a_run_of_this_lab_is_described_by_its_resource(lab: Lab, service: FakeService) -> None:
    service.statuses = [status(resource=resource("ab"))]

    assert lab("describe").stdout == lab("describe iris-progressive").stdout == f"{(FOLDER / 'ab.txt').read_text()}\n"
    assert json.loads(lab("describe -o json").stdout) == resource("ab")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "Error reading experiment YAML input... zero bytes read\n"),
        ("a: [", "unmarshal error... this could be due to invalid experiment YAML input\nLine 1, column 5: "),
        (
            "kind: Metric\n",
            "unmarshal error... this could be due to invalid experiment YAML input\n- holds no document with `kind: Experiment`.\n",
        ),
        ("just words", "unmarshal error... this could be due to invalid experiment YAML input\n- holds no document"),
    ],
)
def test_what_is_no_experiment_is_said_in_iter8ctls_words_and_then_in_ours(lab: Lab, given: str, said: str) -> None:
    result = lab("describe -f -", given=given)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(said)


def test_a_missing_file_and_a_missing_experiment_are_sentences(lab: Lab, service: FakeService) -> None:
    service.statuses = []

    assert lab("describe -f nowhere.yaml").stderr == (
        "Error reading experiment YAML input\nnowhere.yaml cannot be read: no such file or directory.\n"
    )
    assert lab("describe").stderr.startswith("Missing experiment. ")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (0.0151, "0.016"), (0.0001, "0.001"), (0, "0.000"), ("0", "0.000"), (2000, "2000.000"), ("2k", "2000.000"), ("500m", "0.500"),
        ("310319302313n", "310.320"), ("10u", "0.001"), ("1Ki", "1024.000"), ("1e3", "1000.000"), ("1.5E", "1500000000000000000.000"),
        (0.1 + 0.2, "0.300"), (-0.0005, "0.000"), (-1.0019, "-1.001"), ("0.0010000000001", "0.002"),
    ],
)  # fmt: skip
def test_numbers_have_three_decimals_rounded_up(said: object, shown: str) -> None:
    number = quantity(said)

    assert number is not None
    assert rounded_up(number) == shown


@pytest.mark.parametrize("said", [None, True, "many", "", "NaN", float("nan"), float("inf"), [1], "1x"])
def test_what_is_no_number_is_unavailable(said: object) -> None:
    assert quantity(said) is None


def test_long_cells_wrap_and_numbers_stand_to_the_right() -> None:
    assert table(["Objective", "v1"], [["iter8-seldon/mean-latency <= 2000.000", "true"], ["short", "5.000"]]) == (
        "+------------------------------+-------+\n"
        "|          OBJECTIVE           |  V1   |\n"
        "+------------------------------+-------+\n"
        "| iter8-seldon/mean-latency <= | true  |\n"
        "|                     2000.000 |       |\n"
        "+------------------------------+-------+\n"
        "| short                        | 5.000 |\n"
        "+------------------------------+-------+\n"
    )
