"""One experiment at a time has a route; the others wait for it, the first to come first."""

import pytest

from lab.controller.controller import Conflict, FileError, NoRun
from lab.errors import Refused
from lab.web.experiments import status_of
from tests.controller.conftest import INTERVAL_S, Lab, several, text


def stages(lab: Lab) -> dict[str, str]:
    return {case.name: status_of(lab.controller, case)["stage"] for case in lab.controller.cases()[::-1]}


def test_a_second_experiment_waits_until_the_route_is_free(lab: Lab) -> None:
    lab.start(text("one", iterations=2))
    lab.start(text("two", iterations=2))
    lab.start(text("three", iterations=2))
    assert stages(lab) == {"one": "Running", "two": "Waiting", "three": "Waiting"}
    assert lab.route().experiment == "one"

    lab.look(2)
    assert stages(lab) == {"one": "Completed", "two": "Running", "three": "Waiting"}
    assert lab.route().experiment == "two"

    lab.look(4)
    assert set(stages(lab).values()) == {"Completed"}


def test_another_route_is_not_waited_for(lab: Lab) -> None:
    lab.start(text("one"))
    lab.start(text("two", route="fruit"))

    assert stages(lab) == {"one": "Running", "two": "Running"}


def test_waiting_survives_a_restart_and_the_first_interval_begins_with_the_start(lab: Lab) -> None:
    lab.start(text("one", iterations=2))
    lab.start(text("two", iterations=2))
    lab.look()

    lab.restarted()
    lab.tick()
    assert stages(lab) == {"one": "Running", "two": "Waiting"}
    lab.look()
    lab.tick(INTERVAL_S - 1)
    assert lab.kinds("two") == ["queue", "start"]
    lab.tick(1)
    assert lab.kinds("two") == ["queue", "start", "look"]


def test_what_waits_can_be_aborted_but_not_paused(lab: Lab) -> None:
    lab.start(text("one", iterations=2))
    lab.start(text("two"))

    with pytest.raises(Conflict, match="two waits for its route, so it cannot be paused yet"):
        lab.controller.pause("two", "ann", None)
    lab.controller.abort("two", "ann", "not needed")
    lab.look(3)

    assert stages(lab) == {"one": "Completed", "two": "Completed"}
    assert lab.kinds("two") == ["queue", "abort", "finish"]


def test_a_file_that_runs_again_gets_a_name_of_its_own_and_its_visitors_another_salt(lab: Lab) -> None:
    names = [lab.start(text(iterations=2)) for _ in range(3)]
    salts = []
    for _ in range(3):
        salts.append(lab.route().salt)
        lab.look(2)

    assert names == salts == ["ab", "ab-2", "ab-3"]


def test_a_files_name_means_the_run_that_goes_on_or_else_the_newest(lab: Lab) -> None:
    lab.start(text(iterations=2))
    lab.start(text(iterations=2))
    assert lab.controller.case("ab").name == "ab"

    lab.look(2)

    assert [lab.controller.case(name).name for name in ("ab", "ab-2", "ab-1")] == ["ab-2", "ab-2", "ab"]
    assert lab.controller.case("ab", exact=True).name == "ab"
    with pytest.raises(NoRun, match=r"There is no experiment nosuch. Experiments: ab."):
        lab.controller.case("nosuch")


@pytest.mark.parametrize("file", ["", "x", text("one").replace("iris", "nowhere"), "x" * 100_000])
def test_a_file_that_cannot_run_begins_nothing(lab: Lab, file: str) -> None:
    with pytest.raises(Refused):
        lab.start(file)

    assert lab.records() == []


def test_weights_that_the_gateway_would_not_take_are_refused_before_anything_begins(lab: Lab) -> None:
    lab.initial = {"svc": 0.0, "forest": 50.0, "xgboost": 25.0, "bayes": 25.0}

    with pytest.raises(FileError, match="The gateway cannot split iris like this"):
        lab.start(several("forest", "xgboost", "bayes"))

    assert lab.records() == []


def test_the_journals_of_runs_that_have_not_ended_are_kept(lab: Lab) -> None:
    lab.start(text("one", iterations=2))
    lab.start(text("two", iterations=2))
    assert lab.controller.running() == {"one", "two"}

    lab.look(2)

    assert lab.controller.running() == {"two"}
