"""Every prediction is exactly one valid line, whatever strangers send."""

import json
import re
import shutil
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import requests

from tests.gateway.conftest import Gateway
from tests.support import eventually


def test_a_prediction_is_one_line_with_what_the_client_and_the_model_said(gateway: Gateway) -> None:
    gateway.services["svc"].told |= {"outlier": False, "outlier_score": 0.19, "features": [5.1, 3.5, 1.4, 0.2], "label": "setosa"}

    answer = gateway.predict("/iris/svc/predict?echo=1", headers={"X-Request-ID": "mine", "X-User-ID": "ann"})
    line = gateway.line(answer.headers["X-Request-ID"])

    assert (line["route"], line["variant"], line["reason"], line["weight"]) == ("iris", "svc", "override", 1)
    assert (line["method"], line["path"], line["status"]) == ("POST", "/iris/svc/predict", 200)
    assert (line["model"], line["label"], line["probability"]) == ("svc", "setosa", 0.75)
    assert (line["outlier"], line["outlier_score"], line["features"]) == (False, 0.19, [5.1, 3.5, 1.4, 0.2])
    assert line["client_request_id"] == "mine"
    assert line["complete"] is True
    assert line["bytes"] == len(answer.content)


def test_the_segment_is_named_by_the_hour_of_its_lines(gateway: Gateway) -> None:
    gateway.line(gateway.predict().headers["X-Request-ID"])

    (segment,) = gateway.journal.glob("predictions-*.jsonl")
    hour = json.loads(segment.read_text().splitlines()[0])["time"][:13]
    assert segment.name == f"predictions-{hour}.jsonl"
    assert abs(datetime.now(UTC) - datetime.fromisoformat(f"{hour}:00:00Z")).total_seconds() < 7200


def test_the_split_logs_its_probability(gateway: Gateway) -> None:
    lines = [gateway.line(gateway.predict("/iris/predict").headers["X-Request-ID"]) for _ in range(12)]

    assert {(line["variant"], line["weight"]) for line in lines} <= {("svc", 0.6), ("forest", 0.4)}
    assert {line["reason"] for line in lines} == {"split"}


def test_pages_and_questions_are_no_predictions(gateway: Gateway) -> None:
    for path in ("/", "/interface/", "/label", "/iris/metadata", "/predict", "/result/"):
        requests.get(f"{gateway.url}{path}")
    gateway.line(gateway.predict().headers["X-Request-ID"])

    assert len(gateway.lines()) == 1


def test_a_visitor_is_known_by_a_digest_only(gateway: Gateway) -> None:
    lines = [gateway.line(gateway.predict(headers={"X-User-ID": user}).headers["X-Request-ID"]) for user in ("ann", "ann", "bob")]

    assert lines[0]["visitor"] == lines[1]["visitor"] != lines[2]["visitor"]
    assert "ann" not in str(lines)


def test_an_upload_that_is_too_large_is_a_line_without_a_variant(gateway: Gateway) -> None:
    answer = gateway.predict(data=b"x" * (10 * 1024 * 1024 + 1))
    line = gateway.line(answer.headers["X-Request-ID"])

    assert answer.status_code == 413
    assert answer.json()["detail"] == "The upload is larger than 10 MB. Send a smaller file."
    assert (line["status"], line["variant"], line["attempts"]) == (413, None, [])


def test_an_upload_of_exactly_10_mb_passes(gateway: Gateway) -> None:
    assert gateway.predict(data=b"x" * (10 * 1024 * 1024)).status_code == 200


def test_a_person_whose_upload_is_too_large_sees_a_page(gateway: Gateway) -> None:
    answer = gateway.predict("/result/", data=b"x" * (10 * 1024 * 1024 + 1), headers={"Accept": "text/html,*/*"})

    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "larger than 10 MB" in answer.text


def test_an_unknown_variant_is_a_line(gateway: Gateway) -> None:
    answer = gateway.predict(headers={"X-Variant": "nosuch"})

    assert gateway.line(answer.headers["X-Request-ID"])["status"] == 404


def test_a_client_that_hangs_up_is_a_line(gateway: Gateway) -> None:
    gateway.services["svc"].behave = lambda handler: bool(time.sleep(1.0))
    with socket.create_connection(("127.0.0.1", gateway.port)) as client:
        client.sendall(b"GET /iris/svc/predict/test HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.2)

    eventually(lambda: [line["status"] for line in gateway.lines()] == [499])


HOSTILE = [
    b'"},{"a":"',
    b"\\",
    b"\x01\x02\x1b[31m",
    b"\xff\xfe\xc3\x28",
    b"\xe2\x80\xa8",
    b"a" * 3000,
    b"$lab_secret",
    b"%00%0a%0d",
    b"<script>alert(1)</script>",
]


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("header", [b"X-Request-ID", b"X-User-ID", b"Cookie", b"User-Agent", b"target"])
def test_hostile_headers_leave_the_journal_valid(shared_gateway: Gateway, header: bytes, hostile: bytes) -> None:
    value = b"lab_visitor=" + hostile if header == b"Cookie" else hostile

    answer = _send(shared_gateway, b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n" + header + b": " + value + b"\r\n\r\n")

    assert shared_gateway.line(_request_id(answer))["status"] == int(answer.split()[1])


@pytest.mark.parametrize("path", [b"/predict?\xff", b'/predict?a=%0a"}', b"/iris/svc/predict/label?\\", b"/%70redict", b"//predict"])
def test_hostile_paths_leave_the_journal_valid(shared_gateway: Gateway, path: bytes) -> None:
    answer = _send(shared_gateway, b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")

    line = shared_gateway.line(_request_id(answer))
    assert line["status"] == 200
    assert line["path"] == path.partition(b"?")[0].decode()


@pytest.mark.parametrize("name", ["constructor", "toString", "__proto__", "hasOwnProperty"])
def test_an_address_named_like_a_property_is_an_ordinary_address(shared_gateway: Gateway, name: str) -> None:
    answer = requests.get(f"{shared_gateway.url}/{name}/predict", timeout=30)

    assert answer.status_code == 200
    assert answer.json()["path"] == f"/{name}/predict"


def test_the_cookie_of_a_visitor_cannot_be_found_in_the_journal(shared_gateway: Gateway) -> None:
    answer = shared_gateway.predict()
    line = shared_gateway.line(answer.headers["X-Request-ID"])

    assert answer.cookies["lab_visitor"] not in str(line)
    assert len(answer.cookies["lab_visitor"]) == 32


def test_analysts_may_read_the_journal_and_nobody_else_the_secret(shared_gateway: Gateway) -> None:
    shared_gateway.line(shared_gateway.predict().headers["X-Request-ID"])
    segment = next(shared_gateway.journal.glob("predictions-*.jsonl"))

    assert segment.stat().st_mode & 0o777 == 0o644
    assert shared_gateway.journal.stat().st_mode & 0o777 == 0o755
    assert (shared_gateway.folder / "state" / "secret").stat().st_mode & 0o777 == 0o600
    assert (shared_gateway.folder / "run" / "nginx.conf").stat().st_mode & 0o777 == 0o600


NOTES = [
    '{"label":"x"}',
    '{"probability":1.0000001,"label":"x"}',
    '{"probability":-1,"queue_us":1.5,"features":{"a":1}}',
    '{"features":["a"],"inference_us":-1}',
    '{"features":[1e999],"model":5}',
    "",
    "no json",
    "[1,2]",
    "null",
    "1e999",
    '{"label":"x\\u2028\\ud83d\\ude00","probability":0.5}',
    '{"label":5,"probability":"high","queue_us":[],"features":"no","outlier":1}',
    '{"probability":1e999}',
    '{"__proto__":{"label":"x"},"constructor":"y","request_id":"forged"}',
    '{"label":"' + "x" * 6000 + '"}',
]


@pytest.mark.parametrize("note", NOTES)
def test_whatever_a_service_notes_the_line_stays_valid(shared_gateway: Gateway, note: str) -> None:
    shared_gateway.services["svc"].header = note

    answer = shared_gateway.predict("/iris/svc/predict")

    assert answer.status_code == 200
    assert shared_gateway.line(answer.headers["X-Request-ID"])["status"] == 200
    eventually(lambda: shared_gateway.output().count(answer.headers["X-Request-ID"]) == 1)


def test_the_terminal_gets_one_readable_line_that_names_the_variant(gateway: Gateway) -> None:
    answer = gateway.predict("/iris/forest/predict")

    gateway.line(answer.headers["X-Request-ID"])
    (line,) = [line for line in gateway.output().splitlines() if answer.headers["X-Request-ID"] in line]
    assert "iris forest [override]: lemon 0.7500, status 200" in line


def test_an_unwritable_journal_makes_the_gateway_not_ready_but_it_goes_on_answering(gateway: Gateway) -> None:
    shutil.rmtree(gateway.journal)
    gateway.journal.write_text("a file where the folder should be")

    ready = requests.get(f"{gateway.url}/ready")

    assert ready.status_code == 503
    assert "cannot be written" in ready.json()["detail"]
    assert str(gateway.folder) not in ready.text
    assert f"the prediction journal in {gateway.journal} cannot be written" in gateway.output()
    assert gateway.predict().status_code == 200


def test_a_full_disk_makes_the_gateway_not_ready(gateway: Gateway) -> None:
    (gateway.journal / ".writable").unlink()
    for worker in gateway.workers():
        # Writing to /dev/full fails as on a full disk.
        (gateway.journal / f".writable.{worker}").symlink_to("/dev/full")

    assert requests.get(f"{gateway.url}/ready").status_code == 503


def test_the_gateway_is_not_ready_without_a_model(gateway: Gateway) -> None:
    gateway.services["custom"].stop()
    gateway.services["vgg16"].stop()

    assert requests.get(f"{gateway.url}/ready").status_code == 503


def _request_id(answer: bytes) -> str:
    found = re.search(rb"X-Request-ID: ([0-9a-f]{32})", answer)
    assert found, answer
    return found[1].decode()


def _send(gateway: Gateway, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as client:
        client.sendall(request)
        return client.recv(65536)


def test_many_may_ask_at_once_whether_the_gateway_is_ready(gateway: Gateway) -> None:
    with ThreadPoolExecutor(8) as clients:
        statuses = Counter(clients.map(lambda _: requests.get(f"{gateway.url}/ready").status_code, range(300)))

    assert statuses == {200: 300}
    assert "cannot be written" not in gateway.output()
    assert [path.name for path in gateway.journal.glob(".writable*")] == [".writable"]
