"""The whole service, killed and started again, comes to the verdict that its journals tell, there and elsewhere."""

import json
import random
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from lab.controller.recompute import recomputed
from lab.errors import Refused
from tests.controller.conftest import text
from tests.store.conftest import prediction
from tests.store.test_service import Running, now
from tests.support import eventually

KILLS = 4
LOOKS = 8

FILE = text(iterations=LOOKS).replace("intervalSeconds: 10", "intervalSeconds: 1")


class Visitors(threading.Thread):
    """What the gateway would write: predictions of the experiment that the route names now, in the shares of its weights."""

    def __init__(self, state: Path) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self._state = state
        self._luck = random.Random(7)
        self._number = 0

    def run(self) -> None:
        """Until it is told to end."""
        while not self.ended.wait(0.02):
            route = self._route()
            if route and route["experiment"]:
                self._write(route)

    def _route(self) -> dict[str, Any] | None:
        try:
            return dict(json.loads((self._state / "routes.json").read_text())["routes"]["iris"])
        except FileNotFoundError:
            return None

    def _write(self, route: dict[str, Any]) -> None:
        self._number += 1
        names, weights = zip(*route["weights"].items(), strict=True)
        (variant,) = self._luck.choices(names, weights)
        fields = {"time": now(), "experiment": route["experiment"], "epoch": route["epoch"], "variant": variant, "served_by": variant,
                  "weight": route["weights"][variant] / 100, "visitor": f"{self._number:032x}"}  # fmt: skip
        hour = now()[:13]
        with (self._state / "journal" / f"predictions-{hour}.jsonl").open("a") as file:
            file.write(json.dumps(prediction(self._number, **fields)) + "\n")


class Service(Running):
    """With the token, and a client that sends it."""

    def ask(self, method: str, path: str, content: object = None, **headers: str) -> httpx.Response:
        """With no token unless it is among the headers."""
        way = httpx.HTTPTransport(uds=str(self.socket))
        with httpx.Client(transport=way, base_url="http://lab", timeout=30) as client:
            return client.request(method, path, json=content, headers=headers)

    def order(self, path: str, content: object) -> httpx.Response:
        """As the command line sends it."""
        return self.ask("POST", path, content, Authorization=f"Bearer {self.token}")

    @property
    def token(self) -> str:
        return (self.state / "lab.token").read_text().strip()

    def status(self, run: str) -> dict[str, Any]:
        return dict(self.ask("GET", f"/experiments/{run}").json())


@pytest.fixture
def service() -> Iterator[Service]:
    # Not pytest's own folder: a unix socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        running = Service(Path(folder))
        running.start()
        try:
            yield running
        finally:
            running.stop()


def test_killed_again_and_again_a_run_ends_and_its_verdicts_can_be_computed_again(service: Service) -> None:
    visitors, luck = Visitors(service.state), random.Random(3)
    visitors.start()
    try:
        begun = service.order("/experiments", {"text": FILE, "who": "ann", "why": "to try it"})
        for _ in range(KILLS):
            time.sleep(luck.random() * 1.5)
            service.stop(signal.SIGKILL)
            service.start()
        eventually(lambda: service.status("ab")["stage"] == "Completed")
    finally:
        visitors.ended.set()
        visitors.join()

    looks = service.ask("GET", "/experiments/ab/looks").json()["looks"]
    assert begun.status_code == 201
    assert [one["number"] for one in looks] == [one["look"] for one in looks] == list(range(1, len(looks) + 1))
    assert [one["through"] for one in looks[:-1]] == [one["after"] for one in looks[1:]]
    assert looks[-1]["ends"]
    assert sum(one["decision"]["new_units"] for one in looks) > 100
    told = service.status("ab")
    in_force = json.loads((service.state / "routes.json").read_text())["routes"]["iris"]["weights"]
    assert (told["notices"], told["weights"]) == ([], {"svc": 0.0, "forest": 0.0} | in_force)
    _compare_elsewhere(service, looks)


def _compare_elsewhere(service: Service, looks: list[dict[str, Any]]) -> None:
    """The service, and another checkout with the journals alone, come to what was recorded."""
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        elsewhere = Path(folder) / "journal"
        shutil.copytree(service.state / "journal", elsewhere)
        for look in (looks[0], looks[-1]):
            there = recomputed(elsewhere, "ab", look["at"] + 0.5)
            here = service.ask("GET", f"/experiments/ab/report?at={look['at'] + 0.5}").json()

            assert there == here
            assert (there["look"], there["digest"], there["is_same"]) == (look["number"], look["digest"], True)
            assert there["numbers_differ_by"] == 0
        with pytest.raises(Refused, match=r"tells of no experiment nosuch\. Experiments: ab\."):
            recomputed(elsewhere, "nosuch", 0)


def test_the_api_says_what_it_does_in_statuses_and_sentences(service: Service) -> None:
    file = text(iterations=20)

    assert service.ask("POST", "/experiments", {"text": file}).status_code == 401
    assert service.order("/experiments", {"text": "kind: [", "who": "ann"}).status_code == 422
    assert service.order("/experiments", {"who": "ann"}).json()["detail"] == "text: Field required."
    refused = service.order("/experiments", {"text": file.replace("target: iris", "target: nosuch")})
    assert (refused.status_code, refused.json()["detail"].startswith("6:11: ")) == (422, True)
    assert service.ask("GET", "/experiments").json() == {"experiments": []}

    assert service.order("/experiments", {"text": file}).status_code == 201
    assert service.order("/experiments", {"text": file}).status_code == 202
    assert [one["name"] for one in service.ask("GET", "/experiments").json()["experiments"]] == ["ab-2", "ab"]
    assert service.ask("GET", "/experiments/ab/explain").json()["text"].startswith("No verdict on ab yet")
    assert service.ask("GET", "/experiments/ab-2/explain").json()["text"].startswith("ab-2 waits")
    assert service.ask("GET", "/experiments/ab/looks").json() == {"looks": []}
    assert service.ask("GET", "/experiments/ab/report").status_code == 404
    assert service.ask("GET", "/experiments/ab/report?at=soon").status_code == 422
    assert service.ask("GET", "/experiments/nosuch").json()["detail"] == "There is no experiment nosuch. Experiments: ab."

    assert service.order("/experiments/ab/pause", {"who": "ann"}).json()["is_paused"] is True
    assert service.order("/experiments/ab/resume", {"who": "ann"}).json()["is_paused"] is False
    assert service.ask("POST", "/experiments/ab/abort", {"who": "eve"}).status_code == 401
    assert service.order("/experiments/ab/abort", {"who": "ann"}).json()["stage"] == "Completed"
    assert service.order("/experiments/ab/abort", {"who": "ann"}).json()["name"] == "ab-2"
    again = service.order("/experiments/ab-2/pause", {"who": "ann"})
    assert (again.status_code, again.json()["detail"]) == (409, "ab-2 is over (Aborted by ann), so it cannot be paused.")


def test_a_browser_is_signed_in_by_the_command_line(service: Service) -> None:
    url = service.cli("open").stdout.strip()
    path = url.partition("/lab")[2]

    answer = service.ask("GET", path)
    cookie = answer.headers["set-cookie"].partition(";")[0]

    assert answer.status_code == 303
    moved = service.ask("POST", "/experiments", {"text": text(), "who": "ann"}, Cookie=cookie, Origin="http://lab")
    foreign = service.ask("POST", "/experiments/ab/abort", {"who": "ann"}, Cookie=cookie, Origin="http://evil.example")
    assert (moved.status_code, foreign.status_code) == (201, 403)


def test_beyond_loopback_nothing_is_read_without_a_sign_in(service: Service) -> None:
    for path in ("/", "/experiments", "/log", "/report", "/journal", "/routes", "/health"):
        assert service.ask("GET", path, **{"X-Forwarded-For": "198.51.100.7"}).status_code == 401
    came = {"X-Forwarded-For": "198.51.100.7"}

    assert service.ask("GET", "/experiments", Authorization=f"Bearer {service.token}", **came).status_code == 200
    assert service.ask("POST", "/feedback", {"request_id": "1" * 32, "reward": 1}, **came).json()["outcome"] == "unknown"
