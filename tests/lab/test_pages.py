"""The lab's pages on a whole lab, in a real browser: from an upload to a promotion, with and without scripts."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.lab.conftest import Lab
from tests.lab.test_browser import browser  # noqa: F401 - a fixture
from tests.support import REPOSITORY, eventually

LAB = REPOSITORY / ".venv" / "bin" / "lab"

# Which fruit classifier gets more thumbs; a look every two seconds.
THUMBS = """
apiVersion: iter8.tools/v2alpha2
kind: Experiment
metadata:
  name: thumbs
spec:
  target: fruit
  strategy:
    testingPattern: A/B
    deploymentPattern: FixedSplit
    actions:
      finish:
      - task: lab/promote
  criteria:
    rewards:
    - metric: conversion
      preferredDirection: High
    objectives:
    - metric: error-rate
      upperLimit: "0.02"
    strength:
      maturation: 5
  duration:
    intervalSeconds: 2
    iterationsPerLoop: 600
  versionInfo:
    baseline:
      name: custom
    candidates:
    - name: vgg16
"""



class Run(NamedTuple):
    """An experiment under way."""

    lab: Lab
    name: str

    @property
    def url(self) -> str:
        """Its page."""
        return f"{self.lab.url}/lab/experiment/{self.name}"


def command(lab: Lab, *words: str) -> str:
    done = subprocess.run([LAB, *words], env=os.environ | lab.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def run(lab: Lab, tmp_path: Path) -> Iterator[Run]:
    """The comparison by thumbs, undone at the end."""
    file = tmp_path / "thumbs.yaml"
    file.write_text(THUMBS)
    name = command(lab, "start", "-f", str(file)).split()[0]
    yield Run(lab, name)
    command(lab, "undo", name, "--yes")


@contextmanager
def visiting(browser: Browser, scripts: bool = True) -> Iterator[Page]:  # noqa: F811 - the same browser
    """A page of a new visitor. Raises AssertionError when a script complained or anything came from elsewhere."""
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    yield page
    home = re.match(r"https?://[^/]+", page.url)
    context.close()
    assert complaints == []
    assert home
    assert [url for url in asked if not url.startswith((home[0], "data:"))] == []


def upload(page: Page, lab: Lab) -> None:
    page.goto(lab.url)
    page.set_input_files("input[name=file]", REPOSITORY / "sample_data" / "grapes" / "grapes_03.jpg")
    page.get_by_role("button", name="Submit").click()


def sign_in(page: Page, lab: Lab) -> None:
    page.goto(command(lab, "open").strip())


def comes(page: Page, scripts: bool, words: str) -> None:
    """Waits until the page says so: by itself with scripts, by reloading without."""

    def says() -> bool:
        if not scripts:
            page.reload()
        return words in " ".join(page.locator("main").inner_text().split())

    eventually(says, lambda: page.locator("main").inner_text())


def decide(page: Page, deed: str) -> None:
    """Presses the button, and confirms."""
    page.get_by_role("link", name=deed, exact=True).click()
    page.get_by_role("button", name=deed).click()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_thumb_reaches_the_experiment_and_a_person_promotes_by_button(run: Run, browser: Browser, scripts: bool) -> None:  # noqa: F811
    with visiting(browser, scripts) as watcher, visiting(browser, scripts) as visitor:
        watcher.goto(run.url)
        comes(watcher, scripts, "Running")
        if scripts:
            watcher.evaluate("window.isTheSame = true")

        upload(visitor, run.lab)
        answered = visitor.locator(".variant").inner_text()
        visitor.get_by_role("button", name="Right").click()
        assert "Thank you" in visitor.get_by_role("heading", level=1).inner_text()
        visitor.get_by_role("link", name="See this prediction").click()
        comes(visitor, scripts, "grapes")
        comes(watcher, scripts, f"{answered} 100 % 2.5 % to 100 % 1 visitor")
        comes(watcher, scripts, f"{answered} 100.0 % of 1")
        if scripts:
            assert watcher.evaluate("window.isTheSame")

        assert watcher.get_by_role("link", name="Promote", exact=True).count() == 0
        sign_in(watcher, run.lab)
        watcher.goto(run.url)
        decide(watcher, "Promote")
        comes(watcher, scripts, "vgg16 100 %")
        comes(watcher, scripts, "Completed")

        decide(watcher, "Undo")
        comes(watcher, scripts, "Undone")


# Every page that is there, and what it is about.
PAGES = {
    "/lab/": "Overview",
    "/lab/experiment/{run}": "{run}",
    "/lab/predictions": "Predictions",
    "/lab/prediction/{prediction}": "said lemon",
    "/lab/compare?route=fruit": "Compare the models of fruit",
    "/lab/compare?route=iris": "Compare the models of iris",
    "/lab/shadow": "Shadow",
    "/lab/models": "Models",
    "/lab/sign-in": "Sign in",
    "/interface/": "",
    "/iris/": "",
    "/card": "Model",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_nobody_is_kept_from_reading_any_page(run: Run, browser: Browser, width: int, scheme: str) -> None:  # noqa: F811
    prediction = run.lab.upload().headers["X-Request-ID"]
    with visiting(browser) as first:
        first.goto(run.url)
        comes(first, True, "Look")
    eventually(lambda: prediction in command(run.lab, "log", "-o", "json"))
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()

    for address, heading in PAGES.items():
        page.goto(run.lab.url + address.format(run=run.name, prediction=prediction))
        assert heading.format(run=run.name) in page.get_by_role("heading", level=1).first.inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        found = Axe().run(page).response["violations"]
        grave = [f"{one['id']}: {one['help']} {one['nodes'][0]['html'][:200]}" for one in found if one["impact"] in ("serious", "critical")]
        assert grave == [], address
    context.close()


def test_a_comparison_shows_every_model_of_the_route_side_by_side(lab: Lab, browser: Browser) -> None:  # noqa: F811
    with visiting(browser) as page:
        upload(page, lab)
        page.get_by_role("button", name="Compare all models").click()

        for variant in ("custom", "vgg16", "vgg16int8"):
            expect(page.locator(f"#variant-{variant}")).to_contain_text(variant)
        ids = page.locator("a[href*='/prediction/']").evaluate_all("links => links.map(link => link.href)")
        assert len(set(ids)) == 3


def test_hostile_words_of_a_visitor_are_only_words(lab: Lab, browser: Browser) -> None:  # noqa: F811
    hostile = "<img src=x onerror=document.title='taken'>"
    prediction = lab.upload(**{"X-User-ID": hostile, "User-Agent": hostile}).headers["X-Request-ID"]
    command(lab, "feedback", prediction, "--truth", hostile)
    with visiting(browser) as page:
        page.goto(f"{lab.url}/lab/prediction/{prediction}")
        comes(page, True, "onerror")
        page.goto(f"{lab.url}/lab/predictions?label={hostile}&variant={hostile}")
        comes(page, True, "No prediction")

        assert "taken" not in page.title()
        assert page.locator("img[src=x]").count() == 0
