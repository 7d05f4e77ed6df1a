"""The observed split against the planned one."""

import json
import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from lab.stats.srm import SplitBlock, SplitCheck, log_e_paths


def test_the_e_value_is_the_average_over_tilts() -> None:
    p, counts = 0.3, (330, 670)

    def ratio(g: float) -> float:
        tilted = p * math.exp(g) / (1 - p + p * math.exp(g))
        likelihood = counts[0] * math.log(tilted / p) + counts[1] * math.log((1 - tilted) / (1 - p))
        return math.exp(likelihood) * (0.95 * norm.pdf(g, 0, 0.05) + 0.05 * norm.pdf(g, 0, 0.5))

    check = SplitCheck(("a", "b")).update(SplitBlock({"a": 330, "b": 670}, {"a": 0.3, "b": 0.7}))

    assert check.log_e == pytest.approx(math.log(quad(ratio, -2, 2, points=[0, 0.1], epsabs=0, epsrel=1e-10)[0]), abs=1e-5)


def test_the_simulation_is_the_accumulator() -> None:
    counts = np.random.default_rng(1).multinomial(500, [0.5, 0.31, 0.19], 20)
    check, plan = SplitCheck(("a", "b", "c")), {"a": 50, "b": 30, "c": 20}

    one_by_one = [(check := check.update(SplitBlock(dict(zip("abc", row.tolist(), strict=True)), plan))).log_e for row in counts]

    assert log_e_paths(counts[None], [0.5, 0.3, 0.2])[0] == pytest.approx(one_by_one, abs=1e-6)


def test_a_planned_change_of_the_split_is_no_mismatch() -> None:
    check = SplitCheck(("a", "b"))
    for share in (5, 10, 20, 50):
        check = check.update(SplitBlock({"a": 1000 * (100 - share), "b": 1000 * share}, {"a": 100 - share, "b": share}))

    assert check.log_e < 0
    assert check.estimate == {"a": 1.0, "b": 1.0}


def test_lost_visitors_are_found_and_which_arm_lost_them_is_shown() -> None:
    check = SplitCheck(("a", "b")).update(SplitBlock({"a": 10_000, "b": 9_300}, {"a": 1, "b": 1}))

    assert check.crossed(0.001)
    assert check.estimate["b"] == pytest.approx(0.9637, abs=1e-4)


def test_at_a_thousand_million_visitors_a_tenth_of_a_thousandth_shows() -> None:
    n = 10**9

    assert not SplitCheck(("a", "b")).update(SplitBlock({"a": n, "b": n}, {"a": 1, "b": 1})).crossed(0.5)
    assert SplitCheck(("a", "b")).update(SplitBlock({"a": n, "b": n - 4 * 10**5}, {"a": 1, "b": 1})).crossed(0.05)


def test_a_correct_split_is_rarely_doubted() -> None:
    first = np.random.default_rng(2).binomial(200, 0.2, (500, 100))

    log_e = log_e_paths(np.stack([first, 200 - first], axis=-1), [0.2, 0.8])

    assert (log_e.max(axis=1) >= math.log(20)).mean() <= 0.05


def test_it_survives_json_and_empty_looks() -> None:
    check = SplitCheck(("a", "b", "c")).update(SplitBlock({"a": 5, "b": 2}, {"a": 60, "b": 40}))
    after = check.update(SplitBlock({}, {"a": 60, "b": 40}))

    assert SplitCheck.from_json(json.loads(json.dumps(check.to_json(), allow_nan=False))) == check
    assert (after.log_e, after.looks) == (check.log_e, 2)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="two or more different names"):
        SplitCheck(("a", "a"))
    check = SplitCheck(("a", "b"))
    with pytest.raises(ValueError, match="b got 3 visitors at a planned share of 0"):
        check.update(SplitBlock({"b": 3}, {"a": 1}))
    with pytest.raises(ValueError, match="z is no variant of this split: a, b"):
        check.update(SplitBlock({"z": 3}, {"a": 1}))
    with pytest.raises(ValueError, match="planned shares"):
        check.update(SplitBlock({"a": 3}, {"a": -1, "b": 2}))
    with pytest.raises(ValueError, match="visitors of a is -3"):
        check.update(SplitBlock({"a": -3}, {"a": 1, "b": 2}))
