"""The iris models are the documents' models, and the same on every run."""

import os
import subprocess
import sys

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from app_iris import build
from models.built import FULL, Build, Built
from models.cli import ROOT

SETOSA, VIRGINICA, ODD, FAR = (5.1, 3.5, 1.4, 0.2), (6.7, 3.0, 5.2, 2.3), (7.7, 2.6, 6.9, 2.3), (100, 100, 100, 100)

DIGESTS = """
from hashlib import sha256
from app_iris import build
for make in (build.svc, build.random_forest, build.xgboost, build.outlier_detector):
    print(sha256(make(None).graph.SerializeToString(deterministic=True)).hexdigest())
"""


def run(built: Built, *rows: tuple[float, ...]) -> list[NDArray[np.generic]]:
    session = onnxruntime.InferenceSession(built.graph.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"float_input": np.array(rows, np.float32)})


def test_the_outlier_detector_scores_the_golden_rows_of_the_documents() -> None:
    detector = build.outlier_detector(FULL)

    labels, scores = run(detector, SETOSA, VIRGINICA, ODD, FAR)

    assert scores.ravel() == pytest.approx([0.1915884, 0.4404359, -0.3735280, -2.9413142], abs=1e-6)
    assert labels.ravel().tolist() == [1, 1, -1, -1]


@pytest.mark.parametrize("make", [build.svc, build.random_forest, build.xgboost])
def test_a_classifier_answers_a_label_and_an_array_of_probabilities(make: Build) -> None:
    classifier = make(FULL)

    labels, probabilities = run(classifier, SETOSA, VIRGINICA)

    assert labels.tolist() == [0, 2]
    assert probabilities.dtype == np.float32
    assert probabilities.sum(axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert classifier.accuracy.value > 0.9
    assert classifier.parity.max_abs_dp <= 1e-5
    assert classifier.parity.agreement == 1


def test_the_forest_answers_as_scikit_learn_does_on_every_grid_point() -> None:
    # Millimetres of a ruler: where thresholds halfway between two measurements are met exactly.
    rng = np.random.default_rng(0)
    rows = np.round(rng.uniform((4, 2, 1, 0.1), (8, 4.5, 7, 2.5), (5000, 4)), 1)

    forest = build.random_forest(FULL)
    _, found = run(forest, *rows)

    assert np.abs(found - trained_forest().predict_proba(rows)).max() <= 1e-5


def test_the_svc_stays_one_node_with_probabilities() -> None:
    graph = build.svc(FULL).graph

    operators = [node.op_type for node in graph.graph.node]

    assert operators.count("SVMClassifier") == 1
    assert "ZipMap" not in operators


def test_every_process_writes_the_same_bytes() -> None:
    # Another hash seed puts every set of strings into another order.
    first, second = (digests(hash_seed) for hash_seed in ("1", "2"))

    assert first == second
    assert len(first) == 4


def trained_forest() -> RandomForestClassifier:
    rows, species = load_iris(return_X_y=True)
    train_rows, _, train_species, _ = train_test_split(rows, species, test_size=0.3, random_state=build.SEED)
    return RandomForestClassifier(random_state=build.SEED).fit(train_rows, train_species)


def digests(hash_seed: str) -> list[str]:
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    done = subprocess.run([sys.executable, "-c", DIGESTS], env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()
