"""Every class has its right name, however the list of them is written."""

import json
from pathlib import Path

import pytest
from onnx import ModelProto

from models.errors import Unusable
from models.labels import read_labels, write_labels


def labels(folder: Path, text: str, classes: int, background: str = "first") -> tuple[str, ...]:
    """What a label file says of a network with so many classes."""
    path = folder / "labels.txt"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_labels(path, classes, background)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Iris versicolor (Blue Flag)", "Iris versicolor"),
        ("tench, Tinca tinca", "tench"),
        ("toilet tissue, toilet paper, bathroom tissue", "toilet tissue"),
        ("Persian cat", "Persian cat"),
        ("jack-o'-lantern", "jack-o'-lantern"),
        ("(no name)", "(no name)"),
        ("  bolete\t\r", "bolete"),
        ("Schwertlilie (blåiris)", "Schwertlilie"),
    ],
)
def test_a_name_ends_at_the_bracket_or_the_comma(tmp_path: Path, line: str, name: str) -> None:
    assert labels(tmp_path, f"background\n{line}\n", 2) == ("background", name)


@pytest.mark.parametrize("text", ["0  oak\n1  ash\n2  elm\n", "0: oak\n1: ash\n2: elm", "2 elm\n0 oak\n1 ash\n", "oak\n\nash\nelm\n"])
def test_numbered_lines_and_empty_ones_change_nothing(tmp_path: Path, text: str) -> None:
    assert labels(tmp_path, text, 3) == ("oak", "ash", "elm")


def test_names_that_begin_with_digits_are_names(tmp_path: Path) -> None:
    assert labels(tmp_path, "5 spot ladybird\n7 spot ladybird\n", 2) == ("5 spot ladybird", "7 spot ladybird")


@pytest.mark.parametrize(
    ("text", "classes", "background", "names"),
    [
        ("tench\ngoldfish\n", 3, "first", ("background", "tench", "goldfish")),
        ("Betula lenta\nUrtica dioica\n", 3, "last", ("Betula lenta", "Urtica dioica", "background")),
        ("background\ntench\n", 1, "first", ("tench",)),
        ("Betula lenta\nbackground\n", 1, "last", ("Betula lenta",)),
        ("Betula lenta\nbackground\n", 2, "last", ("Betula lenta", "background")),
    ],
    ids=["none, first", "none, last", "too many, first", "too many, last", "there"],
)
def test_the_background_goes_where_the_network_has_it(
    tmp_path: Path, text: str, classes: int, background: str, names: tuple[str, ...]
) -> None:
    assert labels(tmp_path, text, classes, background) == names


@pytest.mark.parametrize(("text", "background"), [("a\nb\nc\n", "first"), ("background\na\nb\nc\nd\ne\n", "last"), ("", "first")])
def test_a_list_of_another_length_is_refused(tmp_path: Path, text: str, background: str) -> None:
    with pytest.raises(Unusable, match=r"^labels\.txt names \d classes, the network has 5\. They do not belong together\.$"):
        labels(tmp_path, text, 5, background)


def test_a_list_in_another_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="is no text in UTF-8"):
        labels(tmp_path, b"bl\xe5iris\n", 1)  # type: ignore[arg-type]


def test_two_classes_may_share_a_name(tmp_path: Path) -> None:
    assert labels(tmp_path, "crane (a bird)\ncrane (a machine)\n", 2) == ("crane", "crane")


def test_the_names_are_kept_inside_the_graph() -> None:
    model = ModelProto()

    write_labels(model, ("アヤメ", "iris"))

    (note,) = model.metadata_props
    assert (note.key, json.loads(note.value)) == ("labels", ["アヤメ", "iris"])
