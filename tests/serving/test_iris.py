"""The iris services answer as the documents of the online A/B and of the prediction log show."""

from typing import Any

import pytest
import requests

from tests.serving.conftest import Running, Start

SETOSA = (5.1, 3.5, 1.4, 0.2)
FILES = {"svc": "iris_svc.onnx", "forest": "iris_rf.onnx"}

# The documents' outlier scores, of a detector that anybody can train again.
GOLDEN_SCORES = {
    SETOSA: 0.1915884017944336,
    (6.7, 3.0, 5.2, 2.3): 0.44043588638305664,
    (6.8, 2.8, 4.8, 1.4): 0.1255512237548828,
    (4.9, 3.0, 1.4, 0.2): 0.07691597938537598,
    (7.7, 2.6, 6.9, 2.3): -0.37352800369262695,
    (100, 100, 100, 100): -2.941314220428467,
}

METADATA = {
    "data_type": "float32",
    "data_structure": "(1,4)",
    "data_sample": [[5.1, 3.5, 1.4, 0.2]],
    "prediction_type": "float32",
    "prediction_structure": "(1,3)",
    "prediction_sample": [0.97093159, 0.01558308, 0.01348537],
    "outlier_type": "bool, float32",
    "outlier_structure": "(1,2)",
    "outlier_sample": [False, 0.4],
}


@pytest.fixture(params=["svc", "forest"])
def iris(request: pytest.FixtureRequest) -> Running:
    service: Running = request.getfixturevalue(request.param)
    return service


def without_id(answer: requests.Response) -> dict[str, Any]:
    """The answer's JSON without its request id, which must be the header's."""
    said: dict[str, Any] = answer.json()
    assert said.pop("job_id") == answer.headers["X-Request-ID"]
    return said


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/health", {"health": "ok"}),
        ("/metadata", METADATA),
        ("/label", {"0": "setosa", "1": "versicolor", "2": "virginica"}),
    ],
)
def test_what_the_service_is_reads_as_in_the_documents(iris: Running, path: str, expected: dict[str, Any]) -> None:
    answer = iris.get(path)

    assert answer.status_code == 200
    assert answer.json() == expected
    assert list(answer.json()) == list(expected)


def test_a_ready_service_names_its_model(iris: Running) -> None:
    said = iris.get("/ready").json()

    assert said["ready"] is True
    assert said["model"] == iris.environment["VARIANT"]


def test_the_sample_is_predicted_with_the_documents_keys(iris: Running) -> None:
    answer = iris.get("/predict/test")

    assert list(answer.json()) == ["job_id", "prediction", "is_outlier", "outlier_score", "mode"]
    said = without_id(answer)
    assert said["mode"] == FILES[iris.environment["VARIANT"]]
    assert said["is_outlier"] is False
    assert len(said["prediction"]) == 3
    assert said["prediction"][0] > 0.9
    assert sum(said["prediction"]) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("path", ["/predict", "/predict/label"])
@pytest.mark.parametrize("body", [{"data": [SETOSA]}, {}, {"data": [[str(number) for number in SETOSA]]}], ids=["row", "nothing", "text"])
def test_the_sample_row_or_nothing_is_predicted_like_the_test(iris: Running, path: str, body: dict[str, Any]) -> None:
    answer = iris.post(path, json=body)

    assert answer.status_code == 200
    assert without_id(answer) == without_id(iris.get(path.replace("predict", "predict/test")))


def test_a_label_is_predicted_with_the_same_keys(iris: Running) -> None:
    said = without_id(iris.row(6.7, 3.0, 5.2, 2.3, path="/predict/label"))

    assert list(said) == ["prediction", "is_outlier", "outlier_score", "mode"]
    assert said["prediction"] == "virginica"


@pytest.mark.parametrize(("row", "score"), GOLDEN_SCORES.items(), ids=str)
def test_outlier_scores_are_the_documents(svc: Running, row: tuple[float, ...], score: float) -> None:
    said = svc.row(*row).json()

    assert said["outlier_score"] == pytest.approx(score, abs=1e-6)
    assert said["is_outlier"] is (score < 0)


def test_a_threshold_of_0_3_makes_the_sample_an_outlier(start: Start) -> None:
    strict = start(APP="app_iris", VARIANT="svc", OUTLIER_LOWER_THRESHOLD="0.3")

    said = strict.get("/predict/test").json()

    assert said["outlier_score"] == pytest.approx(GOLDEN_SCORES[SETOSA], abs=1e-6)
    assert said["is_outlier"] is True


def test_the_row_is_repeated_on_request(svc: Running) -> None:
    assert svc.row(*SETOSA, params={"echo": "1"}).json()["data"] == [list(SETOSA)]
    assert "data" not in svc.row(*SETOSA).json()


def test_people_get_a_form_and_a_page(iris: Running) -> None:
    fields = dict(zip(("sepal_length_cm", "sepal_width_cm", "petal_length_cm", "petal_width_cm"), SETOSA, strict=True))

    form = iris.get("/interface/").text
    page = iris.post("/result/", data=fields)

    assert all(f'name="{name}"' in form for name in fields)
    assert page.status_code == 200
    for shown in ("setosa", "Petal width (cm)", "No outlier", iris.environment["VARIANT"], page.headers["X-Request-ID"]):
        assert shown in page.text


def test_a_form_that_lacks_a_field_is_a_page_that_names_it(svc: Running) -> None:
    page = svc.post("/result/", data={"sepal_length_cm": "5.1", "sepal_width_cm": "3.5", "petal_length_cm": "1.4", "petal_width_cm": " "})

    assert page.status_code == 422
    assert "The form lacks: Petal width (cm)." in page.text
    assert "<form" in page.text
