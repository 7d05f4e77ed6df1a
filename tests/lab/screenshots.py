"""Takes the pictures of docs/pages/ from a lab that runs, see docs/pages.md: python -m tests.lab.screenshots RUN [ADDRESS]"""

import sys
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.lab.test_browser import QUIET
from tests.support import REPOSITORY, eventually

PICTURES = REPOSITORY / "docs" / "pages"
GRAPES = REPOSITORY / "sample_data" / "grapes" / "grapes_03.jpg"

# The commonest colours are kept as they are; those beside them cover the rare ones, which tell variants apart.
COMMON, RARE = 24, 96

DESK, PHONE = 1440, 390


class Shot(NamedTuple):
    """One picture of a page."""

    name: str
    address: str
    """Behind the lab's own."""
    height: int
    """Pixels from the top that tell what the page is."""
    width: int = DESK


def shots(run: str) -> list[Shot]:
    """Every page that an address leads to, those that move first."""
    return [
        Shot("experiment", f"/lab/experiment/{run}", 1010),
        Shot("overview", "/lab/", 820),
        Shot("experiment-phone", f"/lab/experiment/{run}", 1150, PHONE),
        Shot("overview-phone", "/lab/", 900, PHONE),
        Shot("predictions", "/lab/predictions", 640),
        Shot("shadow", "/lab/shadow/iris", 860),
        Shot("models", "/lab/models", 740),
    ]


def take(page: Page, lab: str, run: str) -> None:
    """All pages."""
    for shot in shots(run):
        page.set_viewport_size({"width": shot.width, "height": 900})
        page.goto(lab + shot.address)
        keep(page, shot.name, shot.height)
    ask(page, lab, "Ask every model")
    keep(page, "compare", 680)
    ask(page, lab, "Submit")
    keep(page, "result", 720)
    judged(page, lab)
    keep(page, "prediction", 780)


def judged(page: Page, lab: str) -> None:
    """Leads from a result to its prediction's page, which has heard of the thumb."""
    prediction = page.locator("dd code").last.inner_text()
    page.get_by_role("button", name="Right").click()
    page.goto(f"{lab}/lab/prediction/{prediction}")
    eventually(lambda: page.reload() and page.get_by_role("region", name="Feedback").count() > 0)


def ask(page: Page, lab: str, button: str) -> None:
    """Uploads a picture."""
    page.goto(f"{lab}/interface/")
    page.set_input_files("input[name=file]", GRAPES)
    page.get_by_role("button", name=button, exact=True).click()


def keep(page: Page, name: str, height: int) -> None:
    """The page's first pixels in both themes, each in a file."""
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        seen = Image.open(BytesIO(page.screenshot(full_page=True)))
        save(seen.convert("RGB").crop((0, 0, seen.width, min(height, seen.height))), PICTURES / f"{name}-{theme}.png")


def save(picture: Image.Image, file: Path) -> None:
    """With few colours, so that the file is small."""
    picture.quantize(palette=palette(picture), dither=Image.Dither.NONE).save(file, optimize=True)
    print(f"{file.relative_to(REPOSITORY)}: {file.stat().st_size / 1000:.0f} kB")


def palette(picture: Image.Image) -> Image.Image:
    """The colours of a picture, held by another one."""
    seen = sorted(picture.getcolors(picture.width * picture.height), reverse=True)
    rare = picture.quantize(RARE, method=Image.Quantize.MAXCOVERAGE).getpalette()
    holder = Image.new("P", (1, 1))
    holder.putpalette([part for _, colour in seen[:COMMON] for part in colour] + rare[: 3 * RARE])
    return holder


def main(run: str, lab: str = "http://localhost:8080") -> None:
    """Every page."""
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        take(browser.new_page(viewport={"width": DESK, "height": 900}), lab, run)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
