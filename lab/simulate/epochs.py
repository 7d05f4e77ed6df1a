"""The epochs of a run: what was planned in each, and what a look has seen of it."""

from collections.abc import Mapping

from lab.judge.block import Arm, Block
from lab.judge.reading import plus


class Epochs:
    """The weights of each epoch so far, and what a look has seen of them."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self.weights = {1: dict(weights)}
        self._seen: dict[int, dict[str, Arm]] = {}

    @property
    def latest(self) -> int:
        """The present epoch."""
        return len(self.weights)

    def change(self, weights: Mapping[str, float]) -> None:
        """A new epoch, if the weights are new."""
        if dict(weights) != self.weights[self.latest]:
            self.weights[self.latest + 1] = dict(weights)

    def add(self, epoch: int, arms: Mapping[str, Arm]) -> None:
        """What was seen of an epoch."""
        seen = self._seen.setdefault(epoch, {})
        for variant, arm in arms.items():
            seen[variant] = plus(seen[variant], arm) if variant in seen else arm

    def taken(self) -> tuple[Block, ...]:
        """The blocks of a look; the next one begins with nothing."""
        blocks = tuple(Block(epoch, self.weights[epoch], self._seen[epoch]) for epoch in sorted(self._seen))
        self._seen = {}
        return blocks
