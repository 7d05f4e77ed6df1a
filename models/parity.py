"""Compares the probabilities of an artifact with those of what it was made from."""

import numpy as np
from numpy.typing import NDArray

from models.cards import Parity
from models.errors import Unusable

# The largest difference of a probability that rounding in float32 explains.
MAX_ABS_DP = 1e-5


def compare(expected: NDArray[np.floating], found: NDArray[np.floating], against: str, of: str) -> Parity:
    """Two arrays of probabilities (n, labels) of the same n inputs; `against` and `of` as in Parity."""
    differences = np.abs(found - expected)
    agreement = float((found.argmax(axis=1) == expected.argmax(axis=1)).mean())
    return Parity(against, float(differences.max()), float(differences.mean()), agreement, len(found), of)


def check_rounding(parity: Parity) -> Parity:
    """The parity itself. Raises Unusable when rounding does not explain the difference."""
    # Written so that NaN fails too.
    if not parity.max_abs_dp <= MAX_ABS_DP:
        difference = f"differ by {parity.max_abs_dp:.1e} in probability"
        raise Unusable(f"The exported graph and {parity.against} {difference}, more than rounding ({MAX_ABS_DP:.0e}).")
    return parity
