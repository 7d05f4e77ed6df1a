"""A hundred thousand visitors of the real gateway meet the variants in the shares that the weights say."""

from collections import Counter

import pytest

from tests.soak.conftest import Crowd, head

pytestmark = pytest.mark.soak

VISITORS = [head(X_User_ID=f"visitor-{number}") for number in range(100_000)]

FOREST = {"lanes": ["forest"]}


def weights(percent: float) -> dict[str, float]:
    return {"svc": 100 - percent, "forest": percent}


@pytest.mark.parametrize("percent", [0.1, 1, 5, 10, 20, 50])
def test_each_share_is_met_within_three_tenths_of_a_point(crowd: Crowd, percent: float) -> None:
    crowd.route("iris", weights=weights(percent), salt=f"soak-{percent}")

    count = Counter(crowd.variants(VISITORS))["forest"]

    expected = len(VISITORS) * percent / 100
    # One degree of freedom: 10.83 is exceeded once in a thousand splits that are right.
    chi_square = (count - expected) ** 2 / expected + (count - expected) ** 2 / (len(VISITORS) - expected)
    assert abs(count - expected) / len(VISITORS) <= 0.003
    assert chi_square < 10.83


def test_two_experiments_over_the_same_visitors_are_independent(crowd: Crowd) -> None:
    met = []
    for salt in ("petals", "sepals"):
        crowd.route("iris", weights=weights(50), salt=salt)
        met.append(crowd.variants(VISITORS))

    agreement = sum(one == other for one, other in zip(*met, strict=True)) / len(VISITORS)

    assert 0.49 <= agreement <= 0.51


def test_while_the_weight_grows_nobody_of_20_000_leaves_the_candidate(crowd: Crowd) -> None:
    visitors = VISITORS[:20_000]
    treated: set[int] = set()
    for percent in (1, 5, 10, 25, 50, 75, 100):
        crowd.route("iris", weights=weights(percent), salt="growing")
        met = crowd.variants(visitors)
        assert [number for number in treated if met[number] != "forest"] == []
        treated = {number for number, variant in enumerate(met) if variant == "forest"}

    assert len(treated) == len(visitors)


RULES = [
    (head("/predict/test", X_Variant="vgg16"), {"vgg16"}),
    (head("/fruit/vgg16/predict/test"), {"vgg16"}),
    (head("/fruit/vgg16/predict/test", X_Variant="custom", target="mountain"), {"custom"}),
    (head("/predict/test", target="mountain"), {"vgg16"}),
    (head("/predict/test", TARGET="mountain"), {"vgg16"}),
    (head("/predict/test", target="Mountain"), {"custom", "vgg16"}),
    (head("/predict/test", target="mountains"), {"custom", "vgg16"}),
    (head("/predict/test", target=""), {"custom", "vgg16"}),
]


@pytest.mark.parametrize(("request_head", "variants"), RULES)
def test_every_rule_holds_a_thousand_times_of_a_thousand(crowd: Crowd, request_head: bytes, variants: set[str]) -> None:
    crowd.route("fruit", rules=[{"header": "target", "value": "mountain", "variant": "vgg16"}])

    met = Counter(crowd.variants([request_head] * 1000))

    # Without a rule, round robin shares exactly.
    assert met == dict.fromkeys(variants, 1000 // len(variants))
