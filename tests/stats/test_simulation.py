"""A quick part of the simulation suite: its bounds hold, and what it simulates is what the lab decides with."""

from collections.abc import Sequence

import numpy as np
import pytest

from bench.statistics import ours, run
from bench.statistics.case import Case, results
from bench.statistics.first import before, every, first
from bench.statistics.goals import ALL, candidates, controller, delay, errors, identical, latency, ramp, returning, revenue, split
from bench.statistics.latencies import blocks
from bench.statistics.summary import Mean, Median, Share, Summary, holds
from bench.statistics.table import report, shown_value
from bench.statistics.visitors import spent
from bench.statistics.worlds import Binary, simulate, staged
from lab.stats.binary import BinaryBlock, BinaryComparison
from lab.stats.counts import Counts
from lab.stats.exceedance import LatencyBlock, LatencyComparison
from lab.stats.histogram import Histogram
from lab.stats.limit import LimitTest
from lab.stats.moments import Moments
from lab.stats.score import MeanBlock, MeanComparison
from lab.stats.srm import SplitBlock, SplitCheck


def named(cases: Sequence[Case], words: str) -> Case:
    return next(case for case in cases if words in case.world)


QUICK = [
    (named(identical.CASES, "success rate 10 %, 100 looks"), 500),
    (named(identical.CASES, "success rate 0.5 %"), 100),
    (named(identical.CASES, "draw their variant"), 100),
    (named(ramp.CASES, "rates rise 8 → 12 %"), 250),
    (named(ramp.CASES, "rate 5 % lower"), 250),
    (named(ramp.CASES, "share 2, 10"), 40),
    (named(errors.CASES, "error rate 1 %, limit 1 %, 100 checks"), 250),
    (named(errors.CASES, "error rate 2 %"), 200),
    (named(errors.CASES, "from look 51"), 100),
    (named(latency.CASES, "share 5 → 50 % while load makes all 1.5 times as slow"), 40),
    (named(latency.CASES, "50 % slower"), 40),
    (named(split.CASES, "candidate's share 1, 90"), 100),
    (named(revenue.CASES, "candidate's share 5 %"), 100),
    (named(returning.CASES, "visits are heavy-tailed"), 50),
    (named(delay.CASES, "identical"), 100),
    (named(candidates.CASES, "four candidates"), 150),
    (named(candidates.CASES, "odds ratio 1.2"), 100),
    (named(controller.CASES, "2 % errors"), 25),
]


@pytest.mark.parametrize(("case", "runs"), QUICK, ids=[case.name[:60] for case, _ in QUICK])
def test_what_the_lab_promises_holds(case: Case, runs: int) -> None:
    found = results(case, run.run_here(case, runs))

    promised = [result for result in found if result.line.bound]
    assert promised
    assert not [f"{result.line.measure}: {shown_value(result.summary)}" for result in promised if not result.holds]


def test_pooling_over_a_ramp_with_drift_is_wrong_and_stratifying_is_not() -> None:
    samples = run.run_here(ramp.CASES[0], 150)

    assert Share()(samples["pooled confidence sequence (GrowthBook)"]).value > 0.8
    assert Share()(samples[ramp.OURS]).value < 0.07


def test_every_case_has_its_own_name_and_a_promise_somewhere_in_its_goal() -> None:
    names = [case.name for case in ALL]

    assert len(set(names)) == len(names)
    assert {case.goal for case in ALL} == {"G11 whole", *(f"G{number}" for number in (*range(1, 13), 14, 15))}
    for goal in {case.goal for case in ALL}:
        assert any(line.bound for case in ALL if case.goal == goal for line in case.lines), goal


def test_the_same_runs_come_out_whoever_runs_them() -> None:
    case = named(errors.CASES, "error rate 2 %")

    here = run.run_here(case, 300)
    [(_, elsewhere)] = run.run([case], 300 / case.runs, processes=2)

    for name, sample in here.items():
        assert np.array_equal(sample, elsewhere[name])


# What is simulated is what the lab decides with.


def test_simulated_rates_are_judged_as_the_lab_judges_them() -> None:
    seen = simulate(Binary(30, 200, (0.05, 0.2), lift=1.2, shares=(0.1, 0.5), split="random"), np.random.default_rng(1), 2)

    for side in ("two-sided", "greater", "less"):
        paths = ours.binary(seen, side)
        for one in range(2):
            test = BinaryComparison(side=side)
            for look in range(30):
                arms = (Counts(int(n[one, look]), int(s[one, look])) for n, s in ((seen.n_a, seen.s_a), (seen.n_b, seen.s_b)))
                test = test.update(BinaryBlock(*arms))
                assert paths[one, look] == pytest.approx(test.log_e, abs=1e-6)


def test_simulated_limits_are_judged_as_the_lab_judges_them() -> None:
    rng = np.random.default_rng(2)
    n = rng.integers(0, 400, (2, 40))
    bad = rng.binomial(n, 0.015)

    violated, satisfied = ours.violated(bad, n, 0.01), ours.satisfied(bad, n, 0.01)

    for one in range(2):
        test = LimitTest(0.01)
        for look in range(40):
            test = test.update(Counts(int(n[one, look]), int(bad[one, look])))
            assert violated[one, look] == pytest.approx(test.log_e, abs=1e-9)
            assert satisfied[one, look] == pytest.approx(test.satisfied.log_e, abs=1e-9)


def test_simulated_latencies_are_judged_as_the_lab_judges_them() -> None:
    world = latency.LOADED._replace(looks=30, per_look=200)
    seen = list(blocks(world, np.random.default_rng(3), 3))
    watch = ours.Latency(3)

    for block in seen:
        watch.look(block)

    paths = watch.log_e("greater")
    for one in range(3):
        test = LatencyComparison.start(side="greater")
        for look, block in enumerate(seen):
            test = test.update(LatencyBlock(Histogram.of(block.a[one]), Histogram.of(block.b[one])))
            assert paths[one, look] == pytest.approx(test.log_e, abs=1e-6)


def test_simulated_means_are_judged_as_the_lab_judges_them() -> None:
    world = revenue.RARE._replace(looks=20)
    a, b = spent(world, np.random.default_rng(4), 2)
    epochs = [look // 7 for look in range(20)]

    paths = ours.score_of_sums(a, b, epochs)

    for one in range(2):
        test = MeanComparison()
        for look in range(20):
            arms = (Moments.of_sums(int(arm.n[one, look]), arm.x[one, look], arm.xx[one, look]) for arm in (a, b))
            test = test.update(MeanBlock(epochs[look], *arms))
            assert paths[one, look] == pytest.approx(test.log_e, abs=1e-9)


def test_simulated_splits_are_judged_as_the_lab_judges_them() -> None:
    planned = staged((0.05, 0.5), 20)
    n_b = np.random.default_rng(5).binomial(300, planned * 0.9, (2, 20))

    paths = ours.split(300 - n_b, n_b, planned)

    for one in range(2):
        test = SplitCheck(("a", "b"))
        for look in range(20):
            counts = {"a": int(300 - n_b[one, look]), "b": int(n_b[one, look])}
            test = test.update(SplitBlock(counts, {"a": 1 - planned[look], "b": planned[look]}))
            assert paths[one, look] == pytest.approx(test.log_e, abs=1e-6)


# How runs become a table.


def test_a_share_breaks_its_bound_only_beyond_chance() -> None:
    assert holds(Summary(0.06, 0.005, 2000, "share"), 0.05, "<=")
    assert not holds(Summary(0.063, 0.005, 2000, "share"), 0.05, "<=")
    assert holds(Summary(0.94, 0.005, 1000, "share"), 0.95, ">=")
    assert not holds(Summary(0.92, 0.005, 1000, "share"), 0.95, ">=")


def test_runs_that_never_decide_count_in_share_and_median() -> None:
    sample = np.array([10.0, 20.0, np.inf, np.inf, np.inf])

    assert Share()(sample).value == pytest.approx(0.4)
    assert Share(by=15)(sample).value == pytest.approx(0.2)
    assert Median("looks")(sample).value == np.inf
    assert Mean(cap=50)(sample).value == pytest.approx(36)


def test_the_first_look_counts_and_only_so_many_looks_are_taken() -> None:
    now = np.array([[False, True, False, True], [False, False, False, False]])

    assert first(now, np.array([10, 20, 30, 40])).tolist() == [20, np.inf]
    assert every(now, 2).tolist() == [[True, True], [False, False]]
    assert before(np.array([1.0, 5.0]), np.array([2.0, 4.0])).tolist() == [1.0, np.inf]


def test_the_table_shows_every_line_and_says_what_is_broken() -> None:
    case = named(errors.CASES, "error rate 1 %, limit 1 %, 100 checks")
    samples = {line.sample: np.full(100, 200.0) for line in case.lines}

    said = report(results(case, samples), ["a test"])

    assert "**1 of 1 bounds are broken:**" in said
    assert said.count("| error rate 1 %") == len(case.lines)
    assert "**100 %** | 0 % | ≤ 5 % **broken** | 100 |" in said
