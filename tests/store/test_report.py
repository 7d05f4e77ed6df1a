"""The report, the drift and the account say what a plain count of the lines says."""

import math
import random
from collections import Counter
from pathlib import Path

import pytest

from lab.store import drift
from lab.store.account import account
from lab.store.answers import accounts, counts
from lab.store.report import report
from tests.store import reference
from tests.store.conftest import START, Lab, feedback, prediction, some_feedback, some_predictions


@pytest.mark.parametrize("seed", range(3))
def test_the_report_is_that_of_a_plain_count(seed: int, lab: Lab) -> None:
    lines, said = some_predictions(seed, 300), some_feedback(seed, 60)
    lab.write(*lines)
    lab.write(*said, kind="feedback")
    lab.store.read_on()

    told = {one.variant: one for one in report(lab.store)}

    given = reference.rewards(lines, said)
    for variant in ("svc", "forest"):
        own = [line for line in lines if line["variant"] == variant and line["reason"] != "shadow"]
        one = told[variant]
        assert one.requests == len(own)
        assert one.failures == sum(map(reference.failed, own))
        assert one.rescued == sum(line["rescued"] for line in own)
        assert one.refused == sum(400 <= line["status"] < 500 for line in own)
        assert one.reasons == Counter(line["reason"] for line in own)
        assert one.labels == Counter(line["label"] for line in own if line["label"])
        assert one.outlier_share == sum(line["outlier"] is True for line in own) / sum(line["outlier"] is not None for line in own)
        rewarded = [given[line["request_id"]] for line in own if line["request_id"] in given]
        assert (one.rewards.predictions, one.rewards.late) == (len(rewarded), sum(late for _, late in rewarded))
        assert one.rewards.mean == pytest.approx(sum(reward for reward, _ in rewarded) / len(rewarded))
        assert one.rewards.coverage == pytest.approx(len(rewarded) / len(own))
        slowest = sorted(line["request_s"] for line in own)
        assert one.latency is not None
        assert one.latency.p95_s == pytest.approx(slowest[math.ceil(0.95 * len(own)) - 1], rel=0.01)


def test_a_variant_that_is_only_a_shadow_is_listed_with_its_copies(lab: Lab) -> None:
    lab.write(prediction(1), prediction(1, variant="xgboost", reason="shadow", status=503))
    lab.store.read_on()

    (shadow,) = [one for one in report(lab.store) if one.variant == "xgboost"]

    assert (shadow.requests, shadow.failures, shadow.reasons, shadow.latency) == (0, 0, {"shadow": 1}, None)


def test_the_report_since_a_moment_counts_from_its_block_on(lab: Lab) -> None:
    lab.write(*(prediction(second) for second in (5, 15, 25)))
    lab.write(*(feedback(30 + second, second) for second in (5, 15, 25)), kind="feedback")
    lab.store.read_on()

    (one,) = report(lab.store, START.replace(second=17))

    assert (one.requests, one.rewards.predictions, one.rewards.coverage) == (2, 2, 1.0)
    assert report(lab.store, route="fruit") == []


def test_the_index_has_its_known_values() -> None:
    equal = drift.index([100, 100], [300, 300])
    shifted = drift.index([500_000, 500_000], [600_000, 400_000])

    assert equal == 0
    assert shifted == pytest.approx(0.1 * math.log(0.6 / 0.5) + -0.1 * math.log(0.4 / 0.5), rel=1e-4)
    assert drift.index([10, 0], [0, 10]) == pytest.approx(2 * (10 / 11) * math.log(10.5 / 0.5))


def write_labels(lab: Lab, share_later: float, center_later: float) -> None:
    luck = random.Random(4)
    for number in range(2000):
        share, center = (0.5, 5.0) if number < 1000 else (share_later, center_later)
        lab.write(prediction(number, label="a" if luck.random() < share else "b", features=[luck.gauss(center, 1)]))
    lab.store.read_on()


def shift(lab: Lab) -> drift.Shift:
    with lab.store.cursor() as cursor:
        found = drift.shift(cursor, "iris", "svc")
    assert found is not None
    return found


def test_the_same_answers_to_the_same_questions_are_quiet(lab: Lab) -> None:
    write_labels(lab, 0.5, 5.0)

    assert shift(lab).labels < 0.02
    assert shift(lab).features is not None
    assert max(shift(lab).features or ()) < 0.1
    assert shift(lab).compared == (1000, 1000)


def test_other_answers_to_other_questions_are_noticed(lab: Lab) -> None:
    write_labels(lab, 0.2, 6.0)

    assert shift(lab).labels > 0.3
    assert min(shift(lab).features or ()) > 0.5


def test_too_few_predictions_say_nothing_of_drift(lab: Lab) -> None:
    lab.write(*(prediction(number) for number in range(2 * drift.ENOUGH - 1)))
    lab.store.read_on()

    assert report(lab.store)[0].shift is None


def test_answers_that_came_when_the_gateway_had_given_up_are_not_lost(lab: Lab, tmp_path: Path) -> None:
    def line(number: int, status: int | None) -> dict[str, object]:
        return prediction(number, status=status or 499, attempts=[{"variant": "svc", "status": status, "seconds": 10.0}])

    lab.write(line(1, 200), line(2, 504), line(3, None), line(4, 502))
    lab.store.read_on()

    found = []
    for answered in (1, 2, 3, 4):
        (tmp_path / "svc.answers").write_text(f"{answered:020}\n")
        (one,) = accounts(lab.store, tmp_path)
        found.append((one.missing, one.late_max, one.unexplained))

    # None, either, or both of the two that it gave up on were answered in the end; one of four is lost.
    assert found == [(0, 0, 0), (1, 1, 0), (2, 2, 0), (3, 2, 1)]
    assert one.as_json() == {"variant": "svc", "answered": 4, "journalled": 1, "given_up": 2, "missing": 3, "late_max": 2, "unexplained": 1}


def test_answers_that_no_line_tells_of_are_missing(lab: Lab, tmp_path: Path) -> None:
    answered = {"svc": 200, "forest": 500, "custom": 502, "vgg16": None}
    attempts = [{"variant": variant, "status": status, "seconds": 0.1} for variant, status in answered.items()]
    lab.write(prediction(1, attempts=attempts), prediction(2, attempts=[]))
    lab.store.read_on()
    for variant in answered:
        (tmp_path / f"{variant}.answers").write_text(f"{1:020}\n")

    told = {one.variant: (one.answered, one.journalled, one.missing) for one in accounts(lab.store, tmp_path)}

    assert told == {"svc": (1, 1, 0), "forest": (1, 1, 0), "custom": (1, 0, 1), "vgg16": (1, 0, 1)}


def test_counts_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    odd = {"svc": b"0007\n", "forest": b"", "custom": b"-1", "vgg16": b"\xff", "Odd-Name": b"1"}
    for name, content in odd.items():
        (tmp_path / f"{name}.answers").write_bytes(content)
    (tmp_path / "folder.answers").mkdir()

    assert counts(tmp_path) == {"svc": 7}


def test_the_account_adds_up(lab: Lab, tmp_path: Path) -> None:
    lab.write(prediction(1), b"bad\n", prediction(2))
    lab.write(feedback(1, 1), kind="feedback")
    lab.store.read_on()
    lab.write(b"half a line")

    whole = account(lab.store, tmp_path)

    told = {one.kind: one for one in whole.journals}
    assert whole.outcomes == {"stored": 1}
    assert told["predictions"][3:] == (11, 3, 2, 1)
    assert told["predictions"].bytes == lab.journal().stat().st_size
    assert told["feedback"][3:] == (0, 1, 1, 0)
    assert told["decisions"][1:] == (0, 0, 0, 0, 0, 0)
