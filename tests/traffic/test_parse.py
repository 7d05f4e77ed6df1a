"""A table of routes is right in every word, or a sentence says which one is wrong."""

import json
from typing import Any

import pytest

from lab import described
from lab.routes import RoutesError, dump, parse
from lab.settings import CHECKOUT
from lab.upstreams import known
from tests.traffic.conftest import FRUIT, IRIS, KNOWN, TABLE, table

PERCENT = "must be a number from 0 to 100 with at most 2 decimals."


def sentence(text: str) -> str:
    """What `parse` says against a text."""
    with pytest.raises(RoutesError) as refused:
        parse(text, KNOWN)
    return str(refused.value)


def test_a_table_that_is_right_is_read_and_written_without_a_change() -> None:
    assert json.loads(dump(parse(json.dumps(TABLE), KNOWN))) == TABLE


def test_whole_percentages_are_written_without_decimals() -> None:
    text = dump(parse(json.dumps(table(weights={"svc": 59.5, "forest": 40.5})), KNOWN))

    assert '"custom": 50,' in text
    assert '"svc": 59.5,' in text


def test_the_table_the_gateway_is_shipped_with_is_right() -> None:
    gateway = CHECKOUT / "nginx"

    assert parse((gateway / "routes.json").read_text(), known((gateway / "upstreams.conf").read_text())).default_route == "fruit"


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("epoch", -1, "routes.iris.epoch is -1, must be a whole number from 0 on."),
        ("epoch", 1.5, "routes.iris.epoch is 1.5, must be a whole number from 0 on."),
        ("epoch", 1e300, "routes.iris.epoch is 1e+300, must be a whole number from 0 on."),
        ("epoch", True, "routes.iris.epoch is true, must be a whole number from 0 on."),
        ("epoch", 2**53, "routes.iris.epoch is 9007199254740992, must be a whole number from 0 on."),
        ("mode", "chaos", 'routes.iris.mode is "chaos", must be weighted, roundrobin or off.'),
        ("baseline", 3, "routes.iris.baseline is 3, must be the name of a variant."),
        ("weights", [], "routes.iris.weights is [], must be an object with variants and percentages."),
        ("weights", {"svc": True, "forest": 99}, f"routes.iris.weights.svc is true, {PERCENT}"),
        ("weights", {"svc": "60", "forest": 40}, f'routes.iris.weights.svc is "60", {PERCENT}'),
        ("weights", {"svc": None, "forest": 40}, f"routes.iris.weights.svc is null, {PERCENT}"),
        ("weights", {"svc": 130, "forest": 0}, f"routes.iris.weights.svc is 130, {PERCENT}"),
        ("weights", {"svc": 100, "forest": -1}, f"routes.iris.weights.forest is -1, {PERCENT}"),
        ("weights", {"svc": 99.5, "forest": 0.005}, f"routes.iris.weights.forest is 0.005, {PERCENT}"),
        ("weights", {"svc": 60, "forest": 100.00001}, f"routes.iris.weights.forest is 100.00001, {PERCENT}"),
        ("weights", {"svc": 60.00001, "forest": 40}, f"routes.iris.weights.svc is 60.00001, {PERCENT}"),
        ("weights", {"svc": 60, "forest": 30}, "routes.iris.weights sum to 90 %, must be 100 %."),
        ("weights", {"forest": 100}, "routes.iris.weights do not name svc, must name the baseline."),
        (
            "weights",
            {"svc": 60, "mango": 40},
            "routes.iris.weights names mango. There is no variant mango in this route. Its variants: svc, forest, xgboost, bayes, knn.",
        ),
        (
            "weights",
            {"svc": 60, "knn": 40},
            "routes.iris.weights give knn 40 %, but lanes do not name it: a candidate with a weight needs a lane.",
        ),
        ("lanes", "forest", 'routes.iris.lanes is "forest", must be a list of the candidates\' names.'),
        ("lanes", [3], "routes.iris.lanes.0 is 3, must be the name of a candidate."),
        ("lanes", ["forest", "forest"], "routes.iris.lanes name forest 2 times, must name each candidate once."),
        ("lanes", ["forest", "svc"], "routes.iris.lanes name svc, must name candidates only: it is the baseline."),
        (
            "lanes",
            ["forest", "knn", "bayes"],
            "routes.iris.weights: forest cannot have 40 %: with 3 candidates each has a lane of 33.33 %.",
        ),
        ("salt", "", 'routes.iris.salt is "", must be 1 to 200 printable ASCII characters.'),
        ("salt", "iris\n", 'routes.iris.salt is "iris\\n", must be 1 to 200 printable ASCII characters.'),
        ("experiment", 3, "routes.iris.experiment is 3, must be null or 1 to 200 printable ASCII characters."),
        ("rules", {}, "routes.iris.rules is {}, must be a list of rules with header, value and variant or route."),
        ("rules", ["x"], 'routes.iris.rules.0 is "x", must be an object with header, value and either variant or route.'),
        (
            "rules",
            [{"header": "a b", "value": "x", "variant": "svc"}],
            'routes.iris.rules.0.header is "a b", must be the name of a header.',
        ),
        (
            "rules",
            [{"header": "a", "value": "\u00e9", "variant": "svc"}],
            'routes.iris.rules.0.value is "\\u00e9", must be up to 200 printable ASCII characters.',
        ),
        (
            "rules",
            [{"header": "a", "value": "x", "variant": "custom"}],
            "routes.iris.rules.0.variant names custom. "
            "There is no variant custom in this route. Its variants: svc, forest, xgboost, bayes, knn.",
        ),
        (
            "rules",
            [{"header": "a", "value": "x", "route": "fruit", "variant": "svc"}],
            'routes.iris.rules.0 is {"header": "a", "value": "x", "route": "fruit", "variant": "\u2026, '
            "must be an object with header, value and either variant or route.",
        ),
        (
            "rules",
            [{"header": "a", "value": "x"}],
            'routes.iris.rules.0 is {"header": "a", "value": "x"}, must be an object with header, value and either variant or route.',
        ),
        ("rules", [{"header": "a", "value": "x", "route": 3}], "routes.iris.rules.0.route is 3, must be the name of a route."),
        (
            "rules",
            [{"header": "a", "value": "x", "route": "plants"}],
            "routes.iris.rules.0.route names plants, must be another route: fruit.",
        ),
        ("rules", [{"header": "a", "value": "x", "route": "iris"}], "routes.iris.rules.0.route names iris, must be another route: fruit."),
        ("fallback", "other", 'routes.iris.fallback is "other", must be baseline or none.'),
        ("rescue_500", 1, "routes.iris.rescue_500 is 1, must be true or false."),
        ("shadows", {"knn": 100.5}, f"routes.iris.shadows.knn is 100.5, {PERCENT}"),
        ("shadows", 3, "routes.iris.shadows is 3, must be an object with variants and percentages."),
        ("versions", {"svc": 3}, "routes.iris.versions.svc is 3, must be up to 200 printable ASCII characters."),
        (
            "versions",
            {"mango": "v1"},
            "routes.iris.versions names mango. There is no variant mango in this route. Its variants: svc, forest, xgboost, bayes, knn.",
        ),
        ("versions", 3, "routes.iris.versions is 3, must be an object with variants and their versions."),
        (
            "color",
            "red",
            "routes.iris.color is no field. Fields: epoch, mode, baseline, weights, lanes, salt, experiment, rules, fallback, rescue_500, "
            "shadows, versions.",
        ),
    ],
)
def test_a_wrong_field_is_a_sentence_with_route_field_value_and_expectation(field: str, value: Any, expected: str) -> None:
    assert sentence(json.dumps(table(**{field: value}))) == expected


@pytest.mark.parametrize("field", IRIS)
def test_every_field_must_be_there(field: str) -> None:
    made = table()
    del made["routes"]["iris"][field]

    assert sentence(json.dumps(made)).startswith(f"routes.iris.{field} is missing, must be ")


def test_an_epoch_may_be_written_as_javascript_would_read_it() -> None:
    assert parse(json.dumps(table(epoch=5.0)), KNOWN).routes["iris"].epoch == 5


@pytest.mark.parametrize("header", ["target", "X-User_ID", "!#$%&'*+-.^_`|~", "x" * 200])
def test_a_rule_may_look_at_every_header_that_http_allows(header: str) -> None:
    rule = {"header": header, "value": "", "variant": "svc"}

    assert parse(json.dumps(table(rules=[rule])), KNOWN).routes["iris"].rules[0].header == header


def test_every_wrong_field_is_named_at_once() -> None:
    said = sentence(json.dumps(table(epoch=-1, mode="chaos", fallback=None)))

    assert [line.split(" ")[0] for line in said.splitlines()] == ["routes.iris.epoch", "routes.iris.mode", "routes.iris.fallback"]


def test_more_than_four_variants_cannot_take_turns() -> None:
    weights = dict.fromkeys(KNOWN["iris"], 20)

    said = sentence(json.dumps(table(mode="roundrobin", weights=weights, lanes=list(KNOWN["iris"][1:]))))

    assert said == "routes.iris.mode is roundrobin and 5 variants have a weight: at most 4 can take turns."


@pytest.mark.parametrize("name", ["__proto__", "constructor", "toString", "hasOwnProperty", "Iris", "", "a b", "x" * 41, "iris\n"])
def test_names_that_javascript_knows_otherwise_are_refused(name: str) -> None:
    assert "There is no route" in sentence(json.dumps(TABLE | {"routes": {name: FRUIT}}))
    assert "must be one of: fruit, iris." in sentence(json.dumps(TABLE | {"default_route": name}))
    for field in ("weights", "shadows", "versions"):
        assert f"routes.iris.{field}." in sentence(json.dumps(table(**{field: {name: 0}})))
    for field, value in (("baseline", name), ("lanes", [name]), ("rules", [{"header": "a", "value": "b", "variant": name}])):
        assert f"routes.iris.{field}" in sentence(json.dumps(table(**{field: value})))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "It is not JSON: Expecting value: line 1 column 1 (char 0)."),
        ("{", "It is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)."),
        ('{"schema": NaN}', "It is not JSON: NaN is no number."),
        ('{"schema": -Infinity}', "It is not JSON: -Infinity is no number."),
        ("[" * 100_000, "It is not JSON: it is nested too deeply."),
        ("null", "It is null, must be an object with schema, default_route, routes."),
        ("[]", "It is [], must be an object with schema, default_route, routes."),
        ("{}", "schema is missing, must be 1."),
        ('{"schema": 2}', "schema is 2, must be 1."),
        ('{"schema": true}', "schema is true, must be 1."),
        ('{"schema": 1}', "routes is missing, must be an object with the routes."),
        ('{"schema": 1, "routes": null}', "routes is null, must be an object with the routes."),
        ('{"schema": 1, "routes": {}}', "default_route is missing, must be one of: fruit, iris."),
        ('{"schema": 1, "routes": {}, "default_route": []}', "default_route is [], must be one of: fruit, iris."),
        ('{"schema": 1, "routes": {"iris": 3}, "default_route": "iris"}', "routes.iris is 3, must be an object."),
        ('{"schema": 1, "routes": {"rose": {}}, "default_route": "iris"}', 'There is no route "rose". Routes: fruit, iris.'),
        (
            '{"schema": 1, "routes": {}, "default_route": "iris", "x": 1}',
            '"x" is no field of the table. Its fields: schema, default_route, routes.',
        ),
        (
            '{"schema": 1, "routes": {}, "routes": {}, "default_route": "iris"}',
            '"routes" stands 2 times in one object, must be there once.',
        ),
    ],
)
def test_what_is_no_table_is_a_sentence(text: str, expected: str) -> None:
    assert sentence(text) == expected


def test_a_number_beyond_all_numbers_is_refused() -> None:
    assert PERCENT in sentence(json.dumps(table()).replace('"forest": 40', '"forest": 1e999'))
    assert PERCENT in sentence(json.dumps(table()).replace('"forest": 40', f'"forest": 1{"0" * 400}'))


def test_a_long_value_is_quoted_in_part() -> None:
    assert len(sentence(json.dumps(table(salt="x" * 10_000)))) < 150


@pytest.mark.parametrize("rule", [{"variant": "svc"}, {"route": "fruit"}], ids=["variant", "route"])
def test_a_rule_is_written_back_as_it_was_read(rule: dict[str, str]) -> None:
    written = {"header": "target", "value": ""} | rule

    routes = parse(json.dumps(table(rules=[written])), KNOWN)

    assert json.loads(dump(routes))["routes"]["iris"]["rules"] == [written]
    assert described.describe("iris", routes.routes["iris"], KNOWN["iris"]).rules == (written,)
