"""Measurements that no model should see are refused with a sentence."""

import pytest

from tests.serving.conftest import Running, sentence

NOT_FINITE = "must be a finite number"
ONE_ROW = "must be one row of 4 numbers"

ROWS = {
    "not a number": ('"abc"', f"sepal_length_cm is 'abc', {NOT_FINITE}"),
    "the text NaN": ('"NaN"', f"is 'NaN', {NOT_FINITE}"),
    "the text Infinity": ('"-Infinity"', f"is '-Infinity', {NOT_FINITE}"),
    "empty text": ('""', f"is '', {NOT_FINITE}"),
    "text without end": (f'"{"x" * 10_000}"', f"xxx…, {NOT_FINITE}"),
    "beyond float32": ("1e39", f"is 1e+39, {NOT_FINITE}"),
    "an integer beyond float32": (f"1{'0' * 40}", NOT_FINITE),
    "text beyond float64": ('"1e400"', f"is '1e400', {NOT_FINITE}"),
    "true": ("true", f"is true, {NOT_FINITE}"),
    "null": ("null", f"is null, {NOT_FINITE}"),
    "an object": ('{"a": 1}', f"is an object, {NOT_FINITE}"),
    "a nested list": ("[" * 100 + "]" * 100, f"is a list, {NOT_FINITE}"),
}

BODIES = {
    "nothing": ("", "The body is empty"),
    "broken JSON": ('{"data": [[5.1,', "not valid JSON"),
    "the literal NaN": ('{"data": [[NaN, 3.5, 1.4, 0.2]]}', "not valid JSON"),
    "the literal Infinity": ('{"data": [[Infinity, 3.5, 1.4, 0.2]]}', "not valid JSON"),
    "beyond float64": ('{"data": [[1e400, 3.5, 1.4, 0.2]]}', "not valid JSON"),
    "100,000 brackets": ("[" * 100_000, "not valid JSON"),
    "100,000 brackets in a row": ('{"data": [[' + "[" * 100_000 + "]" * 100_000 + "]]}", "not valid JSON"),
    "not UTF-8": (b'{"data": "\xff"}', "not valid JSON"),
    "a list": ("[[5.1, 3.5, 1.4, 0.2]]", "The body is JSON, but no object"),
    "a number": ("1", "The body is JSON, but no object"),
    "3 numbers": ('{"data": [[1, 2, 3]]}', f"{ONE_ROW}, like [[5.1, 3.5, 1.4, 0.2]]; it is a list of 1 (3 numbers)"),
    "5 numbers": ('{"data": [[1, 2, 3, 4, 5]]}', "it is a list of 1 (5 numbers)"),
    "2 rows": ('{"data": [[1, 2, 3, 4], [1, 2, 3, 4]]}', "it is a list of 2 (4 numbers, 4 numbers)"),
    "one dimension": ('{"data": [5.1, 3.5, 1.4, 0.2]}', "it is a list of 4 (5.1, 3.5, 1.4, …)"),
    "three dimensions": ('{"data": [[[1, 2, 3, 4]]]}', "it is a list of 1 (1 numbers)"),
    "no row": ('{"data": []}', ONE_ROW),
    "null": ('{"data": null}', "it is null"),
    "an object": ('{"data": {"0": [1, 2, 3, 4]}}', "it is an object"),
    "text": ('{"data": "5.1 3.5 1.4 0.2"}', "it is '5.1 3.5 1.4 0.2'"),
} | {f"{name} in the row": (f'{{"data": [[{value}, 3.5, 1.4, 0.2]]}}', words) for name, (value, words) in ROWS.items()}


@pytest.mark.parametrize("path", ["/predict", "/predict/label"])
@pytest.mark.parametrize(("body", "words"), BODIES.values(), ids=list(BODIES))
def test_wrong_measurements_are_refused_and_the_next_row_is_answered(svc: Running, path: str, body: str | bytes, words: str) -> None:
    answer = svc.post(path, data=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422
    assert words in sentence(answer)
    assert len(sentence(answer)) < 300
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]
    assert svc.row(5.1, 3.5, 1.4, 0.2, path=path).ok


def test_a_wrong_number_in_the_form_is_a_page_that_names_it(svc: Running) -> None:
    page = svc.post("/result/", data={"sepal_length_cm": "long", "sepal_width_cm": "3", "petal_length_cm": "1", "petal_width_cm": "1"})

    assert page.status_code == 422
    assert sentence(page) == f"Invalid input data: Sepal length (cm) is 'long', {NOT_FINITE}."
    assert "<form" in page.text


def test_the_edge_of_float32_is_a_number(svc: Running) -> None:
    said = svc.row(3.4028234663852886e38, 0, 0, 0).json()

    assert said["is_outlier"] is True
