"""Every model has a card: the one beside its file, or, where there is none to believe, what the file itself tells."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest

from serving import cards
from tests.serving.conftest import REPOSITORY, Running, Start, sentence

SCHEMA = json.loads((REPOSITORY / "docs" / "card.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
ARTIFACTS = REPOSITORY / "app_iris" / "artifacts"
BY_HAND = "put there by hand; nothing else is known about it"

# Everything that a card can say.
FULL = {
    "name": "svc",
    "file": "iris_svc.onnx",
    "sha256": "",
    "size_bytes": 1,
    "stand_in": True,
    "source": "https://models.example/svc?a=1&b=2",
    "made_from": {"file": "origin.onnx", "sha256": "ab" * 32},
    "built_at": "2026-11-21T10:00:00+00:00",
    "input": "float32 [batch, 4]",
    "preprocessing": "Upright, on white",
    "labels": ["setosa", "versicolor", "virginica"],
    "notes": "Small & quick.",
    "parity": {"against": "PyTorch", "max_abs_dp": 9e-7, "mean_abs_dp": 1e-7, "agreement": 1.0, "count": 32, "of": "rows"},
    "accuracy": {"value": 0.86, "count": 150, "of": "rendered rows"},
    "cost": {
        "latency_p50_ms": 71.2,
        "latency_p90_ms": 74,
        "count": 30,
        "threads": 2,
        "load_s": 0.9,
        "memory_mb": 396.0,
        "cpu": "A processor",
    },
}

# What a card of the first version said.
NEWER = ("size_bytes", "made_from", "preprocessing", "cost")
FIRST = {name: FULL[name] for name in FULL if name not in NEWER} | {"parity": {"max_abs_dp": 9e-7, "count": 32, "of": "rows"}}


class Found(NamedTuple):
    """A file, and what its service or a reader makes of it."""

    path: Path
    sha256: str


@pytest.fixture
def file(tmp_path: Path) -> Found:
    """A classifier without a card."""
    path = Path(shutil.copy(ARTIFACTS / "iris_svc.onnx", tmp_path))
    return Found(path, hashlib.sha256(path.read_bytes()).hexdigest())


def described(found: Found, **changes: Any) -> Found:
    """The file with a full card beside it, but for these changes."""
    found.path.with_suffix(".json").write_text(json.dumps(FULL | {"sha256": found.sha256} | changes))
    return found


def test_the_service_and_the_schema_know_the_same_keys() -> None:
    parts = {"made_from": cards.MadeFrom, "parity": cards.Parity, "accuracy": cards.Accuracy, "cost": cards.Cost}

    assert list(SCHEMA["properties"]) == list(cards.Card.model_fields)
    for name, kind in parts.items():
        assert list(SCHEMA["properties"][name]["properties"]) == list(kind.model_fields)
    for text in (key["description"] for key in SCHEMA["properties"].values()):
        assert text


@pytest.mark.parametrize("card", sorted(REPOSITORY.glob("app_*/artifacts/*.json")), ids=lambda path: path.stem)
def test_the_cards_that_we_write_are_as_published_and_are_believed(card: Path) -> None:
    written = json.loads(card.read_text())

    VALIDATOR.validate(written)
    assert cards.beside(card.with_suffix(".onnx"), written["sha256"]).source == written["source"]


def test_metadata_adds_the_card_on_request(fruit: Running) -> None:
    plain, asked, other = (fruit.get(f"/metadata{query}").json() for query in ("", "?card=1", "?card=0"))

    card = asked.pop("card")
    assert asked == plain == other
    VALIDATOR.validate(card)
    assert list(card) == list(SCHEMA["properties"])
    assert card["sha256"].startswith(plain["version"])
    assert card["stand_in"] is plain["stand_in"]


def test_a_full_card_is_read_whole(file: Found) -> None:
    read = cards.beside(*described(file)).model_dump(mode="json")

    VALIDATOR.validate(read)
    assert read == FULL | {"sha256": file.sha256, "size_bytes": file.path.stat().st_size}


def test_a_card_of_an_earlier_version_lacks_what_it_did_not_say(file: Found) -> None:
    file.path.with_suffix(".json").write_text(json.dumps(FIRST | {"sha256": file.sha256}))

    read = cards.beside(*file)

    VALIDATOR.validate(read.model_dump(mode="json"))
    assert (read.stand_in, read.source) == (True, FULL["source"])
    assert (read.cost, read.made_from, read.preprocessing) == (None, None, None)
    assert read.parity
    assert read.parity.against is None


def test_keys_of_a_later_version_are_passed_over(file: Found) -> None:
    later = cards.beside(*described(file, licence="MIT", accuracy=FULL["accuracy"] | {"folds": [1, 2]}))

    assert later == cards.beside(*described(file))


@pytest.mark.parametrize("name", [name for name in FULL if name not in ("sha256", "stand_in")])
def test_what_is_null_is_not_known(file: Found, name: str) -> None:
    read = cards.beside(*described(file, **{name: None}))

    assert read.stand_in is True
    assert name in ("file", "size_bytes") or getattr(read, name) is None


def test_a_renamed_file_keeps_its_card_and_is_called_as_it_is(file: Found) -> None:
    read = cards.beside(*described(file, file="other.onnx", size_bytes=5))

    assert (read.file, read.size_bytes) == ("iris_svc.onnx", file.path.stat().st_size)


def test_a_file_without_a_card_was_put_there_by_hand(file: Found, caplog: pytest.LogCaptureFixture) -> None:
    card = cards.beside(*file)

    assert (card.file, card.sha256, card.size_bytes) == ("iris_svc.onnx", file.sha256, file.path.stat().st_size)
    assert (card.stand_in, card.source) == (False, BY_HAND)
    assert caplog.messages == []


def test_a_card_with_another_digest_describes_another_file(file: Found, caplog: pytest.LogCaptureFixture) -> None:
    card = cards.beside(*described(file, sha256="cd" * 32))

    assert (card.sha256, card.stand_in, card.source, card.notes) == (file.sha256, False, BY_HAND, None)
    (said,) = caplog.messages
    assert "iris_svc.json describes another file than iris_svc.onnx: the SHA-256 differs." in said


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Invalid JSON"),
        (b'{"name": "svc", ', "Invalid JSON"),
        (b"\xff\xfe\x00", "Invalid JSON"),
        (b"[" * 5000, "Invalid JSON"),
        (b"[]", "Input should be an object"),
        (b"null", "Input should be an object"),
        (b"{}", "sha256: Field required"),
        ({"notes": 5}, "notes: "),
        ({"notes": "\ud800"}, "Invalid JSON"),
        ({"stand_in": "yes"}, "stand_in: "),
        ({"stand_in": None}, "stand_in: "),
        ({"sha256": None}, "sha256: "),
        ({"labels": "apple"}, "labels: "),
        ({"labels": ["apple", 5]}, "labels.1: "),
        ({"parity": []}, "parity: "),
        ({"parity": FULL["parity"] | {"max_abs_dp": float("nan")}}, "parity.max_abs_dp: "),
        ({"accuracy": {"value": 86, "count": 150, "of": "rows"}}, "accuracy.value: "),
        ({"accuracy": {"value": 0.86, "count": 10**40, "of": "rows"}}, "accuracy.count: "),
        ({"cost": {"memory_mb": "much"}}, "cost.memory_mb: "),
        ({"cost": {"load_s": -1}}, "cost.load_s: "),
    ],
    ids=str,
)
def test_a_broken_card_is_not_believed_and_the_log_says_why(
    file: Found, caplog: pytest.LogCaptureFixture, content: bytes | dict[str, Any], reason: str
) -> None:
    if isinstance(content, bytes):
        file.path.with_suffix(".json").write_bytes(content)
    else:
        described(file, **content)

    card = cards.beside(*file)

    assert (card.sha256, card.stand_in, card.source) == (file.sha256, False, BY_HAND)
    (said,) = caplog.messages
    assert f"iris_svc.json is no card that can be read: {reason}" in said
    assert said.isprintable()


def test_a_card_that_cannot_be_opened_is_not_believed(file: Found, caplog: pytest.LogCaptureFixture) -> None:
    file.path.with_suffix(".json").mkdir()

    assert cards.beside(*file).source == BY_HAND
    assert "Is a directory" in caplog.text


@pytest.mark.parametrize("content", [None, b"{", b'{"sha256": "' + b"cd" * 32 + b'", "stand_in": true}'], ids=["none", "broken", "other"])
def test_a_model_without_a_card_to_believe_is_served_and_described(start: Start, file: Found, content: bytes | None) -> None:
    if content is not None:
        file.path.with_suffix(".json").write_bytes(content)

    service = start(APP="app_iris", VARIANT="mine", MODEL_FILEPATH=str(file.path))

    card = service.get("/metadata?card=1").json()["card"]
    VALIDATOR.validate(card)
    assert service.get("/predict/test").ok
    assert (card["name"], card["file"], card["sha256"]) == ("mine", "iris_svc.onnx", file.sha256)
    assert (card["stand_in"], card["source"], card["labels"]) == (False, BY_HAND, ["setosa", "versicolor", "virginica"])
    assert card["input"] == "float32 [batch, 4]: sepal_length_cm, sepal_width_cm, petal_length_cm, petal_width_cm"
    assert BY_HAND in service.get("/card").text
    assert any("] [WARNING] [" in line and "iris_svc.json" in line for line in service.lines()) == (content is not None)


MODEL = """
from pathlib import Path

import numpy as np

from serving.artifacts import find
from serving.contract import Artifact, Picture, Prediction


class Two:
    takes = Picture(8, Path("sample_data/lemon/lemon_01.jpg"))
    labels = ("dark", "bright")
    artifact = Artifact(Path("two.py"), "0" * 64, stand_in=False)
    prediction_sample = [0.5, 0.5]

    def __init__(self):
        self.parts = (find("app_two", "first.onnx"), find("app_two", "second.onnx"))

    def prepare(self, item):
        return np.zeros(1, np.float32)

    def predict(self, batch):
        return [Prediction((0.5, 0.5))]


def load(variant):
    return Two()
"""


@pytest.fixture(scope="module")
def two(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Running:
    """A model that found its artifact in its own way and needs two more: a stand-in and one without a card."""
    folder = tmp_path_factory.mktemp("two")
    card = FULL | {"name": "first", "sha256": hashlib.sha256(b"1").hexdigest()}
    files = {"model.py": MODEL, "first.onnx": "1", "first.json": json.dumps(card), "second.onnx": "2"}
    (folder / "app_two").mkdir()
    for name, content in files.items():
        (folder / "app_two" / name).write_text(content)
    return start(APP="app_two", PYTHONPATH=str(folder), LAB_ARTIFACTS=str(folder))


def test_a_model_of_several_files_shows_a_card_for_each(two: Running) -> None:
    said = two.get("/metadata?card=1").json()
    page = two.get("/card").text

    for card in (said["card"], *said["cards"]):
        VALIDATOR.validate(card)
    assert (said["card"]["name"], said["card"]["file"], said["card"]["source"]) == ("two", "two.py", BY_HAND)
    assert said["card"]["input"] == "an RGB picture, of which it looks at 8 pixels on the shorter side"
    assert [(card["name"], card["stand_in"], card["labels"]) for card in said["cards"]] == [
        ("first", True, FULL["labels"]),
        ("second", False, None),
    ]
    assert page.count("<section") == 3
    assert page.count("This is a stand-in.") == 1


def test_the_log_names_every_stand_in_at_the_start(two: Running, fruit: Running, svc: Running) -> None:
    assert [name for name in ("two.py", "first.onnx", "second.onnx") if stands_in(two, name)] == ["first.onnx"]
    assert stands_in(fruit, "custom.onnx")
    assert not any("is a stand-in" in line for line in svc.lines())


def stands_in(service: Running, name: str) -> bool:
    return any(f"] {name} is a stand-in: " in line and "] [WARNING] [" in line for line in service.lines())


def test_without_a_model_there_is_no_card(start: Start, tmp_path: Path) -> None:
    service = start(APP="app_iris", VARIANT="svc", MODEL_FILEPATH=str(tmp_path / "none.onnx"))

    page, asked = service.get("/card"), service.get("/metadata?card=1")

    assert (page.status_code, asked.status_code) == (503, 503)
    assert page.headers["Content-Type"].startswith("text/html")
    assert "none.onnx is missing." in sentence(page)
