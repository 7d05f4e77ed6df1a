"""YAML with the place of every value."""

import pytest

from lab.spec.document import documents
from lab.spec.errors import SpecError
from lab.spec.place import Place


def refused(text: str) -> str:
    with pytest.raises(SpecError) as error:
        documents(text)
    return str(error.value)


def test_every_value_and_every_name_of_a_field_knows_its_line_and_column() -> None:
    text = "spec:\n  objectives:\n  - metric: error-rate\n    upperLimit: 5\n"

    (document,) = documents(text, "a.yaml")

    assert document.values["spec", "objectives", 0, "upperLimit"] == Place(4, 17, "a.yaml")
    assert document.keys["spec", "objectives", 0, "upperLimit"] == Place(4, 5, "a.yaml")


def test_a_field_that_is_missing_is_placed_at_what_is_around_it() -> None:
    (document,) = documents("spec:\n  target: iris\n")

    assert document.at(("spec", "strategy", "weights")) == Place(2, 3)


def test_several_documents_keep_their_lines_and_empty_ones_are_passed_over() -> None:
    found = documents("# nothing\n---\na: 1\n---\n---\nb: 2\n")

    assert [(one.value, one.at(()).line) for one in found] == [({"a": 1}, 3), ({"b": 2}, 6)]


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "12:30", "2021-07-21", "0x1F", "1_000"])
def test_words_that_old_yaml_takes_for_something_else_are_text(word: str) -> None:
    (document,) = documents(f"value: {word}")

    assert document.value == {"value": word}


def test_numbers_truth_values_and_nothing_are_what_they_look_like() -> None:
    (document,) = documents("[1, -2, 0.5, 1e3, true, False, null, ~]")

    assert document.value == [1, -2, 0.5, 1000.0, True, False, None, None]


def test_a_merged_mapping_gives_what_is_not_said_again() -> None:
    (document,) = documents("usual: &usual {a: 1, b: 2}\nhere:\n  <<: *usual\n  b: 3\n")

    assert document.value["here"] == {"a": 1, "b": 3}
    assert document.at(("here", "b")) == Place(4, 6)


def test_a_field_that_stands_twice_is_refused_with_both_places() -> None:
    assert refused("a: 1\nb: 2\na: 3\n") == "3:1: a stands here for the second time; the first is in line 1. Keep one of them."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: {b", "1:6: This is not YAML: expected ',' or '}', but got '<stream end>'."),
        ("a:\n\t- b", "2:1: This is not YAML: found character '\\t' that cannot start any token."),
        ("a: \x01", "1:4: This is not YAML: special characters are not allowed."),
        ("a: !!int many", "1:4: many is no int."),
        ("a: !!python/name:os.system x", "1:4: This is not YAML: could not determine a constructor for the tag"),
        ("{{ name }}: 1", "1:1: This is no name of a field. Text in braces must be quoted."),
        ("[" * 5000, "1:1: It is nested too deeply."),
        ("a: &a [*a]", "1:4: Its aliases (*) make it endless."),
        ("x" * 1_000_001, "1:1: The text has 1000001 characters, 1000000 are allowed."),
    ],
)
def test_what_is_not_sane_yaml_is_refused_at_its_place(text: str, sentence: str) -> None:
    assert refused(text).startswith(sentence)


def test_aliases_of_aliases_are_stopped_before_they_fill_the_memory() -> None:
    levels = "".join(f"l{n + 1}: &l{n + 1} [{', '.join([f'*l{n}'] * 9)}]\n" for n in range(12))

    assert "endless" in refused(f"l0: &l0 [1]\n{levels}")
