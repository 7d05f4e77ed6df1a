"""Feedback reaches the lab's service from every address that takes it, with what the gateway knows, and is no prediction."""

import contextlib
import hashlib
import http.client
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.gateway.conftest import Gateway, gateway_with
from tests.gateway.test_shadow import slow
from tests.support import REPOSITORY

NGINX = REPOSITORY / "nginx"

REWARD = b'{"reward": 1}'

SAID = ("X-Lab-Route", "X-Lab-Pin", "X-Lab-Seldon", "X-Lab-Visitor")

# Longer than 1 MB, by one byte.
TOO_MUCH = b" " * (1024 * 1024 + 1)


def send(gateway: Gateway, path: str = "/feedback", data: bytes = REWARD, **options: object) -> requests.Response:
    return requests.post(f"{gateway.url}{path}", data=data, timeout=30, **options)  # type: ignore[arg-type]


def told(gateway: Gateway, path: str = "/feedback", **headers: str) -> dict[str, str]:
    """What the gateway says to the lab of feedback sent there."""
    assert send(gateway, path, headers=headers).json()["model"] == "lab"
    return {name: gateway.lab.seen[-1][name] for name in SAID if name in gateway.lab.seen[-1]}


@pytest.mark.parametrize(
    ("path", "said", "prefix"),
    [
        ("/feedback", {}, None),
        ("/api/v1.0/feedback", {}, None),
        ("/iris/feedback", {"X-Lab-Route": "iris"}, "/iris"),
        ("/iris/api/v1.0/feedback", {"X-Lab-Route": "iris"}, "/iris"),
        ("/fruit/feedback", {"X-Lab-Route": "fruit"}, "/fruit"),
        ("/iris/svc/feedback", {"X-Lab-Route": "iris", "X-Lab-Pin": "svc"}, "/iris/svc"),
        ("/iris/svc/api/v1.0/feedback", {"X-Lab-Route": "iris", "X-Lab-Pin": "svc"}, "/iris/svc"),
        ("/seldon/ns-candidate/iris/api/v1.0/feedback", {"X-Lab-Seldon": "ns-candidate/iris"}, None),
        ("/seldon/a%20b/c%22d/api/v1.0/feedback", {"X-Lab-Seldon": 'a b/c"d'}, None),
    ],
)
def test_every_address_leads_to_the_lab_and_names_what_is_in_it(
    shared_gateway: Gateway, path: str, said: dict[str, str], prefix: str | None
) -> None:
    answer = send(shared_gateway, path)

    seen = shared_gateway.lab.seen[-1]
    assert (answer.json()["model"], answer.json()["path"], answer.json()["method"]) == ("lab", "/feedback", "POST")
    assert answer.json()["sha256"] == hashlib.sha256(REWARD).hexdigest()
    assert {name: seen[name] for name in SAID if name in seen} == said
    assert seen.get("X-Forwarded-Prefix") == prefix
    assert seen["X-Request-ID"] == answer.headers["X-Request-ID"]
    assert len(seen["X-Request-ID"]) == 32


@pytest.mark.parametrize(
    "path",
    [
        "/iris/nosuch/feedback",
        "/seldon/ns/iris/feedback",
        "/seldon/iris/api/v1.0/feedback",
        "/seldon/ns/iris/more/api/v1.0/feedback",
        "/seldon/n%C3%A4s/iris/api/v1.0/feedback",
        "/seldon/n%0As/iris/api/v1.0/feedback",
        "/feedbacks",
        f"/seldon/{'n' * 600}/iris/api/v1.0/feedback",
    ],
)
def test_other_addresses_are_the_models(shared_gateway: Gateway, path: str) -> None:
    assert send(shared_gateway, path).json()["model"] != "lab"


def test_the_lab_answers_questions_about_feedback_too(shared_gateway: Gateway) -> None:
    answer = requests.get(f"{shared_gateway.url}/iris/feedback?format=short", timeout=30)

    assert (answer.json()["model"], answer.json()["path"], answer.json()["method"]) == ("lab", "/feedback?format=short", "GET")


def test_the_visitor_is_the_one_of_the_journal(gateway: Gateway) -> None:
    with requests.Session() as session:
        prediction = session.post(f"{gateway.url}/iris/predict", data=b"x", timeout=30)
        session.post(f"{gateway.url}/iris/feedback", data=REWARD, timeout=30)
    by_cookie = gateway.lab.seen[-1]["X-Lab-Visitor"]

    by_name = gateway.predict("/iris/predict", headers={"X-User-ID": "ann"})
    told_by_name = told(gateway, **{"X-User-ID": "ann"})["X-Lab-Visitor"]

    assert by_cookie == gateway.line(prediction.headers["X-Request-ID"])["visitor"]
    assert told_by_name == gateway.line(by_name.headers["X-Request-ID"])["visitor"]
    assert by_cookie != told_by_name


@pytest.mark.parametrize("headers", [{}, {"Cookie": "lab_visitor="}, {"Cookie": f"lab_visitor={'x' * 257}"}, {"X-User-ID": "\xe4nn"}])
def test_nobody_becomes_a_visitor_by_feedback(shared_gateway: Gateway, headers: dict[str, str]) -> None:
    answer = send(shared_gateway, headers=headers)

    assert "X-Lab-Visitor" not in shared_gateway.lab.seen[-1]
    assert "Set-Cookie" not in answer.headers


def test_beyond_loopback_a_user_id_is_no_visitor_but_feedback_is_taken() -> None:
    with gateway_with(LAB_BIND="0.0.0.0") as gateway:
        assert told(gateway, **{"X-User-ID": "ann"}) == {}
        assert set(told(gateway, **{"X-User-ID": "ann", "Cookie": "lab_visitor=bob"})) == {"X-Lab-Visitor"}


def test_what_a_client_invents_never_reaches_the_lab(shared_gateway: Gateway) -> None:
    names = (*SAID, "X-Lab-Journal", "X-Lab-Prediction", "X-Lab-Shadow", "X-Variant", "X-Served-By", "X-Request-ID", "X-Forwarded-Prefix")

    answer = send(shared_gateway, headers=dict.fromkeys(names, "spoofed"))

    assert answer.json()["model"] == "lab"
    assert "spoofed" not in str(shared_gateway.lab.seen[-1])


def test_feedback_is_no_prediction_and_takes_nobodys_turn(gateway: Gateway) -> None:
    variants = []
    for _ in range(4):
        variants.append(gateway.predict().headers["X-Variant"])
        answer = send(gateway)

    assert variants == ["custom", "vgg16"] * 2 or variants == ["vgg16", "custom"] * 2
    assert not {"X-Variant", "X-Served-By", "X-Route-Reason", "version"} & set(answer.headers)
    gateway.line(gateway.predict().headers["X-Request-ID"])
    assert len(gateway.lines()) == 5


def test_1_mb_of_feedback_passes_and_more_is_a_sentence(shared_gateway: Gateway) -> None:
    passes = send(shared_gateway, data=TOO_MUCH[1:])
    refused = send(shared_gateway, "/iris/feedback", data=TOO_MUCH)
    chunked = send(shared_gateway, data=iter([TOO_MUCH[:700_000]] * 2))  # type: ignore[arg-type]
    page = send(shared_gateway, data=TOO_MUCH, headers={"Accept": "text/html"})

    assert passes.json()["model"] == "lab"
    assert refused.status_code == chunked.status_code == page.status_code == 413
    assert refused.json()["detail"] == "The feedback is larger than 1 MB. Send fewer records at a time."
    assert refused.headers["X-Request-ID"] == refused.json()["request_id"]
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "The feedback is larger than 1 MB." in page.text


def test_what_the_lab_says_goes_out_as_it_is(gateway: Gateway) -> None:
    def full(handler: object) -> bool:
        handler.send_response(507)  # type: ignore[attr-defined]
        handler.send_header("Content-Length", "4")  # type: ignore[attr-defined]
        handler.end_headers()  # type: ignore[attr-defined]
        handler.wfile.write(b"full")  # type: ignore[attr-defined]
        return True

    gateway.lab.behave = full

    answer = send(gateway)

    assert (answer.status_code, answer.text) == (507, "full")


def test_without_the_lab_feedback_is_refused_with_a_sentence_and_predictions_go_on(gateway: Gateway) -> None:
    gateway.lab.stop()

    answer = send(gateway)
    page = send(gateway, headers={"Accept": "text/html,*/*"})

    assert (answer.status_code, page.status_code) == (503, 503)
    assert answer.headers["Retry-After"] == "2"
    assert answer.json()["detail"].startswith("The lab does not answer at the moment, so nothing is confirmed. Send it again:")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert gateway.predict().status_code == 200

    gateway.lab.start()

    assert send(gateway).json()["model"] == "lab"


def test_a_lab_that_starts_anew_loses_no_feedback_on_connections_that_were_idle(gateway: Gateway) -> None:
    with requests.Session() as session:
        for _ in range(10):
            session.post(f"{gateway.url}/feedback", data=REWARD, timeout=30)
            gateway.lab.stop()
            gateway.lab.start()

            assert session.post(f"{gateway.url}/feedback", data=REWARD, timeout=30).status_code == 200


def test_a_lab_that_hangs_slows_no_prediction(gateway: Gateway) -> None:
    gateway.lab.behave = slow(3)
    with ThreadPoolExecutor(64) as clients:
        waiting = [clients.submit(send, gateway) for _ in range(64)]
        time.sleep(0.5)

        began = time.monotonic()
        with requests.Session() as session:
            statuses = {session.get(f"{gateway.url}/iris/predict/test", timeout=30).status_code for _ in range(50)}
        took = time.monotonic() - began

        assert not any(one.done() for one in waiting)
        assert {one.result().status_code for one in waiting} == {200}
    assert statuses == {200}
    assert took < 2


def test_hostile_bytes_neither_break_the_gateway_nor_reach_a_header(shared_gateway: Gateway) -> None:
    for path in (b"/seldon/%00/%1b[31m/api/v1.0/feedback", b"/seldon/a%0d%0aX-Lab-Route:%20x/b/api/v1.0/feedback", b"/iris/%ff/feedback"):
        with _connected(shared_gateway) as client:
            client.sendall(
                b"POST %s HTTP/1.1\r\nHost: x\r\nCookie: lab_visitor=\xff\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % path
            )
            answer = http.client.HTTPResponse(client)
            answer.begin()
            body = answer.read()

        assert answer.status in (200, 400)
        assert answer.status == 400 or json.loads(body)["model"] != "lab"


@pytest.mark.parametrize("name", ["iris.lab", "iris.feedback", "seldon.svc", "api.svc", "lab.svc"])
def test_a_route_or_variant_cannot_take_an_address_of_feedback_or_of_the_lab(tmp_path: Path, name: str) -> None:
    gateway = tmp_path / "nginx"
    gateway.mkdir()
    (gateway / "start.sh").write_bytes((NGINX / "start.sh").read_bytes())
    (gateway / "upstreams.conf").write_text(f"upstream iris.svc {{ }}\nupstream {name} {{ }}\n")
    settings = {"LAB_STATE": str(tmp_path / "state"), "LAB_NGINX_RUN": str(tmp_path / "run"), "PATH": "/usr/bin:/bin"}

    done = subprocess.run(["sh", gateway / "start.sh"], env=settings, capture_output=True, text=True)

    assert done.returncode == 1
    assert f"upstreams.conf names {name}: a route or variant cannot be called lab, feedback, seldon or api." in done.stderr


@contextlib.contextmanager
def _connected(gateway: Gateway) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=30) as client:
        yield client
