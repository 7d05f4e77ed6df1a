"""The variants are those of upstreams.conf."""

from pathlib import Path

import pytest

from lab.errors import RoutesError
from lab.traffic.nginx import NginxTraffic
from lab.upstreams import known
from tests.traffic.conftest import KNOWN, UPSTREAMS


def test_every_line_that_begins_with_a_route_and_a_variant_counts_in_its_order() -> None:
    assert known(UPSTREAMS) == KNOWN


def test_names_that_the_gateway_cannot_use_are_passed_over() -> None:
    assert known("upstream iris.constructor {\nupstream iris.__proto__ {\nupstream constructor.svc {\nupstream Iris.svc {\n") == {}


def test_what_is_indented_or_commented_is_passed_over() -> None:
    assert known("  upstream iris.svc {\n#upstream iris.forest {\n") == {}


def test_a_variant_that_the_running_gateway_does_not_know_yet_is_refused(traffic: NginxTraffic, gateway: Path, state: Path) -> None:
    (state / "upstreams.conf").write_text(UPSTREAMS)
    with (gateway / "upstreams.conf").open("a") as upstreams:
        upstreams.write("upstream iris.tree { server unix:@SOCKETS@/tree.sock; }\n")

    with pytest.raises(RoutesError, match="tree"):
        traffic.set_weights("iris", {"tree": 10})
    (state / "upstreams.conf").unlink()
    traffic.set_weights("iris", {"tree": 10})

    assert traffic.weights("iris")["tree"] == 10
