"""lab pause, resume, promote, abort and undo: people decide, with the token, and their words are kept."""

import json

import pytest

from tests.cli.conftest import Lab
from tests.cli.service import DEEDS, FakeService


@pytest.mark.parametrize("deed", DEEDS)
def test_a_deed_is_told_with_who_and_why(lab: Lab, service: FakeService, deed: str) -> None:
    result = lab(f"{deed} iris-progressive --why maintenance --yes")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("iris-progressive ")
    assert ("lab weight iris" if deed == "undo" else "svc 70 %, forest 30 %") in result.stdout
    assert service.told == [(f"/experiments/iris-progressive/{deed}", {"who": "jane, by the command line", "why": "maintenance"})]


@pytest.mark.parametrize("deed", ["promote", "abort", "undo"])
def test_what_ends_a_run_is_not_done_without_a_word_where_nobody_can_be_asked(lab: Lab, service: FakeService, deed: str) -> None:
    result = lab(f"{deed} iris-progressive")

    assert result.exit_code == 2
    assert "Say --yes." in result.stderr
    assert service.told == []


def test_of_several_candidates_one_is_named(lab: Lab, service: FakeService) -> None:
    lab("promote iris-progressive xgboost --yes")

    assert service.told[0][1]["variant"] == "xgboost"


def test_json_is_the_status_after_it(lab: Lab, service: FakeService) -> None:
    assert json.loads(lab("pause iris-progressive -o json").stdout) == service.statuses[0]


def test_a_deed_needs_a_name(lab: Lab) -> None:
    assert lab("promote --yes").exit_code == 2
