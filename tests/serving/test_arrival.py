"""Ids and prefixes that strangers send are taken when they are harmless; wrong addresses get a sentence."""

import http.client
import re
from contextlib import closing

import pytest

from tests.serving.conftest import Running, sentence

MINTED = re.compile(r"[0-9a-f]{32}")


def request_id_for(service: Running, given: bytes) -> str:
    """The id in the answer to a request that brought this one, byte for byte."""
    with closing(http.client.HTTPConnection(service.address, timeout=30)) as connection:
        connection.putrequest("GET", "/health")
        connection.putheader("X-Request-ID", given)
        connection.endheaders()
        answered = connection.getresponse().headers["X-Request-ID"]
    assert answered is not None
    return answered


@pytest.mark.parametrize("given", ["a", "2f1c.A-b_c~9", "x" * 128])
def test_a_good_request_id_is_kept(svc: Running, given: str) -> None:
    assert request_id_for(svc, given.encode()) == given


@pytest.mark.parametrize("given", [b"", b"x" * 129, b"a b", b"a\tb", b'a"b', b"a\xffb", b"a%0ab", b"<script>"])
def test_a_bad_request_id_is_replaced(svc: Running, given: bytes) -> None:
    assert MINTED.fullmatch(request_id_for(svc, given))


def test_every_request_has_its_own_id(svc: Running) -> None:
    answers = [svc.get("/predict/test") for _ in range(50)]

    assert len({answer.headers["X-Request-ID"] for answer in answers}) == 50
    assert all(answer.json()["job_id"] == answer.headers["X-Request-ID"] for answer in answers)


def addresses(page: str) -> list[str]:
    """Where the links, forms and files of a page lead."""
    return [address for address in re.findall(r'(?:href|src|action)="([^"]*)"', page) if not address.startswith("data:")]


def test_behind_a_prefix_everything_on_the_pages_leads_there(fruit: Running) -> None:
    prefix = {"X-Forwarded-Prefix": "/iris/svc"}

    form, result, refusal = (
        fruit.get("/interface/", headers=prefix),
        *(fruit.upload(sent, "/result/", headers=prefix) for sent in (None, b"")),
    )

    for page in (form, result, refusal):
        assert "/iris/svc/result/" in addresses(page.text)
        assert "/iris/svc/static/styles.css" in addresses(page.text)
        assert all(address.startswith("/iris/svc/") for address in addresses(page.text))


def test_behind_a_prefix_addresses_still_answer_and_redirects_lead_there(fruit: Running) -> None:
    prefix = {"X-Forwarded-Prefix": "/iris"}

    assert fruit.upload(headers=prefix).ok
    assert fruit.get("/static/styles.css", headers=prefix).ok
    assert fruit.get("/interface", headers=prefix).headers["Location"] == "/iris/interface/"
    assert fruit.get("/", headers=prefix).json()["docs"] == "/iris/docs"
    assert 'href="/iris/openapi.json"' in fruit.get("/docs", headers=prefix).text


@pytest.mark.parametrize(
    "prefix", ["//evil", "//evil.example/x", "javascript:alert(1)", "https://evil.example", "/iris/", "/../x", '/a"><b', "iris", "/a" * 5]
)
def test_a_hostile_prefix_is_ignored(fruit: Running, prefix: str) -> None:
    page = fruit.get("/interface/", headers={"X-Forwarded-Prefix": prefix})

    assert page.status_code == 200
    assert "/result/" in addresses(page.text)
    assert fruit.get("/result", headers={"X-Forwarded-Prefix": prefix}).headers["Location"] == "/interface/"


@pytest.mark.parametrize("path", ["/nothing", "/predict/nothing", "/static/..%2fapp.py", "/{path}", "//evil.example"])
def test_an_unknown_address_is_a_404_that_shows_the_known_ones(fruit: Running, path: str) -> None:
    answer = fruit.get(path)

    assert answer.status_code == 404
    assert sentence(answer).startswith("There is nothing at /")
    assert "/interface/" in sentence(answer)


def test_an_unknown_address_is_a_page_in_a_browser(fruit: Running) -> None:
    page = fruit.get("/<script>", headers={"Accept": "text/html"})

    assert page.status_code == 404
    assert "There is nothing at /<script>." in sentence(page)
    assert "<script>" not in page.text


@pytest.mark.parametrize(("method", "path"), [("get", "/predict"), ("get", "/predict/label"), ("post", "/health")])
def test_a_wrong_method_is_a_405_that_names_it(fruit: Running, method: str, path: str) -> None:
    answer = getattr(fruit, method)(path)

    assert answer.status_code == 405
    assert sentence(answer) == f"{path} does not take {method.upper()}. The list of addresses is at /docs."
    assert answer.headers["Allow"] == ("POST" if method == "get" else "GET")


@pytest.mark.parametrize("host", ["[", "a b", "evil.example/x", "\xff"])
def test_a_broken_host_header_changes_nothing(fruit: Running, host: str) -> None:
    assert fruit.get("/predict/test", headers={"Host": host}).status_code == 200
    assert fruit.get("/nothing", headers={"Host": host}).status_code == 404
