"""The models' cards on one page, whether the models live or not."""

import asyncio
import html
import re
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from lab.services.client import Client
from lab.services.directory import FRESH_S, Directory
from lab.services.said import Service
from lab.web.pages.models_view import made, size, tiny
from tests.web.models import CARD, Lab, Model, Models, gateway, lab, models, state

__all__ = ["gateway", "lab", "models", "state"]

HOSTILE = '"><script>alert(1)</script>'
SVC = Service("iris", "svc")


def words(page: httpx.Response) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", page.text)))


def card(page: httpx.Response, variant: str, route: str = "iris") -> str:
    """The words of one model's card."""
    found = re.search(rf'data-live="model-{route}-{variant}">(.*?)</section>', page.text, re.DOTALL)
    assert found
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", found[1])))


def test_a_card_says_what_the_model_is_with_units(lab: Lab, models: Models) -> None:
    models.by_path = {"/iris/svc": Model()}

    page = lab.get("/models")

    said = card(page, "svc")
    for part in (
        "answers",
        "made here",
        "Baseline. Gets 60 % of the visitors.",
        "trained by somebody",
        "21 November 2026, 11:43 UTC",
        "four numbers",
        "3: setosa, versicolor, virginica",
        "97.8 % (44 of 45 rows held out)",
        "from those of scikit-learn on 150 rows; the same label on 100 %",
        "0.019 ms (p50), 0.022 ms (p90)",
        "14.7 MB at its peak",
        "svc.onnx, 1.9 kB",
        "abababababab",
        "ab" * 32,
    ):
        assert part in said
    assert 'href="/iris/svc/card"' in page.text
    assert 'href="/compare?route=iris"' in page.text


def test_a_stand_in_is_called_one_and_published_weights_are_too(lab: Lab, models: Models) -> None:
    models.by_path = {
        "/fruit/custom": Model(card={**CARD, "stand_in": True}),
        "/fruit/vgg16": Model(card={**CARD, "source": "https://example.org/vgg16.pt"}),
    }

    page = lab.get("/models")

    assert "stand-in" in card(page, "custom", "fruit")
    assert "published" in card(page, "vgg16", "fruit")
    assert "A stand-in replaces published weights that were out of reach." in words(page)


def test_what_was_not_measured_is_not_zero(lab: Lab, models: Models) -> None:
    models.by_path = {"/iris/svc": Model(card={"sha256": "cd" * 32, "stand_in": False})}

    said = card(lab.get("/models"), "svc")

    assert "Right answers not measured" in said
    assert "Memory –" in said
    assert "Source –" in said
    assert " 0 " not in said


def test_a_model_that_is_off_says_why_and_a_dead_one_that_it_does_not_answer(lab: Lab, models: Models) -> None:
    models.by_path = {"/iris/bayes": Model(described=503)}

    page = lab.get("/models")

    assert "off" in card(page, "bayes")
    assert "its weights were in no reach" in card(page, "bayes")
    assert "does not answer" in card(page, "svc")
    assert "No model is ready to answer yet." in card(page, "svc")


def test_hung_models_do_not_hold_up_the_page(lab: Lab, models: Models) -> None:
    models.by_path = {"/iris/svc": Model(), "/iris/forest": Model(delay_s=4), "/iris/knn": Model(delay_s=4)}

    async def timed(client: httpx.AsyncClient) -> tuple[httpx.Response, float]:
        began = time.perf_counter()
        return await client.get("/models"), time.perf_counter() - began

    page, seconds = lab.visit(timed)

    assert seconds < 3
    assert "answers" in card(page, "svc")
    assert "It has not answered within" in card(page, "forest")


def test_without_a_gateway_there_is_a_sentence(state: Path, gateway: Path) -> None:
    page = Lab(state, gateway, "http://127.0.0.1:1").get("/models")

    assert page.status_code == 503
    assert "The gateway does not answer at http://127.0.0.1:1" in words(page)


def test_hostile_text_in_a_card_is_text(lab: Lab, models: Models) -> None:
    hostile = {"source": HOSTILE, "notes": HOSTILE, "input": HOSTILE, "file": HOSTILE, "built_at": HOSTILE, "labels": [HOSTILE]}
    models.by_path = {"/iris/svc": Model(card=CARD | hostile)}

    page = lab.get("/models")

    assert HOSTILE not in page.text
    assert words(page).count("<script>alert(1)</script>") == 6


def test_a_thousand_classes_fit_a_card(lab: Lab, models: Models) -> None:
    models.by_path = {"/iris/svc": Model(card=CARD | {"labels": [f"class {number}" for number in range(1000)]})}

    page = lab.get("/models")

    assert "1,000: class 0, class 1," in card(page, "svc")
    assert "and 992 more" in card(page, "svc")
    assert len(page.content) < 50_000


@pytest.mark.parametrize("metadata", [{"sha256": 5, "stand_in": False}, {"stand_in": "maybe"}, {}])
def test_a_card_that_cannot_be_read_is_no_card(lab: Lab, models: Models, metadata: dict[str, Any]) -> None:
    models.by_path = {"/iris/svc": Model(card=metadata)}

    assert "Its answer cannot be read." in card(lab.get("/models"), "svc")


def test_models_are_asked_once_in_a_few_seconds_and_their_last_word_is_kept(models: Models) -> None:
    models.by_path = {"/iris/svc": Model()}
    now = [100.0]
    directory = Directory(Client(models.url), lambda: now[0])

    async def asked() -> list[Any]:
        first = await directory.entries([SVC])
        second = await directory.entries([SVC])
        now[0] += FRESH_S
        models.by_path = {}
        return [first, second, await directory.entries([SVC])]

    (first,), (second,), (third,) = asyncio.run(asked())

    assert len(models.questions) == 2
    assert first == second
    assert first.now.card is not None
    assert (third.now.card, third.last) == (None, first.now)


@pytest.mark.parametrize(("count", "shown"), [(None, ""), (12, "12 bytes"), (1902, "1.9 kB"), (66_100_000, "66.1 MB")])
def test_sizes_have_units(count: int | None, shown: str) -> None:
    assert size(count) == shown


@pytest.mark.parametrize(("number", "shown"), [(0.0, "0"), (0.31, "0.31"), (3.1e-7, "3.1\xa0·\xa010⁻⁷"), (9e-7, "9\xa0·\xa010⁻⁷")])
def test_tiny_differences_are_readable(number: float, shown: str) -> None:
    assert tiny(number) == shown


@pytest.mark.parametrize(
    ("text", "shown"), [(None, "–"), ("yesterday", "yesterday"), ("2026-11-21T12:00:00+01:00", "21 November 2026, 11:00 UTC")]
)
def test_when_it_was_made_is_a_date_if_it_is_one(text: str | None, shown: str) -> None:
    assert made(text) == shown
