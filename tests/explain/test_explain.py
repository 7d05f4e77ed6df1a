"""What a decision is explained as: one text per kind of verdict. After a change that is meant, write them anew and read them:
python -m tests.explain.test_explain"""

from pathlib import Path

import pytest

from lab.explain import explained
from tests.explain.cases import CASES

GOLDEN = Path(__file__).parent / "golden"


def file_of(name: str) -> Path:
    return GOLDEN / f"{name.replace(', ', '-').replace(' ', '-')}.txt"


@pytest.mark.parametrize("name", CASES)
def test_a_verdict_is_explained_like_this(name: str) -> None:
    assert explained(*CASES[name]) == file_of(name).read_text()


def test_every_text_belongs_to_a_verdict() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {file_of(name).name for name in CASES}


if __name__ == "__main__":
    for name, case in CASES.items():
        file_of(name).write_text(explained(*case))
