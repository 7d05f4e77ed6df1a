"""Pages lead to the lab where there is one, and let nobody else in."""

import re

import pytest
import requests

from tests.serving.conftest import Running

ID = "0123456789abcdef0123456789abcdef"
ROW = {"sepal_length_cm": "5.1", "sepal_width_cm": "3.5", "petal_length_cm": "1.4", "petal_width_cm": "0.2"}
BEHIND = {"X-Lab-Route": "iris", "X-Forwarded-Prefix": "/iris", "X-Lab-Journal": "1", "X-Request-ID": ID}
PAGES = ["/interface/", "/docs", "/card", "/nothing"]
PEOPLE = {"Accept": "text/html"}

HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
COMPARED = re.compile(r'<form action="/lab/compare\?route=(\w+)" method="post" enctype="multipart/form-data">(.*?)</form>', re.DOTALL)


def everywhere(service: Running, **headers: str) -> list[requests.Response]:
    """Each kind of page: with a form, without one, an answer and a refusal."""
    pages = [service.get(path, headers=PEOPLE | headers) for path in PAGES]
    return [*pages, service.post("/result/", data=ROW, headers=headers), service.post("/result/", data={}, headers=headers)]


def test_behind_the_gateway_every_page_leads_to_the_lab(svc: Running) -> None:
    for page in everywhere(svc, **BEHIND):
        assert '<a href="/lab/">Lab</a>' in page.text, page.url


def test_a_model_that_runs_alone_has_no_link_that_leads_nowhere(svc: Running, fruit: Running) -> None:
    pages = [*everywhere(svc), fruit.get("/interface/"), fruit.upload(path="/result/")]

    assert [page.url for page in pages if '"/lab' in page.text] == []


def test_the_form_can_ask_every_model_instead_of_one(svc: Running) -> None:
    page = svc.get("/interface/", headers=BEHIND)

    assert 'formaction="/lab/compare?route=iris"' in page.text
    # The first button is the one that the enter key presses.
    assert page.text.index('<button type="submit">Submit') < page.text.index("formaction")


def test_a_row_is_handed_on_for_a_comparison_as_it_was_answered(svc: Running) -> None:
    page = svc.post("/result/", data=ROW | {"petal_width_cm": "0.123456789012"}, headers=BEHIND)

    form = COMPARED.search(page.text)
    assert form
    assert form[1] == "iris"
    assert dict(HIDDEN.findall(form[2])) == ROW | {"petal_width_cm": "0.123456789012"}


def test_a_picture_is_handed_on_in_small(fruit: Running) -> None:
    page = fruit.upload(path="/result/", headers=BEHIND | {"X-Lab-Route": "fruit"})

    form = COMPARED.search(page.text)
    assert form
    ((name, value),) = HIDDEN.findall(form[2])
    assert name == "picture"
    assert f'<img src="{value}"' in page.text


def test_the_answer_leads_to_its_line_of_the_journal(svc: Running) -> None:
    page = svc.post("/result/", data=ROW, headers=BEHIND)

    assert f'<code>{ID}</code> <a href="/lab/prediction/{ID}">See this prediction</a>' in page.text


def test_no_page_can_be_framed_run_a_script_or_be_taken_for_another_kind(svc: Running) -> None:
    for page in everywhere(svc):
        policy = dict(part.strip().partition(" ")[::2] for part in page.headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'", page.url
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["form-action"] == policy["style-src"] == "'self'"
        assert not any("unsafe" in value for value in policy.values())
        assert "script-src" not in policy
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["X-Frame-Options"] == "DENY"
        assert page.headers["Referrer-Policy"] == "same-origin"
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page.text), page.url


def test_metadata_says_what_a_form_asks(svc: Running, fruit: Running) -> None:
    row, picture = (service.get("/metadata?form=1").json()["form"] for service in (svc, fruit))

    assert row["takes"] == "measurements"
    assert row["fields"][0] == {"name": "sepal_length_cm", "label": "Sepal length (cm)", "sample": 5.1}
    assert [field["name"] for field in row["fields"]] == list(ROW)
    assert row["labels"] == ["setosa", "versicolor", "virginica"]
    assert picture == {"takes": "picture"}
    assert "form" not in svc.get("/metadata").json()


@pytest.mark.parametrize("query", ["", "?preview=1"])
def test_an_answer_has_the_picture_in_small_for_who_asks(fruit: Running, query: str) -> None:
    said = fruit.upload(path=f"/predict{query}").json()

    assert ("preview" in said) is bool(query)
    assert not query or said["preview"].startswith("data:image/jpeg;base64,/9j/")


def test_an_answer_to_a_row_has_nothing_in_small(svc: Running) -> None:
    assert "preview" not in svc.row(5.1, 3.5, 1.4, 0.2, path="/predict?preview=1").json()
