"""Several candidates against one baseline: who wins, without one of them being lucky only because there are many.

Each candidate is judged at alpha divided by their number (Bonferroni's inequality needs nothing of how the e-values depend on one
another, and they share the baseline). The mean of their e-values is one e-value that none differs (Vovk & Wang 2021).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from lab.stats.binary import EMPTY, BinaryBlock, BinaryComparison
from lab.stats.counts import NOTHING, Counts
from lab.stats.evalue import NO_EVIDENCE, Evidence, bonferroni_alpha, mean_log_e
from lab.stats.mixture import Side


@dataclass(frozen=True, slots=True)
class Several:
    """One `BinaryComparison` per candidate, all against `baseline`, and the evidence that any of them differs.

    The number of candidates is fixed at the start: dropping one later does not make the others' level larger.
    """

    baseline: str
    comparisons: Mapping[str, BinaryComparison]
    together: Evidence = NO_EVIDENCE

    def __post_init__(self) -> None:
        if not self.comparisons or self.baseline in self.comparisons:
            raise ValueError(f"The candidates are {list(self.comparisons)}, must be one or more and not the baseline {self.baseline}.")

    @classmethod
    def start(
        cls, baseline: str, candidates: Sequence[str], alpha: float = 0.05, side: Side = "two-sided", prior_scale: float = 0.2
    ) -> Self:
        """Nothing seen yet. `alpha` is for all candidates together: their intervals are kept at alpha divided by their number."""
        each = BinaryComparison(prior_scale=prior_scale, side=side, alpha=bonferroni_alpha(alpha, len(candidates)))
        return cls(baseline, dict.fromkeys(candidates, each))

    def update(self, block: Mapping[str, Counts]) -> Self:
        """One look later. A variant the block does not name saw nothing; ValueError for one that is not in the experiment."""
        unknown = set(block) - {self.baseline, *self.comparisons}
        if unknown:
            raise ValueError(f"{sorted(unknown)[0]} is no variant here: {self.baseline}, {', '.join(self.comparisons)}.")
        baseline = block.get(self.baseline, NOTHING)
        blocks = {name: BinaryBlock(baseline, block[name]) if name in block else EMPTY for name in self.comparisons}
        comparisons = {name: one.update(blocks[name]) for name, one in self.comparisons.items()}
        return replace(self, comparisons=comparisons, together=self.together.seen(mean_log_e(one.log_e for one in comparisons.values())))

    @property
    def looks(self) -> int:
        """How many looks there were."""
        return next(iter(self.comparisons.values())).looks

    @property
    def log_e(self) -> float:
        """The natural logarithm of the e-value now that any candidate differs."""
        return self.together.log_e

    @property
    def log_e_max(self) -> float:
        """Its largest value over all looks."""
        return self.together.log_e_max

    @property
    def p_value(self) -> float:
        """The always-valid p-value of "no candidate differs"."""
        return self.together.p_value

    def crossed(self, alpha: float) -> tuple[str, ...]:
        """The candidates shown to differ, all of them rightly with probability at least 1 - alpha."""
        return crossed({name: one.log_e_max for name, one in self.comparisons.items()}, alpha)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; `from_json` restores the value exactly."""
        comparisons = {name: one.to_json() for name, one in self.comparisons.items()}
        return {"baseline": self.baseline, "comparisons": comparisons, "together": self.together.to_json()}

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Self:
        """What `to_json` said."""
        comparisons = {name: BinaryComparison.from_json(one) for name, one in said["comparisons"].items()}
        return cls(said["baseline"], comparisons, Evidence.from_json(said["together"]))


def crossed(log_e_max: Mapping[str, float], alpha: float) -> tuple[str, ...]:
    """Which of these tests reach m/alpha, m being their number: any of them wrongly with probability at most alpha."""
    level = bonferroni_alpha(alpha, len(log_e_max))
    return tuple(name for name, largest in log_e_max.items() if Evidence(largest, largest).crossed(level))
