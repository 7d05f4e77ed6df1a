"""Round robin is strict alternation of predictions, whatever else is going on."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import requests

from tests.gateway.conftest import MOUNTAIN, Gateway


def test_200_predictions_alternate_while_pages_are_fetched_in_between(gateway: Gateway) -> None:
    met = []
    for number in range(200):
        for page in ("/interface/", "/static/styles.css", "/label")[: number % 4]:
            requests.get(f"{gateway.url}{page}")
        met.append(gateway.predict(("/predict", "/result/", "/predict/label")[number % 3]).headers["X-Variant"])

    assert met[0::2] == [met[0]] * 100
    assert met[1::2] == [met[1]] * 100
    assert {met[0], met[1]} == {"custom", "vgg16"}


def test_400_predictions_at_once_are_shared_exactly(gateway: Gateway) -> None:
    with ThreadPoolExecutor(10) as clients:
        met = Counter(clients.map(lambda _: gateway.predict().headers["X-Variant"], range(400)))

    assert met == {"custom": 200, "vgg16": 200}


def test_forced_and_ruled_predictions_take_nobodys_turn(gateway: Gateway) -> None:
    gateway.route("fruit", rules=[MOUNTAIN])
    first = gateway.predict().headers["X-Variant"]
    gateway.predict(headers={"X-Variant": first})
    gateway.predict(headers={"target": "mountain"})
    gateway.predict("/iris/predict")

    assert gateway.predict().headers["X-Variant"] != first


def test_without_an_answer_whose_turn_it_is_predictions_go_on(gateway: Gateway) -> None:
    for socket in (gateway.folder / "run").glob("turn-*.sock"):
        socket.unlink()

    answers = [gateway.predict() for _ in range(4)]

    assert {(answer.status_code, answer.headers["X-Variant"]) for answer in answers} == {(200, "custom")}
