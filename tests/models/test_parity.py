"""Two forms of one model are compared input by input."""

import numpy as np
import pytest

from models.errors import Unusable
from models.parity import check_rounding, compare

EXACT = np.array([[0.7, 0.2, 0.1], [0.4, 0.35, 0.25]])


def test_the_largest_and_the_mean_difference_and_the_share_of_equal_labels() -> None:
    parity = compare(EXACT, np.array([[0.7, 0.2, 0.1], [0.35, 0.4, 0.25]]), "the exact one", "pictures")

    assert parity.max_abs_dp == pytest.approx(0.05)
    assert parity.mean_abs_dp == pytest.approx(0.1 / 6)
    assert parity.agreement == 0.5
    assert (parity.count, parity.of, parity.against) == (2, "pictures", "the exact one")


def test_a_difference_that_rounding_explains_is_accepted() -> None:
    assert check_rounding(compare(EXACT, EXACT + 9e-6, "PyTorch", "pictures")).agreement == 1


@pytest.mark.parametrize("offset", [2e-5, float("nan")])
def test_a_larger_difference_is_refused_with_its_size(offset: float) -> None:
    with pytest.raises(Unusable, match=r"^The exported graph and PyTorch differ by (2\.0e-05|nan) in probability"):
        check_rounding(compare(EXACT, EXACT + offset, "PyTorch", "pictures"))
