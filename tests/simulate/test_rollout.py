"""The whole experiments of `make simulate`: a quick part of them keeps its bounds."""

import pytest

from bench.statistics import run
from bench.statistics.case import Case, results
from bench.statistics.goals import rollout
from bench.statistics.table import shown_value
from lab.spec.experiment import SetWeight


def named(words: str) -> Case:
    return next(case for case in rollout.CASES if words in case.world)


@pytest.mark.parametrize(("words", "runs"), [("2 % errors", 10), ("beyond the 95th", 10), ("reward 15 % higher", 3)])
def test_what_the_controller_promises_holds(words: str, runs: int) -> None:
    found = results(named(words), run.run_here(named(words), runs))

    assert not [f"{one.line.measure}: {shown_value(one.summary)}" for one in found if one.holds is False]


def test_the_staged_release_goes_from_5_to_50_percent_in_five_stages_of_20_looks() -> None:
    steps = rollout.release(is_staged=True, margin=None).steps

    assert [steps[look].percent for look in (0, 19, 20, 40, 60, 80, 99) if isinstance(steps[look], SetWeight)] == [5, 5, 10, 20, 35, 50, 50]


def test_the_margins_are_the_cases_own() -> None:
    guards = rollout.release(is_staged=False, margin=2.0).strength.guards

    assert {guard.metric.name: guard.margin for guard in guards} == {"error-rate": 2.0, "latency-95th-percentile": 2.0}
