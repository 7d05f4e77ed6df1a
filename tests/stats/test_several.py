"""Several candidates against one baseline."""

import json
import math

import pytest

from lab.stats.counts import Counts
from lab.stats.evalue import mean_log_e
from lab.stats.several import Several, crossed


def test_each_candidate_is_judged_at_its_share_of_the_level() -> None:
    assert crossed({"a": math.log(41), "b": math.log(39)}, 0.05) == ("a",)
    assert crossed({"a": math.log(41), "b": 0.0, "c": 0.0}, 0.05) == ()


def test_a_winner_is_named() -> None:
    several = Several.start("old", ("same", "better"))

    several = several.update({"old": Counts(4000, 400), "same": Counts(4000, 400), "better": Counts(4000, 560)})

    assert several.crossed(0.05) == ("better",)
    assert several.comparisons["same"].interval().alpha == 0.025
    assert several.together.log_e == pytest.approx(mean_log_e(one.log_e for one in several.comparisons.values()))


def test_a_candidate_without_traffic_has_no_evidence() -> None:
    several = Several.start("old", ("a", "b")).update({"old": Counts(1000, 100), "a": Counts(1000, 100)})

    assert several.comparisons["b"].log_e == 0.0
    assert several.comparisons["b"].looks == 1


def test_it_survives_json() -> None:
    several = Several.start("old", ("a", "b")).update({"old": Counts(100, 10), "a": Counts(100, 20), "b": Counts(100, 5)})

    assert Several.from_json(json.loads(json.dumps(several.to_json(), allow_nan=False))) == several


def test_unknown_variants_and_no_candidates_are_refused() -> None:
    with pytest.raises(ValueError, match="x is no variant here: old, a"):
        Several.start("old", ("a",)).update({"x": Counts(1, 1)})
    with pytest.raises(ValueError, match="must be one or more and not the baseline old"):
        Several("old", {})
