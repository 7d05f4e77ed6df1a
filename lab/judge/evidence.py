"""What an experiment has seen so far, as a fold over its looks: an immutable value that every look makes anew."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Self

from lab.judge.block import Arm, Block, Look
from lab.judge.decision import EpochCount
from lab.judge.guards import GuardTest, guard_test
from lab.judge.limits import LimitTest, limit_tests
from lab.judge.pairs import arms_of, pairs_of
from lab.judge.reading import plus
from lab.judge.rewards import RewardTest, reward_test
from lab.judge.split import CoverageWatch, SplitWatch
from lab.spec.experiment import Experiment

NOTHING: Final = Arm()
# Rewards that come by feedback: whether it comes from both variants alike matters for them.
FEEDBACK: Final = frozenset({"conversion", "reward mean", "accuracy"})


@dataclass(frozen=True, slots=True, eq=False)
class Tests:
    """Of one candidate; of a conformance test, of the baseline itself. limits: per objective, its one or two."""

    reward: RewardTest | None = None
    limits: tuple[tuple[LimitTest, ...], ...] = ()
    guards: tuple[GuardTest, ...] = ()
    coverage: CoverageWatch | None = None

    @classmethod
    def start(cls, experiment: Experiment) -> Self:
        """Those that the experiment asks for. ValueError where one cannot be."""
        unit, reward = experiment.strength.unit, experiment.reward
        limits = tuple(limit_tests(one, unit) for one in experiment.objectives)
        if not experiment.candidates:
            return cls(limits=limits)
        guards = tuple(guard_test(one, unit) for one in experiment.strength.guards)
        needs_feedback = reward is not None and reward.metric.kind in FEEDBACK
        coverage = CoverageWatch(is_by_truth=reward.metric.kind == "accuracy") if reward and needs_feedback else None
        return cls(reward_test(reward, unit) if reward else None, limits, guards, coverage)

    def seen(self, blocks: tuple[Block, ...], baseline: str, variant: str, has_copies: bool) -> Self:
        """One look later."""
        pairs, arms = pairs_of(blocks, baseline, variant, has_copies), arms_of(blocks, variant)
        return replace(
            self,
            reward=self.reward.seen(pairs) if self.reward else None,
            limits=tuple(tuple(one.seen(arms) for one in both) for both in self.limits),
            guards=tuple(one.seen(pairs) for one in self.guards),
            coverage=self.coverage.seen(pairs) if self.coverage else None,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Everything seen. tests: by variant that is judged; none with Iter8's method, which needs totals alone.

    totals: by variant, since the start. epochs: how many came in each, by its number. latest: by variant, predictions that the last look
    brought; matured: units that it brought, of all variants. split: None where nothing is split.
    """

    experiment: Experiment
    looks: int = 0
    tests: Mapping[str, Tests] = field(default_factory=dict)
    totals: Mapping[str, Arm] = field(default_factory=dict)
    epochs: Mapping[int, EpochCount] = field(default_factory=dict)
    latest: Mapping[str, int] = field(default_factory=dict)
    matured: int = 0
    split: SplitWatch | None = None

    @classmethod
    def start(cls, experiment: Experiment) -> Self:
        """Nothing seen yet. ValueError for what cannot be judged: a count as a reward, a margin beyond reason."""
        judged = experiment.candidates or (experiment.baseline,)
        is_iter8 = experiment.strength.method == "iter8"
        tests = {} if is_iter8 else {version.variant: Tests.start(experiment) for version in judged}
        variants = tuple(version.variant for version in experiment.versions)
        split = SplitWatch.start(variants) if len(variants) > 1 else None
        return cls(experiment, tests=tests, totals=dict.fromkeys(variants, Arm()), split=split)

    def seen(self, look: Look) -> Self:
        """One look later."""
        blocks, baseline, has_copies = look.blocks, self.experiment.baseline.variant, self.experiment.pattern == "Shadow"
        arms = {name: arms_of(blocks, name) for name in self.totals}
        return replace(
            self,
            looks=self.looks + 1,
            tests={name: tests.seen(blocks, baseline, name, has_copies) for name, tests in self.tests.items()},
            totals={name: _summed(total, arms[name])._replace(asked=look.answers.get(name, {})) for name, total in self.totals.items()},
            epochs=_counted(self.epochs, blocks, tuple(self.totals)),
            latest={name: sum(_answered(arm) for arm in seen) for name, seen in arms.items()},
            matured=sum(arm.covered.n for seen in arms.values() for arm in seen),
            split=self.split.seen(blocks, has_copies) if self.split else None,
        )

    @property
    def epoch_counts(self) -> tuple[EpochCount, ...]:
        """In order."""
        return tuple(self.epochs[number] for number in sorted(self.epochs))

    @property
    def is_new(self) -> bool:
        """Whether the last look brought anything."""
        is_answered = any(value is not None for total in self.totals.values() for value in total.asked.values())
        return any(self.latest.values()) or self.matured > 0 or is_answered


def _summed(total: Arm, arms: tuple[Arm, ...]) -> Arm:
    for arm in arms:
        total = plus(total, arm)
    return total


def _answered(arm: Arm) -> int:
    """Predictions, or copies."""
    return max(arm.requests.n, arm.pairs.n)


def _counted(epochs: Mapping[int, EpochCount], blocks: tuple[Block, ...], variants: tuple[str, ...]) -> Mapping[int, EpochCount]:
    counted = dict(epochs)
    for block in blocks:
        before = counted.get(block.epoch, EpochCount(block.epoch, {}, block.weights))
        arms = {name: block.arms.get(name, NOTHING) for name in variants}
        requests = {name: before.requests.get(name, 0) + _answered(arm) for name, arm in arms.items()}
        units = {name: before.units.get(name, 0) + arm.covered.n for name, arm in arms.items()}
        counted[block.epoch] = before._replace(requests=requests, units=units)
    return counted
