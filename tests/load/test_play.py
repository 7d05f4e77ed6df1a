"""What the demonstration plays."""

import re

import pytest

from lab.demo.play import hastened, play
from lab.errors import Refused
from tests.support import REPOSITORY

TEXT = (REPOSITORY / "experiments" / "iris-progressive.yaml").read_text()


def test_the_good_candidate_is_better_and_the_bad_one_worse() -> None:
    good, bad = (play(TEXT, 7, is_bad, False) for is_bad in (False, True))

    assert good.load.rewards["forest"] > good.load.rewards["svc"] > bad.load.rewards["forest"]
    assert (good.ending, bad.ending) == ("promote", "roll back")


def test_visitors_come_until_after_the_last_look_and_the_whole_takes_three_minutes() -> None:
    asked = play(TEXT, 7, False, False)
    interval, looks = (int(re.findall(rf"{name}: (\d+)", TEXT)[0]) for name in ("intervalSeconds", "iterationsPerLoop"))

    assert interval * looks <= 180
    assert interval * looks < asked.load.duration_s < interval * looks + 60


def test_the_fast_one_differs_in_its_pace_alone() -> None:
    lines = [(before, after) for before, after in zip(TEXT.splitlines(), hastened(TEXT).splitlines(), strict=True) if before != after]

    assert [after.strip() for _, after in lines] == ["minimumSample: 150", "maturation: 4", "intervalSeconds: 3"]


def test_a_file_without_a_pace_is_refused_by_the_line_that_is_missing() -> None:
    with pytest.raises(Refused, match="The experiment has 0 lines `maturation: <number>`, must have one"):
        hastened(TEXT.replace("maturation: 10", "maturation: 10m"))
