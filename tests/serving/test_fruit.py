"""The fruit services answer programs with JSON and people with pages."""

import base64
import re
from typing import Any

import pytest
import requests

from tests.serving.conftest import LEMON, Running

KEYS = ["filename", "content_type", "likely_class", "probability", "probabilities", "model", "version", "request_id"]
ENCODED = base64.b64encode(LEMON.read_bytes()).decode()
FOR_PEOPLE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(params=["fruit", "vgg16"])
def each(request: pytest.FixtureRequest) -> Running:
    service: Running = request.getfixturevalue(request.param)
    return service


def probabilities(answer: requests.Response) -> dict[str, float]:
    assert answer.status_code == 200, answer.text
    said: dict[str, float] = answer.json()["probabilities"]
    return said


def test_an_upload_is_answered_with_every_class(each: Running) -> None:
    answer = each.upload(name="my lemon.jpg")

    said = answer.json()
    assert list(said) == KEYS
    assert (said["filename"], said["content_type"]) == ("my lemon.jpg", "image/jpeg")
    assert list(said["probabilities"]) == ["apple", "grapes", "lemon"]
    assert sum(said["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert said["probability"] == said["probabilities"][said["likely_class"]] == max(said["probabilities"].values())
    assert said["probability"] >= 1 / 3
    assert said["request_id"] == answer.headers["X-Request-ID"]


def test_the_same_picture_gets_the_same_answer_three_times(each: Running) -> None:
    first, second, third = (probabilities(each.upload()) for _ in range(3))

    assert first == second == third


def test_the_two_models_differ(fruit: Running, vgg16: Running) -> None:
    assert probabilities(fruit.upload()) != probabilities(vgg16.upload())


@pytest.mark.parametrize(
    ("text", "content_type"),
    [
        (ENCODED, "application/octet-stream"),
        (base64.encodebytes(LEMON.read_bytes()).decode(), "application/octet-stream"),
        (f"data:image/jpeg;base64,{ENCODED}", "image/jpeg"),
    ],
    ids=["plain", "with newlines", "data URI"],
)
def test_base64_in_json_is_answered_like_the_upload(fruit: Running, text: str, content_type: str) -> None:
    answer = fruit.post(json={"image_data": text})

    assert list(answer.json()) == KEYS
    assert answer.json()["content_type"] == content_type
    assert probabilities(answer) == probabilities(fruit.upload())


@pytest.mark.parametrize("echo", ["1", "0"])
def test_the_picture_is_repeated_only_on_request(fruit: Running, echo: str) -> None:
    said = fruit.upload(params={"echo": echo}).json()

    assert list(said) == ([*KEYS, "image_base64"] if echo == "1" else KEYS)
    assert echo == "0" or base64.b64decode(said["image_base64"]) == LEMON.read_bytes()


def test_the_result_page_tells_everything_about_the_answer(fruit: Running) -> None:
    said = fruit.upload().json()

    page = fruit.upload(path="/result/", headers=FOR_PEOPLE)

    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    facts = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page.text))
    assert facts["Filename"] == "lemon.jpg"
    assert facts["File type"] == "image/jpeg"
    assert facts["Inference class"] == said["likely_class"]
    assert facts["Class probability"] == str(said["probability"])
    assert facts["Model"] == f'<a href="/card">custom</a>, version <code>{said["version"]}</code>'
    assert facts["Request id"] == f"<code>{page.headers['X-Request-ID']}</code>"
    assert '<img src="data:image/jpeg;base64,/9j/' in page.text
    assert 'name="file"' in page.text


@pytest.mark.parametrize("path", ["/", "/interface/"])
def test_people_get_the_form(fruit: Running, path: str) -> None:
    page = fruit.get(path, headers=FOR_PEOPLE)

    assert page.status_code == 200
    assert '<form action="/result/" method="post" enctype="multipart/form-data">' in page.text
    assert '<input type="file" id="file" name="file"' in page.text
    assert fruit.get("/static/styles.css").headers["Content-Type"].startswith("text/css")


def test_a_program_gets_a_hint(fruit: Running) -> None:
    said = fruit.get("/", headers={"Accept": "*/*"}).json()

    assert "/predict" in said["hint"]
    assert "/interface/" in said["hint"]
    assert said["docs"] == "/docs"


@pytest.mark.parametrize("path", ["/interface", "/result", "/result/"])
def test_an_address_without_its_slash_or_a_reloaded_result_leads_to_the_form(fruit: Running, path: str) -> None:
    answer = fruit.get(path)

    assert (answer.status_code, answer.headers["Location"]) == (307, "/interface/")


def test_a_stand_in_is_called_one(each: Running) -> None:
    said = each.get("/metadata").json()

    assert ", a stand-in." in each.upload(path="/result/").text
    assert said["stand_in"] is True
    assert said["version"] == each.upload().json()["version"]


def test_metadata_and_labels_describe_the_model(fruit: Running) -> None:
    said: dict[str, Any] = fruit.get("/metadata").json()

    assert said["data_sample"] == "base64 encoded image file"
    assert said["prediction_structure"] == "(1,3)"
    assert said["artifact"] == "custom.onnx"
    assert fruit.get("/label").json() == {"0": "apple", "1": "grapes", "2": "lemon"}


def test_the_sample_is_predicted_without_input(fruit: Running) -> None:
    said = fruit.get("/predict/test").json()

    assert list(said) == KEYS
    assert said["probabilities"] == probabilities(fruit.upload())
    assert fruit.get("/predict/test/label").json()["prediction"] == said["likely_class"]


def test_the_label_alone_is_answered_on_request(fruit: Running) -> None:
    answer = fruit.upload(path="/predict/label")

    likely = fruit.upload().json()["likely_class"]
    assert answer.json() == {"prediction": likely, "model": "custom", "request_id": answer.headers["X-Request-ID"]}
