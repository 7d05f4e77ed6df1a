"""Taking turns, and what is made of it; the clock is a fake."""

import itertools

import pytest

from bench.interleave import difference, interleaved, percentiles, ratio, timed


class FakeClock:
    """Time passes only when somebody works."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def work(self, seconds: float) -> None:
        self.now += seconds


def test_the_sides_take_turns() -> None:
    order: list[str] = []

    interleaved({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=3)

    assert order == ["a", "b", "a", "b", "a", "b"]


def test_every_side_keeps_its_results_in_the_order_of_the_rounds() -> None:
    odd, even = itertools.count(1, 2), itertools.count(2, 2)

    found = interleaved({"odd": lambda: next(odd), "even": lambda: next(even)}, rounds=3)

    assert found == {"odd": [1, 3, 5], "even": [2, 4, 6]}


def test_no_round_begins_after_the_time_is_up() -> None:
    clock = FakeClock()

    found = interleaved({"slow": lambda: clock.work(10)}, rounds=100, seconds=45, clock=clock)

    assert len(found["slow"]) == 5


def test_a_slow_machine_still_does_the_least_number_of_rounds() -> None:
    clock = FakeClock()

    found = interleaved({"slow": lambda: clock.work(10)}, rounds=100, seconds=1, at_least=4, clock=clock)

    assert len(found["slow"]) == 4


def test_a_timed_call_gives_its_seconds() -> None:
    clock = FakeClock()

    assert timed(lambda: clock.work(2.5), clock)() == 2.5


def test_twice_as_fast_is_a_ratio_of_two() -> None:
    clock = FakeClock()
    sides = {"control": timed(lambda: clock.work(4), clock), "candidate": timed(lambda: clock.work(2), clock)}

    found = interleaved(sides, rounds=5)

    assert ratio(found["control"], found["candidate"], "lower") == (2, 2, 2, 4, 2, 5)


def test_twice_the_requests_per_second_is_a_ratio_of_two() -> None:
    assert ratio([100, 100, 100], [200, 200, 200], "higher").median == 2


@pytest.mark.parametrize(("better", "control", "candidate"), [("lower", 1.0, 2.0), ("higher", 2.0, 1.0)])
def test_a_worse_candidate_has_a_ratio_below_one(better: str, control: float, candidate: float) -> None:
    assert ratio([control] * 3, [candidate] * 3, better).median == 0.5  # type: ignore[arg-type]


def test_noise_that_meets_both_sides_of_a_round_cancels() -> None:
    controls, candidates = [10.0, 100.0, 30.0], [5.0, 50.0, 15.0]

    result = ratio(controls, candidates, "lower")

    assert (result.low, result.median, result.high) == (2, 2, 2)


def test_the_spread_is_from_the_10th_to_the_90th_percentile_of_the_rounds() -> None:
    result = ratio([float(number) for number in range(11)], [1.0] * 11, "lower")

    assert (result.low, result.median, result.high) == (1, 5, 9)


def test_a_difference_is_candidate_minus_control() -> None:
    assert difference([1, 2, 3], [1.5, 2.5, 3.5]) == (0.5, 0.5, 0.5, 2, 2.5, 3)


def test_sides_of_unequal_length_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratio([1, 2, 3], [1, 2], "lower")


def test_percentiles_are_taken_block_by_block_and_leave_the_rest() -> None:
    assert percentiles([1, 2, 3, 10, 20, 30, 99], per_block=3, percent=50) == [2, 20]
