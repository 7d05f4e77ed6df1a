"""The gateway's own error pages: no frame around them, nothing in them that runs, and a way to somebody who answers."""

import re
from collections.abc import Callable

import pytest
import requests

from tests.gateway.conftest import Gateway

TOO_LARGE = b"x" * (10 * 2**20 + 1)
PAGE = {"Accept": "text/html"}


def dead(gateway: Gateway) -> requests.Response:
    for service in gateway.services.values():
        service.stop()
    return gateway.predict("/iris/result/", headers=PAGE)


def unready(gateway: Gateway) -> requests.Response:
    for service in gateway.services.values():
        service.stop()
    return requests.get(f"{gateway.url}/ready", headers=PAGE, timeout=30)


def without_lab(gateway: Gateway) -> requests.Response:
    gateway.lab.stop()
    return requests.get(f"{gateway.url}/lab/", headers=PAGE, timeout=30)


PAGES: dict[str, Callable[[Gateway], requests.Response]] = {
    "503": dead,
    "not ready": unready,
    "no lab": without_lab,
    "413": lambda gateway: gateway.predict("/iris/result/", data=TOO_LARGE, headers=PAGE),
    "413 of the lab": lambda gateway: requests.post(f"{gateway.url}/lab/compare", TOO_LARGE, headers=PAGE, timeout=30),
    "413 of feedback": lambda gateway: requests.post(f"{gateway.url}/feedback", TOO_LARGE[:2_000_000], headers=PAGE, timeout=30),
    "unknown variant": lambda gateway: gateway.predict("/iris/result/", headers=PAGE | {"X-Variant": "<b>"}),
}


@pytest.mark.parametrize("which", PAGES)
def test_no_page_may_be_framed_or_run_anything(gateway: Gateway, which: str) -> None:
    answer = PAGES[which](gateway)

    assert answer.status_code >= 400
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert (answer.headers["X-Content-Type-Options"], answer.headers["X-Frame-Options"]) == ("nosniff", "DENY")
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["X-Request-ID"] in answer.text
    # So that the policy forbids nothing of it.
    assert not re.search(r"\sstyle=|\son\w+=|<style|<script|<form|<base|(?:src|href)=\"(?!/)", answer.text)


def test_a_program_is_told_in_json_that_is_nothing_else(gateway: Gateway) -> None:
    answer = gateway.predict(headers={"X-Variant": "nosuch"})

    assert (answer.status_code, answer.headers["X-Content-Type-Options"]) == (404, "nosniff")


@pytest.mark.parametrize(("path", "headers"), [("/iris/forest/result/", PAGE), ("/iris/result/", PAGE | {"X-Variant": "forest"})])
def test_of_a_model_that_was_asked_for_by_name_the_page_says_that_it_does_not_answer(
    gateway: Gateway, path: str, headers: dict[str, str]
) -> None:
    gateway.services["forest"].stop()

    answer = gateway.predict(path, headers=headers)

    assert answer.status_code == 503
    assert "The model forest does not answer now. Try again in a moment." in answer.text


def test_the_page_of_a_model_that_does_not_answer_has_its_files_and_its_way_back_from_the_others(gateway: Gateway) -> None:
    gateway.services["forest"].stop()

    page = gateway.predict("/iris/forest/result/", headers=PAGE).text

    links = re.findall(r'href="([^"]*)"', page)
    assert links == ["/iris/static/icon.svg", "/iris/static/styles.css", "/iris/interface/", "/iris/interface/"]
    assert {requests.get(gateway.url + link, timeout=30).status_code for link in links} == {200}


def test_a_form_for_one_model_is_where_a_refused_upload_came_from(gateway: Gateway) -> None:
    page = gateway.predict("/iris/forest/result/", data=TOO_LARGE, headers=PAGE).text

    assert '<a href="/iris/forest/interface/">Back to the form</a>' in page


def test_the_card_of_a_dead_model_says_who_is_dead(gateway: Gateway) -> None:
    gateway.services["forest"].stop()

    answer = requests.get(f"{gateway.url}/iris/forest/metadata?card=1", timeout=30)

    assert answer.json()["detail"] == "The model forest does not answer now. Try again in a moment."
