"""What of a look can be compared: both arms in one stretch of constant weights; and one variant's part of it."""

from collections.abc import Sequence
from typing import NamedTuple

from lab.judge.block import Arm, Block


class Pair(NamedTuple):
    """Both arms in one stretch of constant weights."""

    epoch: int
    baseline: Arm
    candidate: Arm


def pairs_of(blocks: Sequence[Block], baseline: str, candidate: str, has_copies: bool = False) -> tuple[Pair, ...]:
    """What can be compared: stretches in which both variants were to have visitors. A shadow has copies of all of them, always."""
    nothing = Arm()
    return tuple(
        Pair(block.epoch, block.arms.get(baseline, nothing), block.arms.get(candidate, nothing))
        for block in blocks
        if has_copies or (block.weights.get(baseline, 0.0) > 0 and block.weights.get(candidate, 0.0) > 0)
    )


def arms_of(blocks: Sequence[Block], variant: str) -> tuple[Arm, ...]:
    """What one variant saw, epoch by epoch."""
    return tuple(block.arms[variant] for block in blocks if variant in block.arms)
