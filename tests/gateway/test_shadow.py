"""Shadows answer copies: visitors neither wait for them nor see them, and every copy is a line."""

import hashlib
import subprocess
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import requests

from tests.gateway.conftest import Gateway
from tests.support import REPOSITORY, eventually

NGINX = REPOSITORY / "nginx"

PICTURE = bytes(range(256)) * 8192


def shadows(gateway: Gateway, count: int) -> list[dict[str, Any]]:
    """The lines of shadows, once there are `count`."""

    def found() -> list[dict[str, Any]]:
        return [line for line in gateway.lines() if line["reason"] == "shadow"]

    eventually(lambda: len(found()) >= count)
    return found()


def slow(seconds: float) -> Callable[[BaseHTTPRequestHandler], bool]:
    def behave(handler: BaseHTTPRequestHandler) -> bool:
        time.sleep(seconds)
        return False

    return behave


def test_a_shadow_gets_every_upload_whole_and_its_answer_is_a_line_of_the_same_request(gateway: Gateway) -> None:
    gateway.route("fruit", shadows={"vgg16int8": 100})

    answers = [gateway.predict(data=PICTURE) for _ in range(6)]
    lines = {line["request_id"]: line for line in shadows(gateway, 6)}

    assert {answer.json()["model"] for answer in answers} == {"custom", "vgg16"}
    for answer in answers:
        line = lines[answer.headers["X-Request-ID"]]
        assert (line["variant"], line["served_by"], line["status"], line["weight"]) == ("vgg16int8", "vgg16int8", 200, 1)
        assert (line["route"], line["path"], line["method"], line["label"]) == ("fruit", "/predict", "POST", "lemon")
        assert line["complete"] is True
        assert line["visitor"] == gateway.line(answer.headers["X-Request-ID"])["visitor"]
    assert gateway.services["vgg16int8"].uploads == [hashlib.sha256(PICTURE).hexdigest()] * 6
    assert {seen["X-Request-ID"] for seen in gateway.services["vgg16int8"].seen} == set(lines)


def test_several_shadows_each_get_a_copy_but_nobody_is_their_own(gateway: Gateway) -> None:
    gateway.route("iris", weights={"svc": 0, "forest": 100}, shadows={"svc": 100, "forest": 100, "xgboost": 100})

    answer = gateway.predict("/iris/predict")
    lines = shadows(gateway, 2)

    assert answer.headers["X-Variant"] == "forest"
    assert sorted(line["variant"] for line in lines) == ["svc", "xgboost"]
    assert len(shadows(gateway, 2)) == 2


def test_a_share_of_the_predictions_is_copied(gateway: Gateway) -> None:
    gateway.route("iris", shadows={"xgboost": 30})

    for _ in range(300):
        gateway.predict("/iris/predict")
    eventually(lambda: len([line for line in gateway.lines() if line["reason"] != "shadow"]) == 300)
    copied = shadows(gateway, 1)

    # Binomial: 90 of 300, standard deviation 8.
    assert 50 < len(copied) < 130
    assert {line["weight"] for line in copied} == {0.3}


def test_pages_and_forced_variants_are_not_copied(gateway: Gateway) -> None:
    gateway.route("iris", shadows={"xgboost": 100})

    requests.get(f"{gateway.url}/iris/metadata")
    gateway.predict("/iris/svc/predict")
    gateway.predict("/iris/predict", headers={"X-Variant": "forest"})
    answer = gateway.predict("/iris/predict")

    assert [line["request_id"] for line in shadows(gateway, 1)] == [answer.headers["X-Request-ID"]]


def test_nobody_waits_for_a_slow_shadow_on_a_connection_that_is_kept(gateway: Gateway) -> None:
    gateway.services["xgboost"].behave = slow(1.5)
    gateway.route("iris", shadows={"xgboost": 100})

    began = time.monotonic()
    with requests.Session() as session:
        for _ in range(5):
            assert session.get(f"{gateway.url}/iris/predict/test").status_code == 200
    took = time.monotonic() - began

    assert len(shadows(gateway, 5)) == 5
    # Waiting would take 7.5 s.
    assert took < 1.5
    assert all(line["request_s"] >= 1.5 for line in shadows(gateway, 5))


def test_a_dead_shadow_and_one_that_answers_errors_are_told_apart(gateway: Gateway) -> None:
    def failing(handler: BaseHTTPRequestHandler) -> bool:
        handler.send_error(500)
        return True

    gateway.services["svc"].behave = failing
    gateway.services["xgboost"].stop()
    gateway.route("iris", weights={"svc": 0, "forest": 100}, shadows={"svc": 100, "xgboost": 100})

    answer = gateway.predict("/iris/predict")
    lines = {line["variant"]: line for line in shadows(gateway, 2)}

    assert answer.status_code == 200
    assert (lines["svc"]["status"], lines["svc"]["served_by"]) == (500, "svc")
    assert (lines["xgboost"]["status"], lines["xgboost"]["served_by"]) == (502, None)
    assert len(lines["xgboost"]["attempts"]) == 1
    assert (lines["svc"]["complete"], lines["xgboost"]["complete"]) == (True, False)


def test_copies_that_too_many_wait_for_are_dropped_and_counted(gateway: Gateway) -> None:
    gateway.services["xgboost"].behave = slow(1.0)
    gateway.route("iris", shadows={"xgboost": 100})

    for _ in range(40):
        assert gateway.predict("/iris/predict").status_code == 200
    lines = shadows(gateway, 40)

    dropped = [line for line in lines if not line["attempts"]]
    assert len(lines) == 40
    assert dropped
    assert {(line["status"], line["served_by"]) for line in dropped} == {(503, None)}


def test_a_client_cannot_ask_for_copies_or_forge_a_line(gateway: Gateway) -> None:
    gateway.route("iris", shadows={"xgboost": 100})
    hostile = {"X-Lab-Shadow": "svc", "X-Lab-Route": "fruit", "X-Lab-Visitor": "x" * 32, "X-Lab-Weight": "9"}

    answer = gateway.predict("/iris/predict", headers=hostile)
    direct = [requests.get(f"{gateway.url}{path}").status_code for path in ("/_copy_1", "/_way_shadowed", "/_way_rescue_500")]
    (line,) = shadows(gateway, 1)

    assert answer.status_code == 200
    assert direct == [404] * 3
    assert (line["route"], line["variant"], line["weight"]) == ("iris", "xgboost", 1)
    assert line["visitor"] != "x" * 32


def test_every_variant_of_a_route_can_be_a_shadow_wherever_its_upstream_stands(tmp_path: Path) -> None:
    known = "fruit.custom iris.svc fruit.vgg16 iris.forest fruit.vgg16int8 fruit.brightness"

    subprocess.run([NGINX / "generate.sh", NGINX, tmp_path, "/sockets", known], check=True)

    copies = (tmp_path / "copies.conf").read_text()
    assert copies.count("location = /_copy_") == 3
    assert (tmp_path / "mirrors.conf").read_text().split() == ["mirror", "/_copy_1;", "mirror", "/_copy_2;", "mirror", "/_copy_3;"]
