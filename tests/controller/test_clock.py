"""Clocks jump and labs sleep; no moment is looked at twice, and no look is waited for longer than an interval."""

from tests.controller.conftest import INTERVAL_S, START, Lab, text


def test_after_a_jump_forward_one_look_covers_more(lab: Lab) -> None:
    run = lab.start(text())
    lab.look()

    lab.clock.jump(3600)
    lab.tick(INTERVAL_S - 1)
    assert len(lab.asked) == 1
    lab.tick(1)

    assert lab.asked[1] == (run, START + 8, START + 3600 + 18)


def test_after_a_jump_back_the_next_look_comes_in_time_and_covers_nothing_twice(lab: Lab) -> None:
    lab.start(text())
    lab.look(2)

    lab.clock.jump(-3600)
    lab.tick(INTERVAL_S)

    assert [stretch[1:] for stretch in lab.asked] == [(START, START + 8), (START + 8, START + 18), (START + 18, START + 18)]
    assert [one.detail["at"] for one in lab.records() if one.kind == "look"] == [START + 10, START + 20, START + 20]


def test_after_a_jump_back_and_a_restart_the_next_look_is_an_interval_away_at_most(lab: Lab) -> None:
    run = lab.start(text())
    lab.look()
    lab.clock.jump(-3600)

    lab.restarted()
    lab.tick()
    lab.tick(INTERVAL_S)

    assert lab.kinds(run) == ["start", "look", "look"]


def test_a_lab_that_slept_makes_one_look_at_once(lab: Lab) -> None:
    run = lab.start(text())
    lab.look()
    lab.clock.pass_by(5 * INTERVAL_S)

    lab.restarted()
    lab.tick()
    lab.tick(INTERVAL_S - 1)

    assert lab.kinds(run) == ["start", "look", "look"]
    # The first stretch is asked for again, to make the evidence of it.
    assert [stretch[1:] for stretch in lab.asked[1:]] == [(START, START + 8), (START + 8, START + 58)]


def test_a_restart_between_two_looks_does_not_move_the_next_one(lab: Lab) -> None:
    run = lab.start(text())
    lab.look()
    lab.tick(4)

    lab.restarted()
    lab.tick()
    lab.tick(INTERVAL_S - 5)
    assert lab.kinds(run) == ["start", "look"]
    lab.tick(1)

    assert lab.kinds(run) == ["start", "look", "look"]


def test_a_look_that_fails_is_made_as_soon_as_it_can_be(lab: Lab) -> None:
    run = lab.start(text())

    def broken(*given: object) -> tuple[()]:
        raise OSError("the disk is gone")

    asked, lab.ask = lab.ask, broken
    lab.look()
    (case,) = lab.controller.cases()
    assert case.trouble == "the disk is gone"
    assert lab.kinds(run) == ["start"]

    lab.ask = asked
    lab.tick(0.2)

    assert case.trouble is None
    assert lab.kinds(run) == ["start", "look"]
