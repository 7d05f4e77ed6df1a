"""Routes change without a reload, and a bad table of routes is never the visitor's problem."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.gateway.conftest import Gateway
from tests.support import eventually


def iris(gateway: Gateway) -> requests.Response:
    return requests.get(f"{gateway.url}/iris/predict/test", timeout=30)


def test_a_change_counts_from_the_next_request_on(gateway: Gateway) -> None:
    for variant, weights in (("forest", {"svc": 0, "forest": 100}), ("svc", {"svc": 100, "forest": 0})) * 20:
        gateway.route("iris", weights=weights)

        assert iris(gateway).headers["X-Variant"] == variant


def test_epoch_experiment_and_weight_are_in_the_journal(gateway: Gateway) -> None:
    gateway.route("iris", weights={"svc": 0, "forest": 100}, experiment="petals")

    answer = iris(gateway)
    line = gateway.line(answer.headers["X-Request-ID"])

    assert answer.headers["X-Experiment"] == "petals"
    assert (line["experiment"], line["epoch"], line["weight"], line["table"]) == ("petals", 1, 1, "current")


def test_without_a_file_the_routes_are_those_that_the_gateway_came_with(gateway: Gateway) -> None:
    line = gateway.line(iris(gateway).headers["X-Request-ID"])

    assert (line["table"], line["epoch"]) == ("default", 0)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\xff\xfe",
        b'{"schema": 2, "routes": {}}',
        b'{"schema": 1, "routes": null}',
        b'{"schema": 1, "routes": []}',
        b'{"schema": 1, "routes": {"iris": null}}',
        b'{"schema": 1, "routes": {"iris": {"mode": "weighted"}}}',
        b"9" * 100_000,
    ],
)
def test_a_broken_file_means_the_previous_one(gateway: Gateway, content: bytes) -> None:
    gateway.route("iris", weights={"svc": 0, "forest": 100})
    gateway.routes_file.replace(gateway.routes_file.with_name("routes.previous.json"))
    gateway.routes_file.write_bytes(content)

    answers = [iris(gateway) for _ in range(5)]

    assert Counter((answer.status_code, answer.headers["X-Variant"]) for answer in answers) == {(200, "forest"): 5}
    assert gateway.line(answers[-1].headers["X-Request-ID"])["table"] == "previous"
    # Every request finds it broken; one line is enough.
    assert gateway.output().count("routes.json cannot be used") == 1


@pytest.mark.parametrize(
    "settings",
    [
        {"weights": {"svc": 60, "forest": 41}},
        {"weights": {"svc": 50, "nosuch": 50}, "lanes": ["nosuch"]},
        {"weights": {"svc": "60", "forest": 40}},
        {"weights": {"svc": 160, "forest": -60}},
        {"lanes": []},
        {"mode": "chaos"},
        {"baseline": "nosuch"},
        {"baseline": "constructor"},
        {"epoch": -5},
        {"rules": [{"header": "target"}]},
        {"rules": [{"header": "target", "value": "x", "variant": "nosuch"}]},
        {"rules": [{"header": "target", "value": "x", "route": "nosuch"}]},
        {"rules": [{"header": "target", "value": "x", "route": "iris"}]},
        {"rules": [{"header": "target", "value": "x", "route": "fruit", "variant": "svc"}]},
        {"shadows": {"nosuch": 10}},
        {"shadows": {"xgboost": 101}},
        {"versions": None},
        {"salt": "\u00e9"},
        {"fallback": "maybe"},
        {"rescue_500": 1},
    ],
)
def test_settings_that_make_no_sense_are_not_followed(shared_gateway: Gateway, settings: dict[str, object]) -> None:
    kept = json.loads(json.dumps(shared_gateway.routes))

    shared_gateway.route("iris", **settings)
    answer = iris(shared_gateway)
    shared_gateway.routes.update(kept)
    shared_gateway.routes_file.unlink()

    assert answer.status_code == 200
    assert answer.headers["X-Variant"] in ("svc", "forest")
    assert shared_gateway.line(answer.headers["X-Request-ID"])["table"] == "default"


def test_both_files_broken_means_the_routes_that_the_gateway_came_with(gateway: Gateway) -> None:
    gateway.routes_file.write_text("broken")
    gateway.routes_file.with_name("routes.previous.json").write_text("broken too")

    answer = iris(gateway)

    assert answer.status_code == 200
    assert gateway.line(answer.headers["X-Request-ID"])["table"] == "default"


def test_one_routes_trouble_is_not_anothers(gateway: Gateway) -> None:
    gateway.route("fruit", mode="off")
    gateway.route("iris", mode="chaos")

    fruit = [gateway.predict() for _ in range(3)]

    assert {answer.headers["X-Variant"] for answer in fruit} == {"custom"}
    assert gateway.line(fruit[0].headers["X-Request-ID"])["table"] == "current"
    assert iris(gateway).status_code == 200


def test_off_means_the_baseline_for_everybody(gateway: Gateway) -> None:
    gateway.route("iris", mode="off")

    assert {iris(gateway).headers["X-Variant"] for _ in range(20)} == {"svc"}


def test_round_robin_goes_over_whoever_has_a_weight(gateway: Gateway) -> None:
    gateway.route("fruit", weights={"custom": 34, "vgg16": 33, "vgg16int8": 33}, lanes=["vgg16", "vgg16int8"])

    met = [gateway.predict().headers["X-Variant"] for _ in range(12)]

    assert met[:3] * 4 == met
    assert set(met[:3]) == {"custom", "vgg16", "vgg16int8"}


def test_200_changes_under_load_cost_no_request(gateway: Gateway) -> None:
    running = True
    statuses: Counter[int] = Counter()
    expected: dict[str, int] = {}

    def visit(_: int) -> None:
        # One connection each, kept alive, and no second try.
        with requests.Session() as session:
            while running:
                statuses[session.get(f"{gateway.url}/iris/predict/test", timeout=10).status_code] += 1

    with ThreadPoolExecutor(4) as clients:
        visits = clients.map(visit, range(4))
        try:
            for share in [*range(100), *range(100, 0, -1)]:
                gateway.route("iris", weights={"svc": 100 - share, "forest": share})
                expected[iris(gateway).headers["X-Request-ID"]] = gateway.routes["routes"]["iris"]["epoch"]
        finally:
            running = False
        list(visits)

    eventually(lambda: len(gateway.lines()) >= sum(statuses.values()) + len(expected))
    epochs = {line["request_id"]: line["epoch"] for line in gateway.lines()}
    assert {request_id: epochs[request_id] for request_id in expected} == expected
    assert set(statuses) == {200}
    assert statuses[200] > 200
