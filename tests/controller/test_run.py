"""A run begins, looks, moves the weights, ends, and gives the route back."""

from tests.controller.conftest import INTERVAL_S, START, Lab, harm, hold, text


def test_a_start_takes_the_route_and_the_first_look_is_due_one_interval_later(lab: Lab) -> None:
    run = lab.start(text())

    route = lab.route()
    assert (route.experiment, route.salt, route.mode, route.weights) == (run, run, "weighted", {"svc": 90.0, "forest": 10.0})
    lab.tick(INTERVAL_S - 1)
    assert lab.kinds(run) == ["start"]
    lab.tick(1)
    assert lab.kinds(run) == ["start", "look"]


def test_looks_cover_all_of_the_time_once(lab: Lab) -> None:
    lab.start(text())

    lab.look(5)

    assert [stretch[1:] for stretch in lab.asked] == [
        (START, START + 8), (START + 8, START + 18), (START + 18, START + 28), (START + 28, START + 38), (START + 38, START + 48)
    ]  # fmt: skip


def test_the_weights_follow_the_decisions_to_a_promotion(lab: Lab) -> None:
    run = lab.start(text())

    seen = []
    for _ in range(5):
        lab.look()
        seen.append(lab.route().weight("forest"))

    assert seen == [20, 30, 40, 50, 100]
    assert lab.kinds(run) == ["start", "look", "look", "look", "look", "look", "finish"]
    assert (lab.route().experiment, lab.route().mode, lab.route().lanes) == (None, "weighted", ("forest",))


def test_who_is_rolled_back_gets_nobody(lab: Lab) -> None:
    lab.plan = harm
    lab.start(text())

    lab.look(3)

    assert (lab.route().experiment, lab.route().weights) == (None, {"svc": 100.0})


def test_a_route_in_round_robin_is_weighted_for_the_run_only(lab: Lab) -> None:
    lab.plan = hold
    lab.start(text(route="fruit"))
    assert lab.route("fruit").mode == "weighted"

    lab.look(5)

    assert (lab.route("fruit").mode, lab.route("fruit").weights) == ("roundrobin", {"custom": 100.0})
