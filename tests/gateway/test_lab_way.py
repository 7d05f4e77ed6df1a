"""The lab's page stands under /lab/, for this machine only."""

import pytest
import requests

from tests.gateway.conftest import Gateway, gateway_with


def get(gateway: Gateway, path: str, **headers: str) -> requests.Response:
    return requests.get(f"{gateway.url}{path}", headers=headers, timeout=30, allow_redirects=False)


@pytest.mark.parametrize(
    ("path", "inner"), [("/lab/", "/"), ("/lab/routes", "/routes"), ("/lab/a/b?c=1&d", "/a/b?c=1&d"), ("/lab/a%20b", "/a%20b")]
)
def test_the_lab_sees_the_path_without_its_prefix(shared_gateway: Gateway, path: str, inner: str) -> None:
    answer = get(shared_gateway, path)

    seen = shared_gateway.lab.seen[-1]
    assert (answer.json()["model"], answer.json()["path"]) == ("lab", inner)
    assert seen["X-Forwarded-Prefix"] == "/lab"
    assert seen["X-Request-ID"] == answer.headers["X-Request-ID"]
    assert "Set-Cookie" not in answer.headers


def test_without_its_slash_the_address_leads_there(shared_gateway: Gateway) -> None:
    answer = get(shared_gateway, "/lab?x=1")

    assert (answer.status_code, answer.headers["Location"]) == (307, "/lab/?x=1")


@pytest.mark.parametrize("path", ["/labs", "/lab.html", "/iris/lab/"])
def test_other_addresses_are_the_models(shared_gateway: Gateway, path: str) -> None:
    assert get(shared_gateway, path).json()["model"] != "lab"


def test_a_forced_variant_is_none_of_the_labs_business(shared_gateway: Gateway) -> None:
    assert get(shared_gateway, "/lab/routes", **{"X-Variant": "nosuch"}).json()["model"] == "lab"


def test_what_a_client_invents_never_reaches_the_lab(shared_gateway: Gateway) -> None:
    names = ("X-Lab-Route", "X-Lab-Pin", "X-Lab-Seldon", "X-Lab-Visitor", "X-Lab-Journal", "X-Forwarded-Prefix", "X-Request-ID")

    answer = get(shared_gateway, "/lab/", **dict.fromkeys(names, "spoofed"))

    assert answer.json()["model"] == "lab"
    assert "spoofed" not in str(shared_gateway.lab.seen[-1])


@pytest.mark.parametrize(("accept", "kind"), [("*/*", "application/json"), ("text/html", "text/html; charset=utf-8")])
def test_a_picture_to_compare_may_have_10_mb_and_more_is_a_sentence(shared_gateway: Gateway, accept: str, kind: str) -> None:
    address, headers, limit = f"{shared_gateway.url}/lab/compare", {"Accept": accept}, 10 * 2**20

    taken, refused = (requests.post(address, b"x" * size, headers=headers, timeout=30) for size in (limit, limit + 1))

    assert (taken.status_code, refused.status_code, refused.headers["Content-Type"]) == (200, 413, kind)
    assert "The upload is larger than 10 MB. Send a smaller file." in refused.text


@pytest.mark.parametrize("bind", ["0.0.0.0", "192.0.2.7", "::"])
def test_beyond_loopback_the_lab_is_told_that_reading_needs_a_sign_in(bind: str) -> None:
    with gateway_with(LAB_BIND=bind) as gateway:
        for path in ("/lab/", "/lab/routes", "/lab/../lab/routes", "//lab/routes", "/%6cab/routes"):
            assert get(gateway, path, **{"X-Lab-Reading": "1"}).json()["model"] == "lab"
        requests.post(f"{gateway.url}/feedback", data="{}", headers={"X-Lab-Reading": "1"}, timeout=30)

        assert len(gateway.lab.seen) == 6
        assert all("X-Lab-Reading" not in seen and seen["X-Forwarded-For"] == "127.0.0.1" for seen in gateway.lab.seen)


@pytest.mark.parametrize("bind", ["127.0.0.1", "127.1.2.3", "localhost", "::1"])
def test_on_loopback_the_lab_is_told_that_everybody_reads(bind: str) -> None:
    with gateway_with(LAB_BIND=bind) as gateway:
        assert get(gateway, "/lab/", **{"X-Lab-Reading": "no"}).json()["model"] == "lab"

        assert gateway.lab.seen[-1]["X-Lab-Reading"] == "1"
        assert gateway.lab.seen[-1]["X-Forwarded-For"] == "127.0.0.1"


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "lab.localhost:80", "127.0.0.1:8080", "[::1]:8080", "nginx:8080"])
def test_this_machine_goes_by_names_that_no_foreign_site_can_have(shared_gateway: Gateway, host: str) -> None:
    get(shared_gateway, "/lab/", Host=host)

    assert shared_gateway.lab.seen[-1]["X-Lab-Reading"] == "1"


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:8080", "127.0.0.1.evil.example", "10.0.0.1:8080"])
def test_a_foreign_name_that_leads_here_reads_nothing(shared_gateway: Gateway, host: str) -> None:
    get(shared_gateway, "/lab/", Host=host)

    assert "X-Lab-Reading" not in shared_gateway.lab.seen[-1]


def test_token_cookie_and_origin_reach_the_lab_and_its_cookies_the_browser(shared_gateway: Gateway) -> None:
    sent = {"Authorization": "Bearer abc", "Cookie": "lab_session=x.y.z", "Origin": "http://lab.example:8080", "Host": "lab.example:8080"}

    get(shared_gateway, "/lab/experiments", **sent)

    assert {name: shared_gateway.lab.seen[-1][name] for name in sent} == sent


def test_without_the_lab_the_page_is_a_sentence(gateway: Gateway) -> None:
    gateway.lab.stop()

    answer = get(gateway, "/lab/", Accept="text/html")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"
    assert "The lab does not answer at the moment" in answer.text


def test_visits_of_the_lab_are_no_predictions(gateway: Gateway) -> None:
    get(gateway, "/lab/predict/test")
    gateway.line(gateway.predict().headers["X-Request-ID"])

    assert len(gateway.lines()) == 1
