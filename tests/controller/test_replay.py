"""A past verdict is computed again from the journals; what they tell must be what they told."""

import math

import pytest

from lab.controller.replay import NoLook, differ_by, verdict_at
from lab.judge.block import Block
from lab.store.exposed import Run
from lab.web.experiments import status_of
from tests.controller.conftest import START, Lab, blocks, text


def less(run: Run, after: float, through: float) -> tuple[Block, ...]:
    """As if a second's predictions had been lost."""
    return blocks(run, after, through - 1)


def again(lab: Lab, run: str, at: float) -> dict[str, object]:
    case, world = lab.controller.case(run), lab.controller.world
    return verdict_at(lab.controller.judge, case.story, case.experiment, world.ask, at, world.software)


@pytest.mark.parametrize(("at", "look"), [(START + 10, 1), (START + 39.9, 3), (START + 1e6, 5)])
def test_the_verdict_that_was_in_force_comes_out_again(lab: Lab, at: float, look: int) -> None:
    run = lab.start(text())
    lab.look(5)

    said = again(lab, run, at)

    recorded = [one.detail for one in lab.records(run) if one.kind == "look"][look - 1]
    assert (said["look"], said["digest"], said["recorded_digest"]) == (look, recorded["digest"], recorded["digest"])
    assert (said["is_same"], said["numbers_differ_by"], said["verdict"]) == (True, 0.0, recorded["decision"]["kind"])
    assert said["decision"] == recorded["decision"]
    assert said["versions"] == {"recorded": {"lab": "1"}, "here": {"lab": "1"}}


def test_other_journals_are_found_out(lab: Lab) -> None:
    run = lab.start(text())
    lab.look(3)

    lab.ask = less
    said = again(lab, run, START + 30)

    assert said["is_same"] is False
    assert said["digest"] != said["recorded_digest"]


def test_after_a_restart_other_journals_are_noticed_and_what_was_decided_stands(lab: Lab) -> None:
    run = lab.start(text())
    lab.look(2)

    lab.ask = less
    lab.restarted()
    lab.tick()
    lab.look()

    notices = status_of(lab.controller, lab.controller.case(run))["notices"]
    assert notices == ["The journals tell something else than they did at look 1. What was decided stands."]
    assert lab.route().weight("forest") == 40


def test_before_the_first_look_there_is_no_verdict(lab: Lab) -> None:
    run = lab.start(text())

    with pytest.raises(NoLook, match="ab had not decided anything by then: no look has been made"):
        again(lab, run, START + 5)


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ({"a": [1, 2.0], "b": None}, {"a": [1.0, 2.0], "b": None}, 0.0),
        ({"a": 100.0}, {"a": 100.1}, 0.1 / 100.1),
        ({"a": 1}, {"b": 1}, math.inf),
        ([1], [1, 2], math.inf),
        ("promote", "hold", math.inf),
        (True, 1, math.inf),
        (None, 0.0, math.inf),
    ],
)
def test_how_far_numbers_lie_apart(one: object, other: object, apart: float) -> None:
    assert differ_by(one, other) == pytest.approx(apart)
