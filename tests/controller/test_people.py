"""People decide instead: pause, resume, promote, abort, undo, and the weights themselves."""

import pytest

from lab.controller.controller import Conflict
from lab.judge.decision import Decision
from lab.routes import with_mode
from lab.web.experiments import status_of
from tests.controller.conftest import Lab, climb, decision, harm, hold, several, text


def percent(lab: Lab) -> float:
    return lab.route().weight("forest")


def iteration(lab: Lab) -> int:
    return int(status_of(lab.controller, lab.controller.cases()[0])["iteration"])


def test_while_it_is_paused_the_weights_and_the_count_of_looks_stand_still_and_evidence_comes_in(lab: Lab) -> None:
    run = lab.start(text())
    lab.look()

    lab.controller.pause(run, "ann", "a holiday")
    lab.look(3)
    assert (percent(lab), iteration(lab), len(lab.asked)) == (20, 1, 4)

    lab.controller.resume(run, "ann", None)
    lab.look()
    assert (percent(lab), iteration(lab)) == (30, 2)
    assert lab.records()[-1].why == "960 requests in 5 looks, 20 % by now."


def test_a_pause_survives_a_restart(lab: Lab) -> None:
    run = lab.start(text())
    lab.controller.pause(run, "ann", None)

    lab.restarted()
    lab.tick()
    lab.look(2)

    assert (percent(lab), iteration(lab)) == (10, 0)


def test_harm_rolls_back_in_a_pause_too(lab: Lab) -> None:
    lab.plan = harm
    run = lab.start(text())
    lab.controller.pause(run, "ann", None)

    lab.look(3)

    assert (lab.route().experiment, lab.route().weights) == (None, {"svc": 100.0})


def test_one_of_several_candidates_that_does_harm_in_a_pause_loses_its_visitors_alone(lab: Lab) -> None:
    def one_harms(experiment: object, evidence: object, standing: object, now: float) -> Decision:
        after = standing._replace(iteration=standing.iteration + 1, retired=frozenset({"forest"}))  # type: ignore[attr-defined]
        weights = {"svc": 70.0, "forest": 0.0, "xgboost": 30.0}
        return decision(experiment, standing, after=after, weights=weights)  # type: ignore[arg-type]

    lab.plan = one_harms  # type: ignore[assignment]
    run = lab.start(several("forest", "xgboost"))
    lab.controller.pause(run, "ann", None)

    lab.look()

    assert lab.route().weights == {"svc": 90.0, "forest": 0.0, "xgboost": 10.0}
    assert lab.controller.cases()[0].story.standing.retired == {"forest"}


def test_the_end_of_the_time_waits_for_the_end_of_the_pause(lab: Lab) -> None:
    lab.plan = hold
    run = lab.start(text(iterations=2))
    lab.look()
    lab.controller.pause(run, "ann", None)
    lab.look(3)
    assert status_of(lab.controller, lab.controller.case(run))["stage"] == "Running"

    lab.controller.resume(run, "ann", None)
    lab.look()

    assert status_of(lab.controller, lab.controller.case(run))["stage"] == "Completed"


def test_a_promotion_by_hand_gives_the_candidate_everybody_at_once(lab: Lab) -> None:
    lab.plan = hold
    run = lab.start(text())

    lab.controller.promote(run, "ann", "we know better")

    said = status_of(lab.controller, lab.controller.case(run))
    assert (lab.route().weights, lab.route().experiment) == ({"svc": 0.0, "forest": 100.0}, None)
    assert (said["stage"], said["winner"], said["recommended"], said["why"]) == (
        "Completed",
        "forest",
        "forest",
        "Promoted by ann: we know better.",
    )
    assert said["verdict"] is None
    promoted = next(one for one in lab.records(run) if one.kind == "promote")
    assert (promoted.who, promoted.why) == ("ann", "we know better")


def test_of_several_candidates_one_must_be_named(lab: Lab) -> None:
    run = lab.start(several("forest", "xgboost"))

    with pytest.raises(Conflict, match="ab has 2 candidates, and none is ahead"):
        lab.controller.promote(run, "ann", None)
    with pytest.raises(Conflict, match=r"ab has no candidate svc. Candidates: forest, xgboost."):
        lab.controller.promote(run, "ann", None, "svc")
    lab.controller.promote(run, "ann", None, "xgboost")

    assert lab.route().weights == {"svc": 0.0, "xgboost": 100.0}


def test_an_abort_gives_the_baseline_everybody_and_runs_no_task(lab: Lab) -> None:
    run = lab.start(text(finish="[{task: notification/http, with: {url: 'http://hook.example/'}}]"))
    lab.look(2)

    lab.controller.abort(run, "ann", None)

    assert (lab.route().weights, lab.route().experiment, lab.told) == ({"svc": 100.0}, None, [])
    with pytest.raises(Conflict, match=r"ab is over \(Aborted by ann\), so it cannot be promoted"):
        lab.controller.promote(run, "ann", None)


@pytest.mark.parametrize("looks", [0, 2, 5])
def test_undo_makes_the_route_what_it_was(lab: Lab, looks: int) -> None:
    before = lab.route("fruit").model_dump() | {"epoch": None}
    run = lab.start(text(route="fruit"))
    lab.look(looks)

    lab.controller.undo(run, "ann", None)

    assert lab.route("fruit").model_dump() | {"epoch": None} == before
    said = status_of(lab.controller, lab.controller.case(run))
    assert (said["stage"], said["message"], said["why"]) == ("Completed", "ExperimentCompleted: Experiment undone", "Undone by ann.")
    assert said["weights"] == before["weights"]
    lab.restarted()
    lab.look(2)
    assert lab.route("fruit").model_dump() | {"epoch": None} == before


def test_undo_twice_does_nothing_the_second_time(lab: Lab) -> None:
    run = lab.start(text(iterations=2))
    lab.look(2)
    lab.controller.undo(run, "ann", None)
    lab.traffic.set_weights("iris", {"forest": 5})

    lab.controller.undo(run, "ann", None)

    assert percent(lab) == 5


def test_undo_of_a_run_before_the_last_is_refused(lab: Lab) -> None:
    lab.start(text("one", iterations=2))
    lab.look(2)
    lab.start(text("two", iterations=2))

    with pytest.raises(Conflict, match="two has run on iris since"):
        lab.controller.undo("one", "ann", None)


def test_weights_that_a_person_sets_count_and_the_next_look_goes_on_from_there(lab: Lab) -> None:
    run = lab.start(text())
    lab.look()
    lab.traffic.set_weights("iris", {"forest": 3})
    lab.tick(1)
    assert percent(lab) == 3

    lab.look()

    assert percent(lab) == 13
    assert [one.detail["before"]["weights"]["forest"] for one in lab.records(run) if one.kind == "look"] == [10, 3]


def test_weights_that_a_person_sets_after_a_kill_outlast_the_look_that_was_not_carried_out(lab: Lab) -> None:
    lab.start(text())
    lab.clock.pass_by(10)
    lab.ends_at = len(lab.steps) + 2
    with pytest.raises(BaseException, match="before the route is changed"):
        lab.controller.tick()
    lab.ends_at = None
    lab.traffic.set_weights("iris", {"forest": 3})

    lab.restarted()
    lab.tick()

    assert percent(lab) == 3


def test_a_route_that_a_person_switches_off_stays_off(lab: Lab) -> None:
    run = lab.start(text())
    lab.traffic.change("iris", lambda route: with_mode(route, "off"))

    lab.look(2)

    assert (lab.route().mode, lab.route().experiment) == ("off", run)
    notices = status_of(lab.controller, lab.controller.case(run))["notices"]
    assert any(one.startswith("iris is in mode off: nothing counts until it is weighted.") for one in notices)


def test_a_run_whose_route_lost_it_takes_the_route_again(lab: Lab) -> None:
    run = lab.start(text())
    lab.look(2)
    (lab.folder / "state" / "routes.json").unlink()

    lab.tick(1)

    assert (lab.route().experiment, percent(lab)) == (run, 30)
    assert lab.plan is climb
