"""lab report --experiment: a verdict that was computed again, beside the one that was recorded."""

import json
from typing import Any

import pytest

from tests.cli.conftest import Lab
from tests.cli.service import FakeService


def report(**changed: Any) -> dict[str, Any]:
    software = {"lab": "0.1.0", "numpy": "2.4.6"}
    return {
        "at": 1_700_000_060.0,
        "look": 3,
        "looked_at": 1_700_000_060.0,
        "digest": "0d2371a5dadbdb52",
        "recorded_digest": "0d2371a5dadbdb52",
        "is_same": True,
        "verdict": "promote",
        "recorded_verdict": "promote",
        "numbers_differ_by": 0.0,
        "versions": {"recorded": software, "here": software},
        "decision": {"why": "Promote forest to 100 %."},
    } | changed


def test_the_same_verdict_is_told_with_its_digests(lab: Lab, service: FakeService) -> None:
    service.report = report()

    result = lab("report --experiment iris-progressive")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "iris-progressive, look 3 at 2023-11-14 22:14:20 UTC: Promote forest to 100 %.\n"
        "  verdict            promote; recorded: promote\n"
        "  digest of inputs   0d2371a5dadbdb52; recorded: 0d2371a5dadbdb52\n"
        "  numbers            the same\n"
        "  software           lab 0.1.0, numpy 2.4.6\n"
    )


def test_another_verdict_is_exit_code_1_and_shows_what_differs(lab: Lab, service: FakeService) -> None:
    other = {"recorded": {"lab": "0.1.0", "numpy": "2.4.5"}, "here": {"lab": "0.1.0", "numpy": "2.4.6"}}
    service.report = report(is_same=False, recorded_verdict="continue", numbers_differ_by=3.2e-7, versions=other)

    result = lab("report --experiment iris-progressive")

    assert result.exit_code == 1
    assert "promote; recorded: continue" in result.stdout
    assert "differ by 3.2e-07 of their size at most" in result.stdout
    assert "numpy 2.4.6 (recorded: 2.4.5)" in result.stdout
    assert result.stderr.startswith("What was computed again differs from what was recorded.")


def test_the_moment_goes_to_the_service(lab: Lab, service: FakeService) -> None:
    service.report = report()

    said = json.loads(lab("report --experiment iris-progressive --at 2026-11-21T16:00 -o json").stdout)

    assert said == report(name="iris-progressive")
    assert service.asked[-1] == "/experiments/iris-progressive/report?at=2026-11-21T16%3A00"


@pytest.mark.parametrize("words", ["report --at 5m", "report --journal /tmp"])
def test_a_moment_or_a_folder_needs_an_experiment(lab: Lab, words: str) -> None:
    result = lab(words)

    assert result.exit_code == 2
    assert "--experiment RUN" in result.stderr


def test_without_a_service_a_folder_without_the_run_is_a_sentence(lab: Lab, tmp_path: object) -> None:
    result = lab(f"report --experiment nosuch --journal {tmp_path}")

    assert result.exit_code == 1
    assert result.stderr == f"{tmp_path}/decisions.jsonl tells of no experiment nosuch. Experiments: none.\n"
