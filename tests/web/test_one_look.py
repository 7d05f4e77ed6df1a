"""The models' pages and the lab's look alike."""

import re
from pathlib import Path

import pytest

from tests.support import REPOSITORY

SERVING = REPOSITORY / "serving" / "static" / "styles.css"
LAB = REPOSITORY / "lab" / "web" / "static" / "styles.css"


def colours(file: Path, theme: str) -> dict[str, str]:
    """The variables of every :root of one theme."""
    text = file.read_text()
    dark = re.findall(r"@media \(prefers-color-scheme: dark\) \{\s*:root \{(.*?)\}", text, re.DOTALL)
    light = re.findall(r"^:root \{(.*?)\}", text, re.DOTALL | re.MULTILINE)
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", "".join(dark if theme == "dark" else light)))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_style_sheets_have_the_same_colours(theme: str) -> None:
    models, lab = colours(SERVING, theme), colours(LAB, theme)

    assert len(models) >= 11
    assert {name: lab.get(name) for name in models} == models


def test_both_are_set_in_the_same_letters() -> None:
    fonts = [re.findall(r"^  font: (.*);$", file.read_text(), re.MULTILINE)[0] for file in (SERVING, LAB)]

    assert fonts[0] == fonts[1]
