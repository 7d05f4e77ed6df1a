"""What a service prints per prediction, and what it hands to the gateway for the journal."""

import json
import re

import pytest

from serving.service import ascii_json
from tests.serving.conftest import LEMON, TORN_EXIF, Running, Start, encoded, eventually, lemon, multipart, named

# [time] [level] [process] [logger] [function] [line] message
LINE = re.compile(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] \[[A-Z]+\] \[\d+\] \[[\w.]+\] \[\w+\] \[\d+\] (?P<message>.*)")


def messages(service: Running, request_id: str) -> list[str]:
    """The lines from one request's first to its access line, without what stands before the message."""
    first = f"execute: [{request_id}]"
    eventually(lambda: any('HTTP/1.1"' in line for line in after(service, first)))
    lines = after(service, first)
    end = next(number for number, line in enumerate(lines) if 'HTTP/1.1"' in line)
    return lines[: end + 1]


def after(service: Running, first: str) -> list[str]:
    """The messages from this one on."""
    parsed = [LINE.fullmatch(line) for line in service.lines()]
    said = [line["message"] for line in parsed if line]
    return said[said.index(first) :] if first in said else []


def test_a_prediction_is_five_lines_as_in_the_documents(svc: Running) -> None:
    answer = svc.row(6.7, 3.0, 5.2, 2.3)

    said = answer.json()
    execute, proba, score, record, access = messages(svc, said["job_id"])
    assert execute == f"execute: [{said['job_id']}]"
    assert proba == f"predict proba [{' '.join(f'{number:.8f}' for number in said['prediction'])}]"
    assert score == f"outlier score {said['outlier_score']}"
    took, rest = record.removeprefix(f"[/predict] [{said['job_id']}] [").split(" ms] ")
    assert 0 < float(took) < 1000
    assert rest == f"[data=[[6.7, 3.0, 5.2, 2.3]]] [{said['prediction']}] [False] [{said['outlier_score']}]"
    assert re.fullmatch(r'127\.0\.0\.1:\d+ - "POST /predict HTTP/1\.1" 200', access)


def test_the_test_prediction_has_no_input_in_its_record(svc: Running) -> None:
    said = svc.get("/predict/test").json()

    record = messages(svc, said["job_id"])[3]

    assert record.startswith(f"[/predict/test] [{said['job_id']}]")
    assert "ms] [None] [[" in record


def test_a_picture_is_four_lines_that_name_the_file(fruit: Running) -> None:
    said = fruit.upload(name="my lemon.jpg").json()

    _, _, record, _ = messages(fruit, said["request_id"])

    assert f"[file='my lemon.jpg' type='image/jpeg' bytes={LEMON.stat().st_size}]" in record
    assert record.endswith(f"[{list(said['probabilities'].values())}] [None] [None]")


@pytest.mark.parametrize(
    "name", [b"a\n[2026-01-01 00:00:00] [INFO] [1] [a] [b] [1] forged", b"a\x1b[2Jb\x07", "a\u2028b\u0085c\u202ed".encode()]
)
def test_a_strange_file_name_forges_no_line(fruit: Running, name: bytes) -> None:
    said = fruit.post(**multipart(named(b'"file"; filename="' + name + b'"'))).json()

    lines = messages(fruit, said["request_id"])

    assert len(lines) == 4
    assert all(line.isprintable() for line in lines)


def test_every_line_has_the_form_and_none_is_our_error(svc: Running, fruit: Running) -> None:
    svc.row("NaN", 1, 1, 1)
    fruit.upload(encoded(lemon(), "JPEG", exif=TORN_EXIF))
    fruit.post(**multipart(named(b'"file"'), parameters="; charset=undefined"))

    # Those of every test before this one, too.
    lines = svc.lines() + fruit.lines()

    assert [line for line in lines if not LINE.fullmatch(line)] == []
    assert [line for line in lines if "] [ERROR] [" in line] == []


def test_a_quiet_service_prints_no_predictions(start: Start) -> None:
    quiet = start(APP="app_iris", VARIANT="svc", LOG_LEVEL="warning")

    quiet.get("/predict/test")

    assert quiet.lines() == []


def test_the_header_tells_the_journal_about_a_row(svc: Running) -> None:
    answer = svc.row(6.7, 3.0, 5.2, 2.3)

    told = json.loads(answer.headers["X-Lab-Prediction"])
    said = answer.json()
    assert {name: told[name] for name in ("model", "label", "probability", "outlier", "outlier_score", "features", "stand_in")} == {
        "model": "svc",
        "label": "virginica",
        "probability": max(said["prediction"]),
        "outlier": False,
        "outlier_score": said["outlier_score"],
        "features": [6.7, 3.0, 5.2, 2.3],
        "stand_in": False,
    }
    assert isinstance(told["queue_us"], int)
    assert isinstance(told["inference_us"], int)
    assert re.fullmatch("[0-9a-f]{12}", told["artifact"])
    assert re.fullmatch("[0-9a-f]{16}", told["input"])
    assert re.fullmatch(r"queue;dur=[\d.]+, inference;dur=[\d.]+", answer.headers["Server-Timing"])


def test_the_header_tells_the_journal_about_a_picture_and_recognises_it_again(fruit: Running) -> None:
    answers = [fruit.upload(), fruit.upload(path="/result/"), fruit.upload(path="/predict/label")]

    told = [json.loads(answer.headers["X-Lab-Prediction"]) for answer in answers]

    said = answers[0].json()
    assert (told[0]["label"], told[0]["probability"]) == (said["likely_class"], said["probability"])
    assert told[0]["stand_in"] is True
    assert (told[0]["outlier"], told[0]["outlier_score"], told[0]["features"]) == (None, None, None)
    assert len({tell["input"] for tell in told}) == 1


def test_the_header_fits_into_the_gateways_buffer(fruit: Running) -> None:
    answer = fruit.post(**multipart(named(b'"file"; filename="' + "🍋".encode() * 500 + b'"')))

    header = answer.headers["X-Lab-Prediction"]
    assert answer.status_code == 200
    assert len(header) <= 7 * 1024
    assert header.isascii()
    assert header.isprintable()


@pytest.mark.parametrize("text", ["plain", 'quote " and \\', "è", "レモン", "🍋", "\u2028", "\x7f", "\n\t\x00", "\uffff", "\U0010ffff"])
def test_ascii_json_is_printable_ascii_that_reads_back(text: str) -> None:
    written = ascii_json({"label": text, "number": 0.1, "nothing": None})

    assert written.isascii()
    assert written.isprintable()
    assert json.loads(written) == {"label": text, "number": 0.1, "nothing": None}
