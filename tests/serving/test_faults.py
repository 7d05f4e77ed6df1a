"""A model misbehaves when it is told to, exactly as often as it is told to, and never when the environment does not allow it."""

import asyncio
import contextlib
import http.client
import json
import random
import socket
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from starlette.requests import Request
from starlette.types import Message

from serving.contract import Prediction
from serving.faults import Dice, Faults, FaultyService, rotated, until_gone
from serving.service import Service
from tests.serving.conftest import Running, Start, sentence
from tests.support import over_unix_socket

VIRGINICA = (6.7, 3.0, 5.2, 2.3)


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not pytest's own: a unix socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="lab-") as made:
        yield Path(made)


@pytest.fixture(scope="module")
def allowed(start: Start) -> Running:
    """One service for all tests that leave it alive."""
    return start(APP="app_iris", VARIANT="svc", LAB_FAULTS="1")


@pytest.fixture
def faulty(allowed: Running) -> Iterator[Running]:
    """A service that may misbehave; well again afterwards."""
    yield allowed
    requests.delete(f"http://{allowed.address}/faults", timeout=30)


def put(service: Running, **faults: Any) -> requests.Response:
    """Sets faults."""
    return requests.put(f"http://{service.address}/faults", json=faults, timeout=30)


@contextlib.contextmanager
def asking(where: str | Path) -> Iterator[http.client.HTTPResponse]:
    """The beginning of the sample's prediction, over TCP or, for a path, a unix socket."""
    over_tcp = contextlib.closing(http.client.HTTPConnection(str(where), timeout=30))
    with over_unix_socket(where) if isinstance(where, Path) else over_tcp as connection:
        connection.request("GET", "/predict/test")
        yield connection.getresponse()


def statuses(service: Running, count: int) -> list[int]:
    """What that many predictions are answered, one after the other."""
    return [service.get("/predict/test").status_code for _ in range(count)]


# Off


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST", "HEAD"])
def test_without_the_setting_there_is_no_such_address(svc: Running, method: str) -> None:
    answer = requests.request(method, f"http://{svc.address}/faults", json={"error_rate": 1}, timeout=30)

    assert answer.status_code == 404
    assert svc.get("/predict/test").status_code == 200


@pytest.mark.parametrize("value", ["", "0", "true", "yes"])
def test_only_a_one_switches_faults_on(start: Start, value: str) -> None:
    service = start(APP="app_iris", VARIANT="svc", LAB_FAULTS=value)

    assert service.get("/faults").status_code == 404


def test_without_the_setting_nothing_tells_of_faults(svc: Running) -> None:
    assert "faults" not in svc.get("/openapi.json").text
    assert "faults" not in svc.get("/docs").text
    assert not any("ault injection" in line for line in svc.lines())


def test_an_ordinary_service_has_nothing_to_set_faults_with() -> None:
    assert set(dir(FaultyService)) - set(dir(Service)) == {"set"}
    assert not [name for name in dir(Service) if "fault" in name or "dice" in name]


# On


def test_a_service_that_may_misbehave_says_so_at_start(faulty: Running) -> None:
    said = [line for line in faulty.lines() if "Fault injection is enabled (LAB_FAULTS=1)" in line]

    assert len(said) == 1
    assert "[WARNING]" in said[0]


def test_what_is_set_is_shown_and_taken_back(faulty: Running) -> None:
    faults = {"slow_ms": 1, "error_rate": 0.5, "seed": 7}

    assert faulty.get("/faults").json() == {}
    assert put(faulty, **faults).json() == faults
    assert faulty.get("/faults").json() == faults
    assert put(faulty, wrong_rate=0).json() == {"wrong_rate": 0}
    assert requests.delete(f"http://{faulty.address}/faults", timeout=30).json() == {}
    assert faulty.get("/faults").json() == {}


def test_every_change_is_a_warning_in_the_log(faulty: Running) -> None:
    put(faulty, error_rate=0.25, seed=1)
    requests.delete(f"http://{faulty.address}/faults", timeout=30)

    said = [line for line in faulty.lines() if "The faults of svc are now" in line]
    assert said[-2].endswith("{'error_rate': 0.25, 'seed': 1}")
    assert said[-1].endswith("none")
    assert all("[WARNING]" in line for line in said)


def test_the_addresses_are_documented(faulty: Running) -> None:
    described = faulty.get("/openapi.json").json()["paths"]["/faults"]

    assert set(described) == {"get", "put", "delete"}
    schema = described["put"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(schema["properties"]) == set(Faults.model_fields)
    assert all(field["description"] for field in schema["properties"].values())
    assert "PUT /faults" in faulty.get("/docs").text


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ({"error_rate": 2}, "error_rate is 2, must be a number from 0 to 1."),
        ({"hang_rate": -0.1}, "hang_rate is -0.1, must be a number from 0 to 1."),
        ({"wrong_rate": True}, "wrong_rate is true, must be a number from 0 to 1."),
        ({"cut_rate": "0.5"}, 'cut_rate is "0.5", must be a number from 0 to 1.'),
        ({"slow_ms": -1}, "slow_ms is -1, must be a number of milliseconds from 0 to 3600000, an hour."),
        ({"slow_ms": None}, "slow_ms is null, must be a number of milliseconds from 0 to 3600000, an hour."),
        ({"crash_after": 0}, "crash_after is 0, must be a whole number from 1 up."),
        ({"crash_after": 1.5}, "crash_after is 1.5, must be a whole number from 1 up."),
        ({"seed": [1]}, "seed is [1], must be a whole number of up to 64 bits."),
        ({"seed": 2**70}, "seed is 1.1805916207174113e+21, must be a whole number of up to 64 bits."),
        ({"eror_rate": 1}, f"'eror_rate' is no fault. Choose among {', '.join(Faults.model_fields)}."),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
def test_a_wrong_value_is_a_sentence_and_changes_nothing(faulty: Running, faults: dict[str, Any], words: str) -> None:
    put(faulty, slow_ms=1)

    answer = put(faulty, **faults)

    assert answer.status_code == 422
    assert sentence(answer) == words
    assert faulty.get("/faults").json() == {"slow_ms": 1}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"slow_ms": NaN}', b'{"slow_ms": 1e999}', b"\xff"])
def test_a_body_that_is_no_json_object_is_a_sentence(faulty: Running, body: bytes) -> None:
    answer = requests.put(f"http://{faulty.address}/faults", data=body, timeout=30)

    assert answer.status_code == 422
    assert sentence(answer).endswith(".")


# Each fault


def test_a_slow_model_makes_nobody_else_wait(faulty: Running) -> None:
    put(faulty, slow_ms=1500)

    begun = time.monotonic()
    with ThreadPoolExecutor(4) as clients:
        answers = [clients.submit(faulty.get, "/predict/test") for _ in range(4)]
        time.sleep(0.2)
        assert faulty.get("/health").status_code == 200
        health_s = time.monotonic() - begun
        assert [answer.result().status_code for answer in answers] == [200] * 4
    took_s = time.monotonic() - begun

    assert health_s < 1.4
    assert 1.5 <= took_s < 4 * 1.5


def test_an_error_has_the_usual_body(faulty: Running) -> None:
    put(faulty, error_rate=1)

    answer = faulty.row(*VIRGINICA, headers={"X-Request-ID": "unlucky"})

    assert answer.status_code == 500
    assert answer.json() == {"detail": "The service failed on this request, as it was told to at /faults.", "request_id": "unlucky"}
    assert "X-Lab-Prediction" not in answer.headers


def test_an_error_is_a_page_for_people(faulty: Running) -> None:
    put(faulty, error_rate=1)
    fields = dict(zip(("sepal_length_cm", "sepal_width_cm", "petal_length_cm", "petal_width_cm"), VIRGINICA, strict=True))

    answer = faulty.post("/result/", data=fields, headers={"X-Lab-Route": "iris", "X-Forwarded-Prefix": "/iris"})

    assert answer.status_code == 500
    assert sentence(answer) == "The service failed on this request, as it was told to at /iris/svc/faults."


def test_a_wrong_model_is_wrong_everywhere(faulty: Running) -> None:
    right = faulty.row(*VIRGINICA).json()["prediction"]
    put(faulty, wrong_rate=1)

    answer = faulty.row(*VIRGINICA)
    label = faulty.row(*VIRGINICA, path="/predict/label").json()["prediction"]

    assert answer.json()["prediction"] == [right[2], right[0], right[1]]
    assert label == "setosa"
    told = json.loads(answer.headers["X-Lab-Prediction"])
    assert told["label"] == "setosa"
    assert told["probability"] == right[2]


def test_a_wrong_picture_model_names_another_fruit(start: Start) -> None:
    service = start(APP="app_custom", LAB_FAULTS="1")
    right = list(service.upload().json()["probabilities"].values())
    put(service, wrong_rate=1)

    said = service.upload().json()

    assert list(said["probabilities"].values()) == [right[-1], *right[:-1]]
    assert said["likely_class"] == max(said["probabilities"], key=said["probabilities"].get)


@pytest.mark.parametrize("listener", ["tcp", "unix"])
def test_a_cut_answer_promises_more_than_it_sends(start: Start, folder: Path, listener: str) -> None:
    service = start(APP="app_iris", VARIANT="svc", LAB_FAULTS="1", LAB_SOCKETS=str(folder))
    put(service, cut_rate=1)

    with asking(service.address if listener == "tcp" else folder / "svc.sock") as answer:
        with pytest.raises(http.client.IncompleteRead) as broken:
            answer.read()
        promised = int(answer.headers["Content-Length"])

    assert answer.status == 200
    assert "X-Lab-Prediction" in answer.headers
    assert len(broken.value.partial) == promised // 2
    assert service.get("/health").status_code == 200


def test_a_hanging_prediction_ends_when_its_client_leaves(start: Start, folder: Path) -> None:
    service = start(APP="app_iris", VARIANT="svc", LAB_FAULTS="1", LAB_SOCKETS=str(folder))
    put(service, hang_rate=1)

    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        client.connect(str(folder / "svc.sock"))
        client.sendall(b"POST /predict HTTP/1.1\r\nHost: lab\r\nContent-Length: 2\r\n\r\n{}")
        with pytest.raises(TimeoutError):
            client.recv(1)
        assert service.get("/ready").status_code == 200

    # A service with a request under way would take ten seconds to end.
    begun = time.monotonic()
    service.terminate()
    service.wait()
    assert time.monotonic() - begun < 8


def test_a_hanging_prediction_ends_when_nobody_can_be_waiting_any_more() -> None:
    async def silence() -> Message:
        return await asyncio.Event().wait() or {}

    asyncio.run(asyncio.wait_for(until_gone(Request({"type": "http"}, silence), 0.05), 30))


def test_a_crash_takes_the_process_at_the_prediction_that_was_named(start: Start, folder: Path) -> None:
    service = start(APP="app_iris", VARIANT="svc", LAB_FAULTS="1", LAB_SOCKETS=str(folder))
    assert statuses(service, 2) == [200, 200]
    put(service, crash_after=3)

    assert statuses(service, 2) == [200, 200]
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)), asking(folder / "svc.sock"):
        pass

    service.wait()
    assert "The process ends itself" in service.lines()[-1]
    # The next one comes up well: what was set has ended with the process.
    next_one = start(APP="app_iris", VARIANT="svc", LAB_FAULTS="1", LAB_SOCKETS=str(folder))
    assert next_one.get("/faults").json() == {}
    with asking(folder / "svc.sock") as answer:
        assert answer.status == 200


# Who suffers


def test_only_predictions_suffer(faulty: Running) -> None:
    put(faulty, error_rate=1, cut_rate=1, slow_ms=1)

    for path in ("/health", "/ready", "/metadata", "/label", "/", "/interface/", "/docs", "/openapi.json", "/faults", "/static/styles.css"):
        assert faulty.get(path).status_code == 200, path
    for path in ("/predict/test", "/predict/test/label"):
        assert faulty.get(path).status_code == 500, path
    assert faulty.row(*VIRGINICA).status_code == 500
    assert faulty.row(*VIRGINICA, path="/predict/label").status_code == 500


def test_a_request_that_is_no_prediction_draws_nothing(faulty: Running) -> None:
    put(faulty, error_rate=0.5, seed=7)
    alone = statuses(faulty, 20)
    put(faulty, error_rate=0.5, seed=7)

    mixed = []
    for _ in range(20):
        assert faulty.row("far", "too", "many", "words").status_code == 422
        mixed += statuses(faulty, 1)

    assert mixed == alone


# How often


def test_a_seed_makes_a_run_repeatable_to_the_prediction(faulty: Running) -> None:
    draws = random.Random(7)
    # Four draws for each prediction; the second decides on errors.
    expected = [500 if [draws.random() for _ in range(4)][1] < 0.3 else 200 for _ in range(60)]

    for _ in range(2):
        put(faulty, error_rate=0.3, seed=7)
        assert statuses(faulty, 60) == expected
    assert 0 < expected.count(500) < 60


def test_a_changed_rate_leaves_alone_whom_the_others_hit() -> None:
    alone, together = (Dice(Faults(wrong_rate=0.2, cut_rate=0.1, error_rate=rate, seed=3)) for rate in (0.0, 0.5))

    fates = [(alone.roll(), together.roll()) for _ in range(1000)]

    assert all((one.wrong, one.cut) == (other.wrong, other.cut) for one, other in fates)
    assert any(other.error for _, other in fates)


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5, 0.9])
def test_the_share_is_the_one_that_was_asked_for(rate: float) -> None:
    count = 20_000
    dice = Dice(Faults(error_rate=rate, hang_rate=rate, wrong_rate=rate, cut_rate=rate, seed=11))

    fates = [dice.roll() for _ in range(count)]

    # Five standard deviations of a binomial share.
    tolerance = 5 * (rate * (1 - rate) / count) ** 0.5
    for fault in ("error", "hang", "wrong", "cut"):
        assert sum(getattr(fate, fault) for fate in fates) / count == pytest.approx(rate, abs=tolerance)


def test_none_is_none_and_all_is_all() -> None:
    none, all_of_them = Dice(Faults()), Dice(Faults(error_rate=1, hang_rate=1, wrong_rate=1, cut_rate=1))

    assert not any(any(none.roll()) for _ in range(1000))
    assert all(all(all_of_them.roll()[1:]) for _ in range(1000))


def test_without_a_seed_two_runs_differ() -> None:
    first, second = (Dice(Faults(error_rate=0.5)) for _ in range(2))

    assert [first.roll() for _ in range(200)] != [second.roll() for _ in range(200)]


def test_a_rotation_moves_every_probability_one_label_on() -> None:
    assert rotated(Prediction((0.7, 0.2, 0.1))).probabilities == (0.1, 0.7, 0.2)
    assert rotated(Prediction((0.7, 0.2, 0.1))).best == 1
    assert rotated(Prediction((0.1, 0.2, 0.7))).best == 0
