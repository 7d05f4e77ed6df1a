"""The pages in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.lab.conftest import Lab
from tests.support import REPOSITORY

# Without them Chromium looks for its maker's servers at every start.
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def test_a_picture_is_uploaded_and_the_answer_names_the_model(lab: Lab, page: Page) -> None:
    page.goto(lab.url)
    page.set_input_files("input[name=file]", REPOSITORY / "sample_data" / "grapes" / "grapes_03.jpg")
    page.get_by_role("button", name="Submit").click()

    assert page.locator(".variant").inner_text() in ("custom", "vgg16")
    assert page.locator(".bars tr").count() == 3
    assert "grapes_03.jpg" in page.content()
    assert page.evaluate("document.querySelector('.columns img').naturalWidth") > 0


def test_uploading_twice_meets_both_models(lab: Lab, page: Page) -> None:
    met = set()
    for _ in range(2):
        page.goto(lab.url)
        page.set_input_files("input[name=file]", REPOSITORY / "sample_data" / "apple" / "apple_01.jpg")
        page.get_by_role("button", name="Submit").click()
        met.add(page.locator(".variant").inner_text())

    assert met == {"custom", "vgg16"}


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("<b>notes<b>.jpg", b"just text", "is not an image"),
        ("empty.jpg", b"", "is empty"),
        ("large.jpg", b"x" * (11 * 1024 * 1024), "larger than 10 MB"),
    ],
)
def test_a_bad_upload_is_a_page_with_a_sentence(lab: Lab, page: Page, tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    (tmp_path / name).write_bytes(content)
    page.goto(lab.url)
    page.set_input_files("input[name=file]", tmp_path / name)
    page.get_by_role("button", name="Submit").click()

    assert sentence in page.get_by_role("alert").inner_text()


def test_the_iris_form_has_four_labelled_numbers_and_answers(lab: Lab, page: Page) -> None:
    page.goto(f"{lab.url}/iris/")
    for label, value in {
        "Sepal length (cm)": "6.7",
        "Sepal width (cm)": "3.0",
        "Petal length (cm)": "5.2",
        "Petal width (cm)": "2.3",
    }.items():
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name="Submit").click()

    assert page.url == f"{lab.url}/iris/result/"
    assert "virginica" in page.get_by_role("heading", level=1).inner_text()
    assert "No outlier" in page.content()


def test_pages_load_nothing_from_elsewhere_and_nothing_fails(lab: Lab, page: Page) -> None:
    asked, failed = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("response", lambda response: failed.append(response.url) if response.status >= 400 else None)
    for path in ("/", "/docs", "/iris/docs", "/iris/", "/iris/forest/card", "/card", "/iris/forest/interface/"):
        page.goto(f"{lab.url}{path}")
    page.get_by_role("button", name="Submit").click()

    assert [url for url in asked if not url.startswith((lab.url, "data:"))] == []
    assert failed == []


def test_the_answer_leads_to_the_card_of_its_model_and_the_card_back_to_all(lab: Lab, page: Page) -> None:
    met = set()
    for _ in range(2):
        page.goto(lab.url)
        page.set_input_files("input[name=file]", REPOSITORY / "sample_data" / "apple" / "apple_01.jpg")
        page.get_by_role("button", name="Submit").click()
        answered = page.locator(".variant").inner_text()
        page.get_by_role("link", name=answered, exact=True).click()
        assert page.get_by_role("heading", level=1).inner_text() == f"Model {answered}"
        met.add(page.url)
        page.get_by_role("link", name="Try it").click()
        assert page.url == f"{lab.url}/fruit/interface/"

    assert met == {f"{lab.url}/fruit/custom/card", f"{lab.url}/fruit/vgg16/card"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/card", "/fruit/vgg16/card", "/iris/card", "/", "/docs"])
def test_a_phone_shows_every_word_of_a_page(lab: Lab, browser: Browser, path: str, scheme: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 640}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{lab.url}{path}")

    # What sticks out of its section is cut or hangs over the edge, even where nothing scrolls.
    widths = page.evaluate("Array.from(document.querySelectorAll('section, main > p'), (box) => box.scrollWidth - box.clientWidth)")
    assert widths
    assert max(widths) <= 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scrolling(lab: Lab, browser: Browser, scheme: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 640}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{lab.url}/iris/")
    page.get_by_role("button", name="Submit").click()

    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()


def test_it_works_without_javascript(lab: Lab, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(lab.url)
    page.set_input_files("input[name=file]", REPOSITORY / "sample_data" / "lemon" / "lemon_02.jpg")
    page.get_by_role("button", name="Submit").click()

    assert page.locator(".variant").inner_text() in ("custom", "vgg16")
    context.close()
