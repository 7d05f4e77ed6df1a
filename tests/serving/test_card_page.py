"""People read what a model is, where it comes from and what it claims; a stand-in says so wherever it answers."""

import hashlib
import html
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.serving.conftest import Running, Start
from tests.serving.test_arrival import addresses
from tests.serving.test_cards import ARTIFACTS, FULL

STAND_IN = 'This page\'s model, <strong>{}</strong>, is <a href="/card">a stand-in</a> and claims nothing about {}.'
ROW = {"sepal_length_cm": "5.1", "sepal_width_cm": "3.5", "petal_length_cm": "1.4", "petal_width_cm": "0.2"}


def carded(start: Start, folder: Path, **changes: Any) -> Running:
    """A service whose classifier has a full card, but for these changes."""
    path = Path(shutil.copy(ARTIFACTS / "iris_svc.onnx", folder))
    card = FULL | {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()} | changes
    path.with_suffix(".json").write_text(json.dumps(card))
    return start(APP="app_iris", VARIANT="svc", MODEL_FILEPATH=str(path))


@pytest.fixture(scope="module")
def full(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Running:
    return carded(start, tmp_path_factory.mktemp("full"))


def text(page: str) -> str:
    """What a page says, without its tags and line breaks."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.mark.parametrize(
    "words",
    [
        "Model svc",
        "This is a stand-in.",
        "claims nothing about real measurements",
        "Small & quick.",
        "Source https://models.example/svc?a=1&b=2",
        "Made 21 November 2026, 10:00 UTC",
        "Made from origin.onnx, SHA-256 " + "ab" * 32,
        "File iris_svc.onnx",
        "Preparation Upright, on white",
        "Input float32 [batch, 4]",
        "0 setosa 1 versicolor 2 virginica",
        "Right on 129 of 150 rendered rows: 86 %. This says nothing about real measurements.",
        "Differs from PyTorch by at most 9 · 10⁻⁷ in probability, on average by 1 · 10⁻⁷, on 32 rows; the same label on 100 % of them.",
        "File 1.9 kB",
        "Memory 396 MB at its peak",
        "Loading 0.9 s",
        "Prediction one of two within 71.2 ms (p50)",
        "nine of ten within 74 ms (p90)",
        "30 predictions of one input",
        "Threads 2",
        "Processor A processor",
        "Measured where the model was built.",
    ],
)
def test_the_page_tells_the_card_in_words_and_with_units(full: Running, words: str) -> None:
    assert words in text(full.get("/card").text)


def test_the_page_shows_the_whole_digest_and_links_an_address(full: Running) -> None:
    page = full.get("/card")

    sha256 = full.get("/metadata?card=1").json()["card"]["sha256"]
    assert page.status_code == 200
    assert f"<code>{sha256}</code>" in page.text
    assert '<a href="https://models.example/svc?a=1&amp;b=2" rel="noreferrer">' in page.text


@pytest.mark.parametrize("name", ["custom", "vgg16"])
def test_a_stand_in_for_pictures_claims_nothing_about_photographs(request: pytest.FixtureRequest, name: str) -> None:
    service = request.getfixturevalue({"custom": "fruit"}.get(name, name))

    said = text(service.get("/card").text)

    assert "This is a stand-in." in said
    assert "claims nothing about photographs." in said
    assert "0 apple 1 grapes 2 lemon" in said


def test_what_was_not_measured_is_said(start: Start, tmp_path: Path) -> None:
    nothing = dict.fromkeys(("source", "built_at", "input", "notes", "preprocessing", "made_from", "parity", "accuracy", "cost"))

    said = text(carded(start, tmp_path, stand_in=False, labels=["a", "b", "c"], **nothing).get("/card").text)

    for words in ("Source not known", "Made not known when", "Not measured.", "Not compared with", "Time and memory were not measured."):
        assert words in said
    assert "The file was made with other names for them: a, b, c." in said
    assert "None" not in said
    assert "stand-in" not in said


HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)">'


def test_hostile_words_in_a_card_stay_words(start: Start, tmp_path: Path) -> None:
    service = carded(
        start,
        tmp_path,
        notes=HOSTILE,
        source="javascript:alert(1)",
        name=HOSTILE,
        built_at=HOSTILE,
        input=HOSTILE,
        preprocessing=HOSTILE,
        labels=[HOSTILE] * 3,
        made_from={"file": HOSTILE, "sha256": "ab" * 32},
        parity=FULL["parity"] | {"against": HOSTILE, "of": HOSTILE},
        accuracy=FULL["accuracy"] | {"of": HOSTILE},
        cost=FULL["cost"] | {"cpu": HOSTILE},
    )

    page = service.get("/card")

    assert page.status_code == 200
    # Every text of the card; the three labels in one sentence, and not the name: the page calls the model by its wire name.
    assert text(page.text).count(HOSTILE) == 12
    assert "<script" not in page.text
    assert "<img" not in page.text
    assert not any("javascript" in address for address in addresses(page.text))
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")


@pytest.mark.parametrize("path", ["/", "/interface/", "/docs", "/nothing", "/result/", "/result/?bad"])
def test_a_stand_in_says_so_on_every_page_and_leads_to_its_card(full: Running, path: str) -> None:
    sent = {"sepal_length_cm": ""} if path.endswith("?bad") else ROW
    people = {"Accept": "text/html"}

    page = full.post(path, data=sent, headers=people) if path.startswith("/result") else full.get(path, headers=people)

    assert STAND_IN.format("svc", "real measurements") in page.text


@pytest.mark.parametrize("path", ["/interface/", "/docs", "/card"])
def test_a_model_that_is_no_stand_in_is_not_called_one(svc: Running, path: str) -> None:
    assert "stand-in" not in svc.get(path).text
    assert "stand-in" not in svc.post("/result/", data=ROW).text


def test_pictures_forms_say_it_too(fruit: Running) -> None:
    assert STAND_IN.format("custom", "photographs") in fruit.get("/interface/").text
    assert STAND_IN.format("custom", "photographs") in fruit.upload(path="/result/").text


@pytest.mark.parametrize("path", ["/interface/", "/docs", "/card", "/nothing"])
def test_every_page_leads_to_the_card(svc: Running, path: str) -> None:
    assert '<a href="/card">Model</a>' in svc.get(path, headers={"Accept": "text/html"}).text


def test_an_address_with_a_slash_leads_to_the_card(svc: Running) -> None:
    answer = svc.get("/card/", headers={"X-Forwarded-Prefix": "/iris"})

    assert (answer.status_code, answer.headers["Location"]) == (307, "/iris/card")


@pytest.mark.parametrize(("prefix", "route"), [("", "fruit"), ("/fruit", "fruit"), ("/fruit/custom", "fruit")])
def test_behind_the_gateway_pages_lead_to_the_card_of_the_model_that_answered(fruit: Running, prefix: str, route: str) -> None:
    page = fruit.upload(path="/result/", headers={"X-Forwarded-Prefix": prefix, "X-Lab-Route": route})

    # In the header, in the note of a stand-in, in the row that names the model.
    assert addresses(page.text).count("/fruit/custom/card") == 3
    assert f"{prefix}/interface/" in addresses(page.text)


def test_the_card_leads_back_to_all_models(fruit: Running) -> None:
    page = fruit.get("/card", headers={"X-Forwarded-Prefix": "/fruit/custom", "X-Lab-Route": "fruit"}).text

    assert {"/fruit/interface/", "/fruit/docs", "/fruit/custom/card"} <= set(addresses(page))
    assert "/fruit/custom/interface/" not in addresses(page)


@pytest.mark.parametrize("route", ["", "/evil", "//evil.example", "a b", 'x"><b', "r" * 65])
def test_a_hostile_route_is_ignored(fruit: Running, route: str) -> None:
    assert '<a href="/card">Model</a>' in fruit.get("/card", headers={"X-Lab-Route": route}).text
