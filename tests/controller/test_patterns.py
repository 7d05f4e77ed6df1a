"""Experiments that leave the split alone, and shadows."""

import pytest

from tests.controller.conftest import Lab, climb, hold, text

SHADOW = text(pattern="Shadow", deployment="FixedSplit", iterations=1, objectives="[{metric: agreement, lowerLimit: 0.9}]")


@pytest.mark.parametrize("plan", [hold, climb])
def test_a_fixed_split_keeps_the_routes_weights(lab: Lab, plan: object) -> None:
    lab.plan = plan  # type: ignore[assignment]
    run = lab.start(text(deployment="FixedSplit", iterations=2))
    assert (lab.route().experiment, lab.route().salt, lab.route().weights) == (run, run, {"svc": 60.0, "forest": 40.0})

    lab.look(2)

    assert (lab.route().experiment, lab.route().mode, lab.route().weights) == (None, "weighted", {"svc": 60.0, "forest": 40.0})


def test_a_fixed_split_of_a_route_in_round_robin_gives_it_back_to_turns(lab: Lab) -> None:
    lab.plan = hold
    lab.start(text(deployment="FixedSplit", iterations=1, route="fruit"))
    assert lab.route("fruit").mode == "weighted"

    lab.look()

    assert (lab.route("fruit").mode, lab.route("fruit").weights) == ("roundrobin", {"custom": 50.0, "vgg16": 50.0})


def test_a_shadow_gets_copies_for_the_run_only(lab: Lab) -> None:
    lab.plan = hold
    lab.traffic.change("iris", lambda route: route.model_copy(update={"shadows": {"xgboost": 5.0}}))
    lab.start(SHADOW)
    assert lab.route().shadows == {"xgboost": 5.0, "forest": 100.0}

    lab.look()

    assert lab.route().shadows == {"xgboost": 5.0}


def test_a_shadow_that_was_there_before_is_there_again(lab: Lab) -> None:
    lab.plan = hold
    lab.traffic.change("iris", lambda route: route.model_copy(update={"shadows": {"forest": 5.0}}))
    lab.start(SHADOW)

    lab.look()

    assert lab.route().shadows == {"forest": 5.0}


def test_a_conformance_test_has_no_candidate_and_changes_no_weight(lab: Lab) -> None:
    lab.plan = hold
    lab.start(text(pattern="Conformance", iterations=1, candidates="[]"))
    assert lab.route().weights == {"svc": 60.0, "forest": 40.0}

    lab.look()

    assert (lab.route().experiment, lab.route().weights) == (None, {"svc": 60.0, "forest": 40.0})
