"""Bodies become items, or a sentence that names what is wrong with them."""

import json
from typing import Any

import pytest

from lab.feedback.item import Body, Item, Malformed
from lab.feedback.parse import BODY_MAX_BYTES, LIST_MAX, parse
from tests.feedback.conftest import ONE

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def items(body: Any, content_type: str = JSON) -> tuple[Item, ...]:
    """Of a body with one good entry."""
    (entry,) = parse(body if isinstance(body, bytes) else json.dumps(body).encode(), content_type).entries
    assert not isinstance(entry, Malformed), entry
    return entry


def sentence(body: Any, content_type: str = JSON) -> str:
    """What is wrong with a body."""
    (entry,) = parse(body if isinstance(body, bytes) else json.dumps(body).encode(), content_type).entries
    assert isinstance(entry, Malformed), entry
    return entry.sentence


@pytest.mark.parametrize(
    ("sent", "value"),
    [(1, 1.0), ("1", 1.0), (" 0.25 ", 0.25), ("-1e-2", -0.01), (True, 1.0), (False, 0.0), ("true", 1.0), (".5", 0.5), (0, 0.0), (1e9, 1e9)],
)
def test_a_reward_is_a_number_in_any_usual_spelling(sent: object, value: float) -> None:
    assert items({"request_id": ONE, "reward": sent}) == (Item(ONE, "reward", value),)


def test_minus_zero_is_zero() -> None:
    assert str(items(b'{"reward": -0.0}')[0].value) == "0.0"


@pytest.mark.parametrize("sent", ["nan", "inf", "Infinity", "1_000", "", "up", "0x1", "१", 1.1e9, -(10**30), [1], {"value": 1}, "1" * 61])
def test_a_reward_that_is_no_number_is_refused_with_its_value(sent: object) -> None:
    said = sentence({"reward": sent})

    assert said.startswith("reward is ")
    assert said.endswith("must be a number from -1e9 to 1e9.")


@pytest.mark.parametrize(
    "body", [b'{"reward": NaN}', b'{"reward": Infinity}', b'{"reward": 1e999}', b"{", b"\xff", b'{"reward": "\\ud800"}', b"[" * 100_000]
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    assert sentence(body).startswith("The body is not JSON: ")


@pytest.mark.parametrize("body", [b"", b"  \n", b"\xef\xbb\xbf"])
def test_an_empty_body_is_refused(body: bytes) -> None:
    assert sentence(body).startswith("The body is empty. Send ")


@pytest.mark.parametrize(
    ("sent", "text"),
    [("setosa", "setosa"), (" Früchte ", "Früchte"), (2, "2"), (2.0, "2"), (0.5, "0.5"), (True, "true"), (10**9, "1000000000")],
)
def test_a_truth_is_a_label_or_a_number(sent: object, text: str) -> None:
    assert items({"request_id": ONE, "truth": sent}) == (Item(ONE, "truth", text),)


@pytest.mark.parametrize("sent", ["", " ", "a\nb", "a\u2028b", "\x00", "x" * 201, [1, 2], {"strData": "x"}])
def test_a_truth_that_is_no_label_is_refused(sent: object) -> None:
    assert sentence({"truth": sent}).startswith("truth is ")


@pytest.mark.parametrize("sent", [ONE, ONE.replace("1", "A"), "11111111-1111-1111-1111-111111111111", f" {ONE} "])
@pytest.mark.parametrize("name", ["request_id", "requestId", "X-Request-ID", "request-id", "x_request_id"])
def test_a_request_id_is_understood_as_clients_spell_it(name: str, sent: str) -> None:
    (item,) = items({name: sent, "reward": 1})

    assert item.request_id == sent.strip().replace("-", "").lower()


@pytest.mark.parametrize("sent", ["", "1" * 31, "g" * 32, 5, ["x"], "1" * 1000])
def test_what_cannot_be_a_request_id_is_refused(sent: object) -> None:
    assert "must be 32 hex digits: the X-Request-ID of the prediction's answer." in sentence({"request_id": sent, "reward": 1})


def test_without_an_id_it_is_nobodys() -> None:
    assert items({"reward": 1}) == items({"request_id": None, "reward": 1}) == (Item(None, "reward", 1.0),)


def test_reward_truth_and_a_metric_in_one_body_are_three_items() -> None:
    body = {"request_id": ONE, "reward": 0, "truth": "setosa", "metric": "dwell_s", "value": "12.5", "whatever": {}}

    assert items(body) == (Item(ONE, "reward", 0.0), Item(ONE, "truth", "setosa"), Item(ONE, "dwell_s", 12.5))


def test_the_metrics_reward_and_truth_are_the_fields_of_that_name() -> None:
    assert items({"metric": "reward", "value": 1}) == items({"reward": 1})
    assert items({"metric": "truth", "value": 2}) == items({"truth": 2})
    assert sentence({"metric": "reward", "value": 1, "reward": 1}).startswith("reward is given twice")


@pytest.mark.parametrize(
    ("body", "begin"),
    [
        ({"metric": "Dwell", "value": 1}, 'metric is "Dwell", must be a to z'),
        ({"metric": "dwell"}, "value is null, must be a number"),
        ({"value": 1}, "metric is null, must be a to z"),
        ({"request_id": ONE, "rewards": 1}, 'There is nothing to keep: the fields are "request_id", "rewards". Send '),
        ({}, "There is nothing to keep: the fields are nothing. Send "),
        ([[1]], "The feedback is [1], must be an object. Send "),
        ([], "The list is empty. Send "),
        (1, "The feedback is 1, must be an object. Send "),
    ],
)
def test_what_is_missing_is_named(body: Any, begin: str) -> None:
    assert sentence(body).startswith(begin)


@pytest.mark.parametrize(
    ("sent", "at"),
    [
        ("2026-11-20T19:30:00Z", "2026-11-20T19:30:00.000Z"),
        ("2026-11-20t20:30:00.123456789+01:00", "2026-11-20T19:30:00.123Z"),
        ("2026-11-20 19:30:00.5z", "2026-11-20T19:30:00.500Z"),
        (0, "1970-01-01T00:00:00.000Z"),
        ("1763667000.25", "2025-11-20T19:30:00.250Z"),
    ],
)
def test_a_time_is_rfc_3339_or_seconds(sent: object, at: str) -> None:
    assert items({"reward": 1, "at": sent})[0].at == at


@pytest.mark.parametrize(
    "sent",
    ["2026-11-20", "2026-11-20T19:30:00", "2026-13-20T19:30:00Z", "0001-01-01T00:00:00+23:59", 1763667000000, -1, True, [], "soon", 10**30],
)
def test_what_is_no_time_is_refused(sent: object) -> None:
    assert sentence({"reward": 1, "at": sent}).startswith("at is ")


def test_a_form_sends_what_json_sends() -> None:
    body = parse(f"request_id={ONE}&reward=1&truth=".encode(), FORM)

    assert body == Body(((Item(ONE, "reward", 1.0),),), is_form=True)
    assert sentence(b"a=1&" * 30, FORM).startswith("The form has more than 20 fields.")
    assert sentence(b"truth=%ff%00", FORM).startswith("truth is ")


def test_a_form_with_files_is_told_which_forms_are_read() -> None:
    assert sentence(b"--x\r\n", "multipart/form-data; boundary=x").startswith(
        'The body is "multipart/form-data", must be JSON or a form of the kind application/x-www-form-urlencoded.'
    )


def test_curls_json_under_the_name_of_a_form_is_json() -> None:
    assert items(b' {"reward": 1}', FORM) == (Item(None, "reward", 1.0),)


def test_a_list_keeps_its_order_and_its_mistakes() -> None:
    body = parse(json.dumps([{"reward": 1}, {"reward": "x"}, {"truth": "y"}]).encode(), JSON)

    assert body.is_list
    assert [isinstance(entry, Malformed) for entry in body.entries] == [False, True, False]


def test_lines_of_json_are_a_list() -> None:
    body = parse(b'{"reward": 1}\n\n{"reward": \r\n', "application/jsonlines")

    assert body.is_list
    assert body.entries[0] == (Item(None, "reward", 1.0),)
    assert isinstance(body.entries[1], Malformed)


def test_what_is_too_long_is_refused_as_a_whole() -> None:
    many, large = parse(b"[" + b"1," * LIST_MAX + b"1]", JSON), parse(b" " * (BODY_MAX_BYTES + 1), JSON)

    for body in (many, large):
        (entry,) = body.entries
        assert isinstance(entry, Malformed)
        assert entry.too_long


def seldon(**fields: Any) -> dict[str, Any]:
    """What Seldon's clients send."""
    asked = {"data": {"ndarray": [[1, 2, 3, 4]]}}
    return {"request": asked, "response": {"meta": {"puid": ONE, "routing": {"ab": 1}}, "data": {}}} | fields


def test_seldons_feedback_is_about_the_puid() -> None:
    assert items(seldon(reward=1)) == (Item(ONE, "reward", 1.0, None, "seldon"),)


@pytest.mark.parametrize(
    "truth", [{"strData": "1"}, {"jsonData": 1}, {"data": {"ndarray": [[1]]}}, {"data": {"tensor": {"shape": [1], "values": [1]}}}, "1"]
)
def test_seldons_truth_is_the_one_value_of_its_message(truth: object) -> None:
    assert items(seldon(truth=truth)) == (Item(ONE, "truth", "1", None, "seldon"),)


@pytest.mark.parametrize("truth", [{}, {"data": {"ndarray": []}}, {"data": {"tensor": 5}}])
def test_an_empty_truth_of_seldon_says_nothing(truth: object) -> None:
    assert items(seldon(truth=truth, reward=0)) == (Item(ONE, "reward", 0.0, None, "seldon"),)


def test_a_zero_that_protobuf_leaves_out_is_a_zero() -> None:
    assert items(seldon()) == (Item(ONE, "reward", 0.0, None, "seldon"),)
    assert "nothing to keep" in sentence(seldon(rewards=1))


def test_seldons_answer_without_an_id_is_nobodys() -> None:
    assert items({"response": {"meta": None}, "reward": 1})[0].request_id is None


@pytest.mark.parametrize(
    "data", [{"data": "setosa", "encoding": "CSV"}, {"data": "c2V0b3Nh", "encoding": "BASE64"}, {"data": "setosa"}]
)
def test_sagemakers_ground_truth_is_a_truth(data: object) -> None:
    record = {"groundTruthData": data, "eventMetadata": {"eventId": ONE}, "eventVersion": "0"}

    assert items(record) == (Item(ONE, "truth", "setosa", None, "sagemaker"),)


@pytest.mark.parametrize(
    "record",
    [
        {"groundTruthData": {}},
        {"groundTruthData": {"data": "%", "encoding": "BASE64"}},
        {"groundTruthData": {"data": "x"}, "eventMetadata": {"eventId": "inference-1"}},
    ],
)
def test_a_ground_truth_that_says_nothing_usable_is_refused(record: object) -> None:
    assert sentence(record)


def test_a_sentence_repeats_only_the_beginning_of_what_was_sent() -> None:
    assert len(sentence({"reward": "x" * 100_000})) < 200
    assert len(sentence({"x" * 100_000: 1})) < 500
