"""Experiments end as the truth about their candidates demands."""

import hashlib
import json

import pytest

from tests.rollout.conftest import LAG_S, SLOWNESS_S, Rollouts
from tests.rollout.crowd import crowd

pytestmark = pytest.mark.soak

TEN_PERCENT = {"weights": {"maxCandidateWeight": 10, "maxCandidateWeightIncrement": 10}}


def test_a_better_candidate_is_promoted(rollouts: Rollouts) -> None:
    ended = rollouts.run("better", "--rate", "60", "--reward", "svc=0.10", "--reward", "forest=0.20", "--delay", "500ms", "--seed", "1")

    assert ended.verdict == "promote", ended.why
    assert ended.status["winner"] == "forest"
    assert ended.status["weights"] == {"svc": 0, "forest": 100}
    assert "conversion is higher by" in ended.why


def test_an_equal_candidate_is_not_promoted(rollouts: Rollouts) -> None:
    ended = rollouts.run(
        "equal", "--rate", "60", "--reward", "svc=0.15", "--reward", "forest=0.15", "--delay", "500ms", "--seed", "2",
        duration={"iterationsPerLoop": 25},
    )  # fmt: skip

    assert ended.verdict == "inconclusive", ended.why
    assert ended.status["winner"] == "svc"
    assert ended.status["weights"] == {"svc": 100, "forest": 0}
    assert ended.met("forest")["predictions"] > 400


# Seconds after the beginning of the load at which its fault begins, and between two looks.
ONSET_S, INTERVAL_S = 12, 10


@pytest.mark.parametrize("rescue", [False, True])
def test_a_candidate_that_fails_at_ten_percent_is_gone_within_two_looks(rollouts: Rollouts, rescue: bool) -> None:
    if rescue:
        rollouts.command("route", "iris", "--rescue-500")
    ended = rollouts.run(
        "failing", "--rate", "50", "--reward", "svc=0.1", "--reward", "forest=0.1", "--fault", f"forest:error_rate=0.2,seed=1@{ONSET_S}s-",
        strategy=TEN_PERCENT, duration={"intervalSeconds": INTERVAL_S},
    )  # fmt: skip

    rollouts.command("route", "iris", "--no-rescue-500")
    assert ended.verdict == "roll back", ended.why
    assert "error-rate" in ended.why
    assert ended.status["weights"] == {"svc": 100, "forest": 0}
    assert ended.status["ended_at"] - rollouts.first_failure(ended.name) <= 2 * INTERVAL_S + LAG_S + SLOWNESS_S
    assert 0 < ended.seen["harmed"] <= 50
    forest = ended.met("forest")
    assert (forest["errors"], forest["rescued"]) == ((0, forest["harmed"]) if rescue else (forest["harmed"], 0))


def test_a_candidate_three_times_as_slow_is_rolled_back(rollouts: Rollouts) -> None:
    ended = rollouts.run(
        "slow", "--rate", "30", "--reward", "svc=0.1", "--reward", "forest=0.1", "--seed", "3",
        "--fault", "svc:slow_ms=100", "--fault", "forest:slow_ms=300",
        criteria={"strength": {"maturation": 2, "margins": {"latency-95th-percentile": 1.5}}},
    )  # fmt: skip

    assert ended.verdict == "roll back", ended.why
    assert "latency-95th-percentile" in ended.why
    assert ended.status["weights"] == {"svc": 100, "forest": 0}
    assert ended.met("forest")["p95_s"] > 2 * ended.met("svc")["p50_s"]


def test_a_candidate_that_answers_wrongly_is_rolled_back_where_the_truth_is_told(rollouts: Rollouts) -> None:
    ended = rollouts.run(
        "wrong", "--rate", "50", "--truth", "--delay", "500ms", "--seed", "4", "--fault", "forest:wrong_rate=0.5,seed=1",
        criteria={"rewards": [{"metric": "accuracy", "preferredDirection": "High"}]},
    )  # fmt: skip

    assert ended.verdict == "roll back", ended.why
    assert "accuracy is lower by" in ended.why
    assert ended.status["weights"] == {"svc": 100, "forest": 0}
    assert ended.met("forest")["errors"] == 0


def test_without_visitors_nothing_changes(rollouts: Rollouts) -> None:
    run = rollouts.start("nobody", duration={"intervalSeconds": 1, "iterationsPerLoop": 11})
    before = rollouts.weights()

    rollouts.ended(run)
    looks = rollouts.looks(run)
    rollouts.undo(run)

    assert before == {"svc": 80, "forest": 20, "xgboost": 0}
    assert len(looks) == 11
    assert all(look["decision"]["kind"] == "hold" and "No data" in look["decision"]["why"] for look in looks[:10]), looks[0]
    assert {json.dumps(look["decision"]["weights"]) for look in looks[:10]} == {'{"svc": 80.0, "forest": 20.0}'}
    assert looks[10]["decision"]["kind"] == "inconclusive"


def test_a_split_that_loses_visitors_of_one_variant_blocks_the_promotion(rollouts: Rollouts) -> None:
    steps = {"steps": [{"setWeight": 50}]}
    run = rollouts.start("lossy", strategy=steps, duration={"iterationsPerLoop": 12})
    salt = rollouts.table()["salt"]

    # Four of ten visitors who would meet forest, which has the first half of the buckets, never arrive.
    def arrives(key: str) -> bool:
        return bucket(salt, key) >= 5000 or bucket("loss", key) >= 4000

    with crowd(rollouts.lab.url, arrives, rewards={"svc": 0.1, "forest": 0.5}):
        status = rollouts.ended(run)
    looks = rollouts.looks(run)
    rollouts.undo(run)

    assert "split off" in {reason["what"] for look in looks for reason in look["decision"]["trust"]}
    assert status["verdict"] == "inconclusive", status["why"]
    assert "split" in status["why"]
    assert status["weights"] == {"svc": 100, "forest": 0}


def bucket(salt: str, key: str) -> int:
    """As the gateway computes it."""
    return int(hashlib.sha256(f"{salt}:{key}".encode()).hexdigest()[:8], 16) % 10_000
