"""Trains the iris models on Fisher's data and writes them as ONNX."""

import warnings

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto, OperatorSetIdProto
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.base import BaseEstimator
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, OneClassSVM

from models.built import Built, Effort
from models.cards import Accuracy, Parity

LABELS = ("setosa", "versicolor", "virginica")
INPUT = "float32 [batch, 4]: sepal length, sepal width, petal length, petal width, in cm"

NOTES_FOREST = "Scaled, then a random forest of 100 trees. ONNX scales in float32: a row exactly on a threshold may fall to its other side."

# The split, the forest and the calibration of the SVC draw random numbers.
SEED = 0


def svc(effort: Effort) -> Built:
    """Support vectors with an RBF kernel; probabilities by Platt's method (Platt 1999, "Probabilistic outputs")."""
    with warnings.catch_warnings():
        # scikit-learn 1.11 will drop `probability` and proposes CalibratedClassifierCV, which exports as a graph of a dozen nodes.
        # This is one SVMClassifier node, as in the files that the lab's documents use; pyproject.toml pins the version.
        warnings.filterwarnings("ignore", r"(The `probability` parameter|Attribute `prob[AB]_`) was deprecated", FutureWarning)
        return _classifier("iris_svc", SVC(probability=True, random_state=SEED), "Scaled, then an SVC with an RBF kernel.")


def random_forest(effort: Effort) -> Built:
    """A hundred trees."""
    return _classifier("iris_rf", RandomForestClassifier(random_state=SEED), NOTES_FOREST)


def outlier_detector(effort: Effort) -> Built:
    """Scores how much a row looks like an iris: positive inside, negative outside, -2.94 far away."""
    rows, _ = load_iris(return_X_y=True)
    detector = make_pipeline(StandardScaler(), OneClassSVM(nu=0.1, gamma="auto")).fit(rows)
    notes = "Scaled, then a one-class SVM (nu 0.1) of all 150 rows. A negative score is an outlier."
    return Built(_exported("iris_ocs", detector), INPUT, ("outlier", "inlier"), notes)


def _classifier(name: str, estimator: BaseEstimator, notes: str) -> Built:
    rows, species = load_iris(return_X_y=True)
    train_rows, test_rows, train_species, test_species = train_test_split(rows, species, test_size=0.3, random_state=SEED)
    model = make_pipeline(StandardScaler(), estimator).fit(train_rows, train_species)
    graph = _exported(name, model, zipmap=False)
    accuracy = Accuracy(round(float(model.score(test_rows, test_species)), 4), len(test_rows), "rows of iris held out")
    return Built(graph, INPUT, LABELS, notes, _parity(graph, rows, model.predict_proba(rows)), accuracy)


def _exported(name: str, model: BaseEstimator, **options: bool) -> ModelProto:
    graph = to_onnx(model, initial_types=[("float_input", FloatTensorType([None, 4]))], options={id(model): options}, name=name)
    _sort_opsets(graph)
    return graph


def _sort_opsets(graph: ModelProto) -> None:
    # skl2onnx lists them in the order of a set of strings, another one in every process: the digest would change each time.
    versions = {opset.domain: opset.version for opset in graph.opset_import}
    del graph.opset_import[:]
    graph.opset_import.extend(OperatorSetIdProto(domain=domain, version=versions[domain]) for domain in sorted(versions))


def _parity(graph: ModelProto, rows: NDArray[np.float64], expected: NDArray[np.float64]) -> Parity:
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    _, probabilities = session.run(None, {"float_input": rows.astype(np.float32)})
    return Parity(float(np.abs(probabilities - expected).max()), len(rows), "rows of iris")
