"""Trains the iris models on Fisher's data and writes them as ONNX."""

import warnings

import numpy as np
from onnx import ModelProto, OperatorSetIdProto
from onnxmltools.convert import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as XGBoostFloatTensorType
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, OneClassSVM
from xgboost import XGBClassifier

from models.built import Built, Effort
from models.cards import Accuracy
from models.parity import check_rounding, compare
from models.run import run

LABELS = ("setosa", "versicolor", "virginica")
INPUT = "float32 [batch, 4]: sepal length, sepal width, petal length, petal width, in cm"

PREPROCESSING = "Nothing outside the graph: centimetres go in."

# The split, the forest and the calibration of the SVC draw random numbers.
SEED = 0

# Of the trees' operator: the newest that onnxmltools writes.
OPSET = 15

# Four numbers need no second thread.
THREADS = 1


def svc(effort: Effort) -> Built:
    """Support vectors with an RBF kernel; probabilities by Platt's method (Platt 1999, "Probabilistic outputs")."""
    with warnings.catch_warnings():
        # scikit-learn 1.11 will drop `probability` and proposes CalibratedClassifierCV, which exports as a graph of a dozen nodes.
        # This is one SVMClassifier node, as in the files that the lab's documents use; pyproject.toml pins the version.
        warnings.filterwarnings("ignore", r"(The `probability` parameter|Attribute `prob[AB]_`) was deprecated", FutureWarning)
        model = make_pipeline(StandardScaler(), SVC(probability=True, random_state=SEED))
        return _classifier("iris_svc", model, "Scaled, then an SVC with an RBF kernel.")


def random_forest(effort: Effort) -> Built:
    """A hundred trees. Unscaled: trees need no scaling, and a value scaled in float32 may fall to the other side of a threshold."""
    return _classifier("iris_rf", RandomForestClassifier(random_state=SEED), "A random forest of 100 trees.")


def xgboost(effort: Effort) -> Built:
    """Gradient-boosted trees (Chen and Guestrin 2016, "XGBoost"), shallow and few: 105 rows carry no more."""
    model = XGBClassifier(n_estimators=50, max_depth=3, learning_rate=0.1, tree_method="exact", n_jobs=1, random_state=SEED)
    return _classifier("iris_xgboost", model, "XGBoost: 50 rounds of trees of depth 3.")


def outlier_detector(effort: Effort) -> Built:
    """Scores how much a row looks like an iris: positive inside, negative outside, -2.94 far away."""
    rows, _ = load_iris(return_X_y=True)
    detector = make_pipeline(StandardScaler(), OneClassSVM(nu=0.1, gamma="auto")).fit(rows)
    graph = _exported("iris_ocs", detector)
    notes = "Scaled, then a one-class SVM (nu 0.1) of all 150 rows. A negative score is an outlier."
    return Built(graph, INPUT, ("outlier", "inlier"), notes, preprocessing=PREPROCESSING, threads=THREADS)


def _classifier(name: str, model: ClassifierMixin, notes: str) -> Built:
    rows, species = load_iris(return_X_y=True)
    train_rows, test_rows, train_species, test_species = train_test_split(rows, species, test_size=0.3, random_state=SEED)
    model.fit(train_rows, train_species)
    boosted = isinstance(model, XGBClassifier)
    graph = _from_xgboost(name, model) if boosted else _exported(name, model, zipmap=False)
    accuracy = Accuracy(round(float(model.score(test_rows, test_species)), 4), len(test_rows), "rows of iris held out")
    found = run(graph, rows.astype(np.float32), few=len(rows))
    parity = check_rounding(compare(model.predict_proba(rows), found, "XGBoost" if boosted else "scikit-learn", "rows of iris"))
    return Built(graph, INPUT, LABELS, notes, parity, accuracy, PREPROCESSING, THREADS)


def _from_xgboost(name: str, model: XGBClassifier) -> ModelProto:
    graph = convert_xgboost(model, initial_types=[("float_input", XGBoostFloatTensorType([None, 4]))], target_opset=OPSET)
    # onnxmltools gives every graph a random name: the digest would change each time.
    graph.graph.name = name
    return graph


def _exported(name: str, model: BaseEstimator, **options: bool) -> ModelProto:
    graph = to_onnx(model, initial_types=[("float_input", FloatTensorType([None, 4]))], options={id(model): options}, name=name)
    _sort_opsets(graph)
    return graph


def _sort_opsets(graph: ModelProto) -> None:
    # skl2onnx lists them in the order of a set of strings, another one in every process: the digest would change each time.
    versions = {opset.domain: opset.version for opset in graph.opset_import}
    del graph.opset_import[:]
    graph.opset_import.extend(OperatorSetIdProto(domain=domain, version=versions[domain]) for domain in sorted(versions))
