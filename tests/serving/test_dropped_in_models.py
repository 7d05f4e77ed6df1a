"""Other people's ONNX files can be dropped in and keep their numbers; a missing one is said, not replaced."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from skl2onnx import to_onnx
from sklearn.base import BaseEstimator
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM

from tests.serving.conftest import Running, Start, sentence

ROWS = [(5.1, 3.5, 1.4, 0.2), (6.7, 3.0, 5.2, 2.3), (6.8, 2.8, 4.8, 1.4), (100, 100, 100, 100)]

# In three scripts, one beyond the first 65,536 characters.
LABELS = {"0": "Borsten-Schwertlilie (blåiris)", "1": "アヤメ", "2": "🪻 iris"}


class DroppedIn(NamedTuple):
    """A service with files that are not ours, and those files."""

    service: Running
    classifier: Path
    detector: Path


@pytest.fixture(scope="module", params=[True, False], ids=["ZipMap", "array"])
def dropped_in(request: pytest.FixtureRequest, start: Start, tmp_path_factory: pytest.TempPathFactory) -> DroppedIn:
    folder = tmp_path_factory.mktemp("models")
    rows, species = load_iris(return_X_y=True)
    classifier = saved(make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, species), folder / "mine.onnx", zipmap=request.param)
    detector = saved(OneClassSVM(nu=0.3).fit(rows), folder / "odd.onnx")
    labels = folder / "labels.json"
    labels.write_text(json.dumps(LABELS))
    files = {"MODEL_FILEPATH": str(classifier), "OUTLIER_MODEL_FILEPATH": str(detector), "LABEL_FILEPATH": str(labels)}
    return DroppedIn(start(APP="app_iris", VARIANT="mine", **files), classifier, detector)


def saved(model: BaseEstimator, path: Path, **options: bool) -> Path:
    rows = np.zeros((1, 4), np.float32)
    path.write_bytes(to_onnx(model, rows, options={id(model): options} if options else None).SerializeToString())
    return path


def run(path: Path, row: tuple[float, ...]) -> Any:
    """The last output of an ONNX file for one row."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    batch: NDArray[np.float32] = np.array([row], np.float32)
    return session.run(None, {session.get_inputs()[0].name: batch})[-1]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_dropped_in_model_keeps_its_numbers_to_the_last_digit(dropped_in: DroppedIn, row: tuple[float, ...]) -> None:
    said = dropped_in.service.row(*row).json()

    (expected,) = run(dropped_in.classifier, row)
    numbers = expected.values() if isinstance(expected, dict) else expected
    assert said["prediction"] == [float(np.float32(number)) for number in numbers]
    assert said["outlier_score"] == float(run(dropped_in.detector, row).item())
    assert said["mode"] == "mine.onnx"


def test_the_labels_file_names_the_classes(dropped_in: DroppedIn) -> None:
    service = dropped_in.service

    said = service.row(6.7, 3.0, 5.2, 2.3, path="/predict/label")

    assert service.get("/label").json() == LABELS
    assert said.json()["prediction"] == LABELS["2"]
    header = said.headers["X-Lab-Prediction"]
    assert header.isascii()
    assert header.isprintable()
    assert json.loads(header)["label"] == LABELS["2"]


def written(folder: Path, content: bytes | None) -> str:
    """The path of a file with this content, or of none."""
    path = folder / "theirs.onnx"
    if content is not None:
        path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize(
    ("setting", "content", "words"),
    [
        ("MODEL_FILEPATH", None, "theirs.onnx is missing. Check MODEL_FILEPATH."),
        ("MODEL_FILEPATH", b"These are notes.", "theirs.onnx is not an ONNX model that ONNX Runtime"),
        ("OUTLIER_MODEL_FILEPATH", None, "theirs.onnx is missing. Check OUTLIER_MODEL_FILEPATH."),
        ("LABEL_FILEPATH", None, "theirs.onnx is missing. Check LABEL_FILEPATH."),
        ("LABEL_FILEPATH", b"setosa, versicolor", "theirs.onnx is not a JSON object of labels"),
        ("LABEL_FILEPATH", b'["setosa"]', "theirs.onnx is not a JSON object of labels"),
        ("LABEL_FILEPATH", b'{"0": "a", "1": "b"}', "iris_svc.onnx answers 3 probabilities, but there are 2 labels: a, b."),
    ],
    ids=["no model", "broken model", "no detector", "no labels", "broken labels", "a list of labels", "too few labels"],
)
def test_without_a_usable_file_the_service_lives_and_says_which(
    start: Start, tmp_path: Path, setting: str, content: bytes | None, words: str
) -> None:
    service = start(APP="app_iris", VARIANT="svc", **{setting: written(tmp_path, content)})

    answers = [service.get("/ready"), service.get("/predict/test"), service.row(5.1, 3.5, 1.4, 0.2), service.get("/interface/")]

    assert service.get("/health").json() == {"health": "ok"}
    assert [answer.status_code for answer in answers] == [503] * 4
    assert all(words in sentence(answer) for answer in answers)
    assert any(words in line for line in service.lines())


def test_an_empty_setting_is_none(start: Start) -> None:
    # Compose hands over VARIABLE: "${VARIABLE:-}" as an empty text.
    empty = dict.fromkeys(("MODEL_FILEPATH", "OUTLIER_MODEL_FILEPATH", "LABEL_FILEPATH", "OUTLIER_LOWER_THRESHOLD"), "")

    service = start(APP="app_iris", VARIANT="svc", **empty)

    assert service.row(5.1, 3.5, 1.4, 0.2, path="/predict/label").json()["prediction"] == "setosa"


def test_an_unknown_variant_is_told_the_known_ones(start: Start) -> None:
    service = start(APP="app_iris", VARIANT="tulip")

    assert sentence(service.get("/ready")).startswith("app_iris knows no variant 'tulip'. Choose one of: svc, forest")
