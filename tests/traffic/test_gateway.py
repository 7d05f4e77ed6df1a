"""What the lab writes, a real NGINX does from the next request on."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from lab.routes import with_weights
from lab.settings import CHECKOUT
from lab.traffic.nginx import NginxTraffic
from tests.gateway.conftest import Gateway


@pytest.fixture
def running() -> Iterator[Gateway]:
    # Not pytest's own folder: a unix socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        gateway = Gateway(Path(folder))
        gateway.start()
        yield gateway
        gateway.stop()


def test_a_change_counts_from_the_next_request_on(running: Gateway) -> None:
    traffic = NginxTraffic(running.folder / "state", CHECKOUT / "nginx")
    known = traffic.known()["iris"]

    for percent in (100, 0) * 10:
        after = traffic.change("iris", lambda route, percent=percent: with_weights("iris", route, {"forest": percent}, known)).after
        answer = requests.get(f"{running.url}/iris/predict/test", timeout=30)

        assert answer.headers["X-Variant"] == ("forest" if percent else "svc")
    line = running.line(answer.headers["X-Request-ID"])
    assert (line["epoch"], line["weight"], line["table"]) == (after.epoch, 1, "current")


def test_a_visitor_keeps_their_variant_while_the_split_grows(running: Gateway) -> None:
    traffic = NginxTraffic(running.folder / "state", CHECKOUT / "nginx")
    visitors = [f"visitor-{number}" for number in range(40)]
    met: set[str] = set()

    for percent in (10, 30, 60, 100):
        traffic.set_weights("iris", {"forest": percent})
        now = {visitor for visitor in visitors if _variant(running, visitor) == "forest"}

        assert met <= now
        met = now
    assert met == set(visitors)


def _variant(gateway: Gateway, visitor: str) -> str:
    answer = requests.get(f"{gateway.url}/iris/predict/test", headers={"X-User-ID": visitor}, timeout=30)
    return answer.headers["X-Variant"]
