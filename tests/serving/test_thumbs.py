"""The result page asks whether the model was right, where somebody listens."""

import re

import pytest
import requests

from tests.serving.conftest import Running

ROW = {"sepal_length_cm": "5.1", "sepal_width_cm": "3.5", "petal_length_cm": "1.4", "petal_width_cm": "0.2"}

ID = "0123456789abcdef0123456789abcdef"

FORM = re.compile(r'<form class="thumbs" action="(?P<action>[^"]*)" method="post">(?P<fields>.*?)</form>', re.DOTALL)

BUTTON = re.compile(r'<button name="(?P<name>\w+)" value="(?P<value>\d)">(?P<content>.*?)</button>')


def result(service: Running, **headers: str) -> requests.Response:
    page = service.post("/result/", data=ROW, headers=headers)
    assert page.ok, page.text
    return page


def accessible_name(content: str) -> str:
    """What a screen reader says of a button: its text without what is hidden from it."""
    return re.sub(r'<svg aria-hidden="true".*?</svg>', "", content).strip()


@pytest.mark.parametrize("prefix", ["/iris", "/iris/svc"])
def test_two_buttons_send_a_reward_for_this_very_prediction(svc: Running, prefix: str) -> None:
    page = result(svc, **{"X-Lab-Journal": "1", "X-Forwarded-Prefix": prefix, "X-Lab-Route": "iris", "X-Request-ID": ID})

    form = FORM.search(page.text)
    assert form
    assert form["action"] == f"{prefix}/feedback"
    assert f'<input type="hidden" name="request_id" value="{ID}">' in form["fields"]
    buttons = list(BUTTON.finditer(form["fields"]))
    assert [(button["name"], button["value"]) for button in buttons] == [("reward", "1"), ("reward", "0")]
    assert [accessible_name(button["content"]) for button in buttons] == ["Right", "Wrong"]
    assert ["rotate(180 " in button["content"] for button in buttons] == [False, True]


def test_without_a_gateway_nobody_is_asked(svc: Running) -> None:
    page = result(svc).text

    assert "feedback" not in page
    assert "thumbs" not in page


def test_a_refusal_asks_nobody(svc: Running) -> None:
    page = svc.post("/result/", data=ROW | {"petal_width_cm": "wide"}, headers={"X-Lab-Journal": "1"})

    assert page.status_code == 422
    assert "thumbs" not in page.text


def test_pictures_are_judged_too(fruit: Running) -> None:
    page = fruit.upload(path="/result/", headers={"X-Lab-Journal": "1"})

    assert FORM.search(page.text)


def test_one_click_selects_the_request_id(svc: Running) -> None:
    page = result(svc, **{"X-Request-ID": ID})

    assert f"<dd><code>{ID}</code></dd>" in page.text
    assert "dd code { user-select: all;" in svc.get("/static/styles.css").text
