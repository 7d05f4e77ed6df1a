"""The variants are those of upstreams.conf."""

from lab.upstreams import known
from tests.traffic.conftest import KNOWN, UPSTREAMS


def test_every_line_that_begins_with_a_route_and_a_variant_counts_in_its_order() -> None:
    assert known(UPSTREAMS) == KNOWN


def test_names_that_the_gateway_cannot_use_are_passed_over() -> None:
    assert known("upstream iris.constructor {\nupstream iris.__proto__ {\nupstream constructor.svc {\nupstream Iris.svc {\n") == {}


def test_what_is_indented_or_commented_is_passed_over() -> None:
    assert known("  upstream iris.svc {\n#upstream iris.forest {\n") == {}
