"""What can be said on the command line about a load."""

from collections.abc import Callable

import pytest

from lab.errors import Refused
from lab.load import words
from lab.load.faults import Change, changes
from lab.load.plan import FaultSpan


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200), ("250ms", 0.25)])
def test_durations_have_units(text: str, seconds: float) -> None:
    assert words.seconds(text) == seconds


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("forest:error_rate=0.2@20s-60s", FaultSpan("forest", {"error_rate": 0.2}, 20, 60)),
        ("forest:slow_ms=50,wrong_rate=0.1", FaultSpan("forest", {"slow_ms": 50, "wrong_rate": 0.1})),
        ("svc:crash_after=10@1m-", FaultSpan("svc", {"crash_after": 10}, 60)),
    ],
)
def test_a_fault_has_a_variant_and_perhaps_a_time(text: str, span: FaultSpan) -> None:
    assert words.fault(text) == span


@pytest.mark.parametrize(
    ("read", "text", "sentence"),
    [
        (words.seconds, "soon", "'soon' is no duration. Write 90s, 5m or 1h."),
        (words.fault, "forest", "'forest' is no fault. Write forest:error_rate=0.2@20s-60s"),
        (words.fault, "forest:error_rate=x", "'error_rate=x' cannot be read. Write it like error_rate=0.2."),
        (words.fault, "forest:error_rate=1@9s-3s", "ends before it begins."),
        (lambda text: words.shares([text]), "svc=1.2", "'svc=1.2' cannot be read. Write it like svc=0.10."),
        (lambda text: words.shares([text]), "svc=nan", "'svc=nan' cannot be read."),
        (lambda text: words.shares([text, text]), "svc=1", "svc is named twice."),
        (lambda text: words.rates([text]), "svc=0", "'svc=0' cannot be read. Write it like svc=0.7."),
    ],
)
def test_what_means_nothing_is_shown_with_an_example(read: Callable[[str], object], text: str, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        read(text)

    assert sentence in str(refused.value)


def test_overlapping_faults_of_a_variant_hold_together_and_end_one_by_one() -> None:
    spans = [
        FaultSpan("forest", {"error_rate": 0.2}, 10, 30),
        FaultSpan("forest", {"slow_ms": 50}, 20, 40),
        FaultSpan("svc", {"slow_ms": 9}, 5),
    ]

    assert changes(spans) == (
        Change(5, "svc", {"slow_ms": 9}),
        Change(10, "forest", {"error_rate": 0.2}),
        Change(20, "forest", {"error_rate": 0.2, "slow_ms": 50}),
        Change(30, "forest", {"slow_ms": 50}),
        Change(40, "forest", {}),
    )
