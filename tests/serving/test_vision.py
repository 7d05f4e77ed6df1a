"""A model of many classes answers as the header-routing document shows: a bare label, and more on request."""

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import onnx
import pytest
import requests
from PIL import Image

from app_mobilenet import build
from models.from_tflite import to_onnx
from models.tflite import read
from tests.serving.conftest import REPOSITORY, Running, Start, encoded, lemon, sentence
from tests.tflite_files import colours

# Two share a name, as ImageNet's cranes do; `background` is first.
NAMES = [
    "background",
    "crane",
    "crane",
    *(f"thing {number}, Res {number}" for number in range(3, 20)),
    "rose",
    "lawn",
    "sky",
    "sea",
    "toilet tissue",
]
RED, GREEN, BLUE = 20, 21, 22


def artifact(folder: Path, variant: str = "imagenet") -> Path:
    """Makes a model of NAMES below `folder`, as download_models.py does."""
    weights = colours(folder / "net.tflite", RED, GREEN, BLUE, len(NAMES))
    labels = folder / "names.txt"
    labels.write_text("\n".join(NAMES))
    path = folder / "app_mobilenet" / f"{variant}.onnx"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(build.imagenet(weights, labels).graph.SerializeToString())
    return path


@pytest.fixture(scope="module")
def service(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Running:
    folder = tmp_path_factory.mktemp("vision")
    artifact(folder)
    return start(APP="app_mobilenet", VARIANT="imagenet", LAB_ARTIFACTS=str(folder))


def picture(colour: str, **options: Any) -> bytes:
    """A photograph of one colour."""
    return encoded(Image.new("RGB", (300, 200), colour), "JPEG", **options)


def in_json(content: bytes) -> dict[str, str]:
    return {"image_data": base64.b64encode(content).decode()}


@pytest.mark.parametrize(("colour", "label"), [("red", "rose"), ("green", "lawn"), ("blue", "sky")])
def test_a_picture_in_json_is_answered_with_the_bare_label(service: Running, colour: str, label: str) -> None:
    answer = service.post(json=in_json(picture(colour)))

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.text == f'"{label}"'


def test_the_documents_curl_pipeline_works(service: Running, tmp_path: Path) -> None:
    # Noise compresses badly: base64 breaks it into many lines.
    (tmp_path / "cat.jpg").write_bytes(picture("red", comment=bytes(range(256)) * 40))
    command = (
        """(echo -n '{"image_data": "'; base64 cat.jpg; echo '"}') | """
        f"""curl -s -X POST -H "Content-Type: application/json" -d @- {service.address}/predict"""
    )

    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert done.stdout == '"rose"'


@pytest.mark.parametrize("way", ["detail", "multipart", "echo"])
def test_details_are_told_on_request_and_to_forms(service: Running, way: str) -> None:
    if way == "multipart":
        answer = service.upload(picture("red"), name="rose.jpg").json()
    else:
        answer = service.post(f"/predict?{way}=1", json=in_json(picture("red"))).json()

    assert answer["likely_class"] == "rose"
    assert answer["probability"] == answer["top"][0]["probability"] > 0.9
    assert answer["top"][0] == {"index": RED, "label": "rose", "probability": answer["probability"]}
    assert len(answer["top"]) == 5
    assert answer["model"] == "imagenet"
    assert "probabilities" not in answer
    assert ("image_base64" in answer) == (way == "echo")


@pytest.mark.parametrize("query", ["?detail=0", "?detail", "?detail=yes"])
def test_other_questions_change_nothing(service: Running, query: str) -> None:
    assert service.post(f"/predict{query}", json=in_json(picture("red"))).json() == "rose"


def test_classes_that_share_a_name_are_told_apart_by_their_index(service: Running) -> None:
    top = service.upload(encoded(Image.new("RGB", (9, 9), "white"), "PNG")).json()["top"]

    assert len({place["index"] for place in top}) == 5
    assert [place["probability"] for place in top] == sorted((place["probability"] for place in top), reverse=True)


def test_the_labels_are_a_list_of_short_names(service: Running) -> None:
    labels = service.get("/label").json()

    assert labels == ["background", "crane", "crane", *(f"thing {number}" for number in range(3, 20)), *NAMES[20:]]


def test_the_metadata_are_the_documents(service: Running) -> None:
    metadata = service.get("/metadata").json()

    assert (
        metadata
        | {
            "data_type": "str",
            "data_structure": "(1,1)",
            "data_sample": "base64 encoded image file",
            "prediction_type": "float32",
            "prediction_structure": f"(1,{len(NAMES)})",
            "prediction_sample": "[0.07093159, 0.01558308, 0.01348537, ...]",
        }
        == metadata
    )


def test_the_sample_is_answered_like_any_other(service: Running) -> None:
    assert service.get("/predict/test").json() == service.post(json=in_json(_sample())).json()
    assert service.get("/predict/test?detail=1").json()["filename"] == "lemon_01.jpg"


def _sample() -> bytes:
    return (REPOSITORY / "sample_data" / "lemon" / "lemon_01.jpg").read_bytes()


def test_another_sample_can_be_named(start: Start, tmp_path: Path) -> None:
    artifact(tmp_path)
    (tmp_path / "meadow.jpg").write_bytes(picture("green"))

    service = start(APP="app_mobilenet", LAB_ARTIFACTS=str(tmp_path), VARIANT="imagenet", SAMPLE_IMAGE_PATH=str(tmp_path / "meadow.jpg"))

    assert service.get("/predict/test").json() == "lawn"


def test_a_sample_that_is_not_there_is_named(start: Start, tmp_path: Path) -> None:
    artifact(tmp_path)

    service = start(APP="app_mobilenet", LAB_ARTIFACTS=str(tmp_path), VARIANT="imagenet", SAMPLE_IMAGE_PATH="/nowhere.jpg")

    assert sentence(service.get("/ready")) == "/nowhere.jpg is missing. Check SAMPLE_IMAGE_PATH."


def test_there_is_a_model_to_predict_with(service: Running) -> None:
    assert service.get("/health").json() == {"health": "ok"}
    assert service.get("/health/pred").json() == {"health": "ok"}


def test_the_result_page_shows_five_classes_and_the_form(service: Running) -> None:
    page = service.upload(picture("blue"), path="/result/")

    assert page.status_code == 200
    assert "The 5 most probable of 25 classes" in page.text
    assert page.text.count('<th scope="row">') == 5
    assert "<h1>sky" in page.text
    assert 'type="file"' in page.text
    assert "toilet tissue" not in page.text


def test_the_form_does_not_list_every_class(service: Running) -> None:
    page = service.get("/interface/").text

    assert "among 25 classes: crane, crane, thing 3, thing 4, thing 5, …" in page
    assert "toilet tissue" not in page


def test_the_card_keeps_its_many_labels_folded(service: Running) -> None:
    assert "<details><summary>25 labels</summary>" in service.get("/card").text


def test_the_journal_is_told_the_label_and_the_log_the_largest_probabilities(service: Running) -> None:
    answer = service.post(json=in_json(picture("red")))

    assert json.loads(answer.headers["X-Lab-Prediction"])["label"] == "rose"
    lines = service.lines()
    assert any("the largest of 25]" in line for line in lines)
    assert any(f"[{answer.headers['X-Request-ID']}]" in line and "[rose]" in line for line in lines)
    assert max(map(len, lines)) < 500


@pytest.mark.parametrize(
    "content",
    [encoded(Image.new("L", (40, 50)), "PNG"), encoded(Image.new("RGBA", (40, 50)), "PNG"), encoded(Image.new("RGB", (5000, 1)), "PNG"),
     encoded(lemon(), "GIF")],
    ids=["grey", "transparent", "thin", "of few colours"],
)  # fmt: skip
def test_every_kind_of_picture_gets_an_answer(service: Running, content: bytes) -> None:
    assert service.post(json=in_json(content)).json() in service.get("/label").json()


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 422, 'The key "image_data" is missing'),
        ({"image_data": "%%%"}, 400, "is not valid base64"),
        ({"image_data": base64.b64encode(b"no picture").decode()}, 400, "is not an image"),
    ],
)
def test_what_is_no_picture_is_answered_with_a_sentence(service: Running, body: dict[str, str], status: int, words: str) -> None:
    answer = service.post(json=body)

    assert answer.status_code == status
    assert words in answer.json()["detail"]


@pytest.fixture(scope="module")
def off(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Running:
    """A service whose published weights were in no reach: the lab is meant to run without its model."""
    return start(APP="app_mobilenet", VARIANT="plant", LAB_ARTIFACTS=str(tmp_path_factory.mktemp("empty")))


@pytest.mark.parametrize("path", ["/", "/ready", "/label", "/metadata", "/predict/test"])
def test_when_off_programs_are_told_why_and_how_to_get_it(off: Running, path: str) -> None:
    answer = off.get(path)

    assert answer.status_code == 503
    assert answer.json()["detail"].startswith("The model plant is off: its published weights were in no reach when the models were made")
    for words in ("mobilenet_v2_1.0_224_inat_plant_quant.tflite (https://", "inat_plant_labels.txt", "app_mobilenet/artifacts/"):
        assert words in answer.json()["detail"]
    assert json.loads(answer.headers["X-Lab-Off"]) == answer.json()["detail"]


def test_when_off_people_are_told_on_a_page(off: Running) -> None:
    answer = off.get("/", headers={"Accept": "text/html"})

    assert answer.status_code == 503
    assert "The model plant is off" in answer.text
    assert "LAB_MODEL_MIRROR" in answer.text
    assert off.get("/static/styles.css").status_code == 200


def test_when_off_the_process_lives(off: Running) -> None:
    assert off.get("/health").json() == {"health": "ok"}
    assert (off.get("/health/pred").status_code, off.get("/health/pred").json()) == (200, {"health": "ng"})


def test_when_off_the_container_is_healthy_and_is_not_started_again(off: Running, start: Start) -> None:
    broken = start(APP="app_mobilenet", VARIANT="plant", MODEL_FILEPATH="/nowhere.onnx")

    codes = [probed(service) for service in (off, broken)]

    assert codes == [0, 1]


def test_being_off_is_a_warning_and_no_error(off: Running) -> None:
    (line,) = [line for line in off.lines() if "The model plant is off" in line]

    assert "[WARNING]" in line


def probed(service: Running) -> int:
    """The exit code of a container's health check."""
    port = service.environment["PORT"]
    python = REPOSITORY / ".venv" / "bin" / "python"
    return subprocess.run([python, "-m", "serving.probe"], cwd=REPOSITORY, env={"PORT": port}, capture_output=True).returncode


def test_an_artifact_that_can_be_made_here_is_missing_and_not_off(start: Start, tmp_path: Path) -> None:
    service = start(APP="app_custom", LAB_ARTIFACTS=str(tmp_path))

    answer = service.get("/ready")

    assert "X-Lab-Off" not in answer.headers
    assert sentence(answer).endswith("custom.onnx is missing. Run: python download_models.py")


def test_a_graph_without_names_is_refused_in_a_sentence(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "theirs.onnx"
    onnx.save(to_onnx(read(colours(tmp_path / "net.tflite", 0, 1, 2, 3))), path)

    service = start(APP="app_mobilenet", VARIANT="imagenet", MODEL_FILEPATH=str(path))

    assert sentence(service.get("/ready")).startswith(f"{path} does not say what its classes are called.")


def test_a_graph_that_takes_something_else_is_refused_in_a_sentence(start: Start, tmp_path: Path) -> None:
    model = to_onnx(read(colours(tmp_path / "net.tflite", 0, 1, 2, 3, side=16)))
    build.write_labels(model, ("a", "b", "c"))
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 15
    path = tmp_path / "theirs.onnx"
    path.write_bytes(model.SerializeToString())

    service = start(APP="app_mobilenet", VARIANT="imagenet", MODEL_FILEPATH=str(path))

    assert "must take the bytes of square pictures" in sentence(service.get("/ready"))


def test_too_few_names_are_noticed(start: Start, tmp_path: Path) -> None:
    model = to_onnx(read(colours(tmp_path / "net.tflite", 0, 1, 2, 30)))
    build.write_labels(model, tuple(f"class {number}" for number in range(29)))
    path = tmp_path / "theirs.onnx"
    path.write_bytes(model.SerializeToString())

    service = start(APP="app_mobilenet", VARIANT="imagenet", MODEL_FILEPATH=str(path))

    assert "answers 30 probabilities, but there are 29 labels: class 0, " in sentence(service.get("/ready"))
    assert requests.get(f"http://{service.address}/health").ok
