"""What visitors do to a gateway, over real HTTP."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from lab.errors import Refused
from lab.load import samples
from lab.load.gateway import Gateway
from lab.load.plan import FaultSpan, Load
from lab.load.run import UNDER_WAY_MAX, Visitors
from lab.load.tally import Met, Result
from tests.load.gateway import FakeGateway
from tests.support import REPOSITORY, free_ports

ROWS = samples.rows(REPOSITORY / "sample_data")
LOAD = Load(route="iris", rate=400, planned=200, seed=7)


def visited(load: Load, gateway: FakeGateway, meanwhile: Callable[[Visitors], object] = lambda visitors: None) -> Result:
    """What becomes of a load."""

    async def all_of_it() -> Result:
        (port,) = free_ports(1)
        runner = await gateway.start(port)
        try:
            async with Gateway(f"http://127.0.0.1:{port}", "iris", UNDER_WAY_MAX) as client:
                visitors = Visitors(load, ROWS, client)
                asyncio.get_running_loop().call_later(0.3, meanwhile, visitors)
                return await visitors.run()
        finally:
            await runner.cleanup()

    return asyncio.run(all_of_it())


def met(result: Result, variant: str) -> Met:
    return next(one for one in result.variants if one.variant == variant)


def test_every_prediction_is_sent_and_counted_for_the_variant_that_was_assigned() -> None:
    gateway = FakeGateway()

    result = visited(LOAD, gateway)

    assert (result.sent, result.missed, len(gateway.keys)) == (200, 0, 200)
    assert sum(one.predictions for one in result.variants) == 200
    assert met(result, "forest").predictions == sum(variant == "forest" for variant in gateway.variants.values())
    assert len(set(gateway.keys)) == 200


def test_a_visitor_keeps_their_key_and_another_seed_brings_other_visitors() -> None:
    gateway = FakeGateway()

    visited(replace(LOAD, visitors=10), gateway)
    visited(replace(LOAD, visitors=10, seed=8), gateway)

    assert len(set(gateway.keys[:200])) == len(set(gateway.keys[200:])) == 10
    assert not set(gateway.keys[:200]) & set(gateway.keys[200:])


def test_inputs_are_the_measured_flowers_and_the_truth_is_theirs() -> None:
    gateway = FakeGateway()

    result = visited(replace(LOAD, truth=True), gateway)

    bodies = {sample.body.decode(): sample.truth for found in ROWS.values() for sample in found}
    assert gateway.bodies.keys() <= bodies.keys()
    assert len(gateway.kept) == result.outcomes["stored"] == 200
    assert {record["truth"] for record in gateway.kept.values()} == {"setosa", "versicolor", "virginica"}


def test_rewards_go_by_the_variant_that_answered() -> None:
    gateway = FakeGateway()

    result = visited(replace(LOAD, rewards={"svc": 0.0, "forest": 1.0}, zeros=True), gateway)

    given = {gateway.variants[request_id]: record["reward"] for request_id, record in gateway.kept.items()}
    assert given == {"svc": 0, "forest": 1}
    assert met(result, "forest").told == met(result, "forest").acknowledged == met(result, "forest").predictions


def test_a_rescued_prediction_is_rewarded_as_the_rescuers_and_its_visitor_counts_as_harmed() -> None:
    gateway = FakeGateway()
    gateway.rescued = {"forest"}

    result = visited(replace(LOAD, rewards={"svc": 0.0, "forest": 1.0}, zeros=True), gateway)

    assert {record["reward"] for record in gateway.kept.values()} == {0}
    assert met(result, "forest").rescued == met(result, "forest").harmed == met(result, "forest").predictions
    assert (met(result, "forest").errors, met(result, "svc").harmed) == (0, 0)


def test_errors_are_counted_and_nobody_says_anything_about_them() -> None:
    gateway = FakeGateway()
    gateway.failing = {"forest"}

    result = visited(replace(LOAD, visitors=10, truth=True), gateway)

    forest = met(result, "forest")
    assert forest.errors == forest.predictions > forest.harmed == forest.visitors > 0
    assert forest.told == 0
    assert {gateway.variants[request_id] for request_id in gateway.kept} == {"svc"}


def test_feedback_comes_later_and_all_of_it_is_waited_for() -> None:
    gateway = FakeGateway()
    kept_early: list[int] = []

    result = visited(replace(LOAD, truth=True, delay_s=0.5), gateway, lambda _: kept_early.append(len(gateway.kept)))

    assert kept_early[0] < 100
    assert len(gateway.kept) == result.outcomes["stored"] == 200


def test_slow_answers_delay_nobody_else() -> None:
    gateway = FakeGateway()
    gateway.delay_s = 1.0

    result = visited(replace(LOAD, planned=120), gateway)

    assert (result.sent, result.missed) == (120, 0)
    assert result.seconds < 2.5
    assert met(result, "svc").p50_s == pytest.approx(1, abs=0.3)


def test_what_cannot_be_kept_up_with_is_counted() -> None:
    gateway = FakeGateway()
    gateway.delay_s = 3.0

    result = visited(replace(LOAD, rate=2000, planned=UNDER_WAY_MAX + 100), gateway)

    assert (result.sent, result.missed) == (UNDER_WAY_MAX, 100)


def test_faults_are_set_for_their_time_and_taken_back() -> None:
    gateway = FakeGateway()
    spans = (FaultSpan("forest", {"error_rate": 0.2}, 0.1, 0.3), FaultSpan("svc", {"slow_ms": 5}, 0.2))

    visited(replace(LOAD, faults=spans), gateway)

    assert gateway.history[:3] == [{"forest": {"error_rate": 0.2}}, {"svc": {"slow_ms": 5}}, {"forest": {}}]
    assert gateway.faults == {"forest": {}, "svc": {}}


def test_a_load_that_is_stopped_takes_faults_back_and_says_what_it_left_out() -> None:
    gateway = FakeGateway()
    load = replace(LOAD, planned=4000, truth=True, delay_s=60, faults=(FaultSpan("forest", {"error_rate": 0.2}),))

    result = visited(load, gateway, lambda visitors: visitors.stop.set())

    assert result.is_stopped
    assert 0 < result.sent < 400
    assert result.unsent == result.sent - len(gateway.kept)
    assert gateway.history == [{"forest": {"error_rate": 0.2}}, {"forest": {}}]


def test_faults_of_somebody_else_are_left_alone() -> None:
    gateway = FakeGateway()
    gateway.faults["forest"] = {"slow_ms": 100}

    with pytest.raises(
        Refused, match=r"forest misbehaves already: slow_ms=100\. Make it well first: curl -X DELETE http://\S+/iris/forest/faults"
    ):
        visited(replace(LOAD, faults=(FaultSpan("forest", {"error_rate": 0.2}),)), gateway)

    assert gateway.keys == []
    assert gateway.history == []


def test_services_without_faults_are_named_before_anything_is_sent() -> None:
    gateway = FakeGateway()
    gateway.has_faults = False

    with pytest.raises(Refused, match=r"forest cannot be made to misbehave: .* answers 404\. Start the lab with LAB_FAULTS=1"):
        visited(replace(LOAD, faults=(FaultSpan("forest", {"error_rate": 0.2}),)), gateway)

    assert gateway.keys == []


def test_rewards_for_a_variant_as_such_go_to_its_address_at_their_rate() -> None:
    gateway = FakeGateway()

    result = visited(replace(LOAD, sent={"svc": 10, "ns-candidate/iris": 20}), gateway)

    assert gateway.sent.keys() == {"iris/svc", "seldon/ns-candidate/iris/api/v1.0"}
    assert gateway.sent["iris/svc"] == pytest.approx(10 * result.seconds, abs=3)
    assert gateway.sent["seldon/ns-candidate/iris/api/v1.0"] == pytest.approx(20 * result.seconds, abs=4)
    # Of both, one may have been on its way at the end.
    assert result.unattributed == pytest.approx(gateway.sent.total(), abs=2)


def test_a_gateway_that_does_not_believe_the_key_is_a_note() -> None:
    gateway = FakeGateway()
    gateway.believes_keys = False

    result = visited(LOAD, gateway)

    assert "does not believe X-User-ID" in result.notes[0]
