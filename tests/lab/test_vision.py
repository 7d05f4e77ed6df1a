"""Any picture, under one address: a header sends it to another model. Without published weights these are off, and the rest runs."""

import base64
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from PIL import Image

from tests.lab.conftest import Lab, copy_checkout
from tests.support import REPOSITORY, eventually
from tests.tflite_files import colours

# Of other domains, sizes and numbers of classes than those that are published.
IMAGENET = ["background", *(f"thing {number}" for number in range(1, 17)), "rose, rose flower", "lawn", "sky"]
PLANT = ["Urtica dioica (Stinging nettle)", "Rosa rubra (Red rose)", "Gentiana acaulis (Gentian)", "background"]

MOUNTAIN = {"target": "mountain"}


def publish(folder: Path) -> None:
    """Puts networks that know colours where people put the published ones by hand."""
    folder.mkdir()
    colours(folder / "mobilenet_v2_1.0_224_quant.tflite", 17, 18, 19, classes=20, side=64)
    (folder / "imagenet_labels.txt").write_text("\n".join(IMAGENET))
    colours(folder / "mobilenet_v2_1.0_224_inat_plant_quant.tflite", 1, 0, 2, classes=4, side=48)
    (folder / "inat_plant_labels.txt").write_text("\n".join(PLANT))


def started(folder: Path, prepare: Callable[[Path], None], *arguments: str) -> tuple[Lab, subprocess.CompletedProcess[str]]:
    """A lab in a checkout of its own whose vision models are made as `make up` makes them, and what its start said."""
    checkout = folder / "checkout"
    copy_checkout(checkout)
    (checkout / "app_mobilenet" / "artifacts").unlink(missing_ok=True)
    prepare(checkout / "app_mobilenet" / "artifacts")
    python = REPOSITORY / ".venv" / "bin" / "python"
    only = ["--only", "imagenet", "plant", *arguments]
    subprocess.run([python, "download_models.py", *only], cwd=checkout, check=True, stdout=subprocess.DEVNULL)
    lab = Lab(folder / "state", checkout)
    return lab, lab.embedded("up")


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A lab with both models."""
    # Not pytest's own folder: a unix socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        running, up = started(Path(folder), publish)
        try:
            assert up.returncode == 0, up.stdout + up.stderr
            yield running
        finally:
            running.embedded("down")


@pytest.fixture(scope="module")
def rose(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A red photograph, long enough in base64 for many lines."""
    path = tmp_path_factory.mktemp("pictures") / "rose.jpg"
    Image.new("RGB", (400, 300), "red").save(path, comment=bytes(range(256)) * 40)
    return path


def in_json(picture: Path) -> dict[str, str]:
    return {"image_data": base64.b64encode(picture.read_bytes()).decode()}


@pytest.mark.parametrize(("headers", "label"), [({}, "rose"), (MOUNTAIN, "Rosa rubra")], ids=["no header", "mountain"])
def test_the_header_sends_the_same_request_to_the_other_model(lab: Lab, rose: Path, headers: dict[str, str], label: str) -> None:
    in_text = requests.post(f"{lab.url}/vision/predict", json=in_json(rose), headers=headers)
    by_multipart = lab.upload(rose, "/vision/predict", **headers)
    by_form = lab.upload(rose, "/vision/result/", **headers)

    assert in_text.text == f'"{label}"'
    assert by_multipart.json()["likely_class"] == label
    assert f"<h1>{label} " in by_form.text


@pytest.mark.parametrize(("header", "label"), [("", "rose"), ('-H "target: mountain"', "Rosa rubra")], ids=["no header", "mountain"])
def test_the_documents_pipeline_works_through_the_gateway(lab: Lab, rose: Path, header: str, label: str) -> None:
    command = (
        """(echo -n '{"image_data": "'; base64 rose.jpg; echo '"}') | curl -s -X POST -H "Content-Type: application/json" """
        f"""{header} -d @- {lab.url}/vision/predict"""
    )

    done = subprocess.run(["bash", "-c", command], cwd=rose.parent, capture_output=True, text=True, check=True)

    assert done.stdout == f'"{label}"'


def test_the_line_says_that_the_rule_chose(lab: Lab, rose: Path) -> None:
    answer = requests.post(f"{lab.url}/vision/predict", json=in_json(rose), headers=MOUNTAIN)
    request_id = answer.headers["X-Request-ID"]

    eventually(lambda: any(line["request_id"] == request_id for line in lab.lines()))
    (line,) = [line for line in lab.lines() if line["request_id"] == request_id]
    assert (line["route"], line["variant"], line["reason"], line["label"]) == ("vision", "plant", "rule", "Rosa rubra")
    assert answer.headers["version"] == "vision-v2"


def test_questions_about_the_model_follow_the_header_too(lab: Lab) -> None:
    labels = [requests.get(f"{lab.url}/vision/label", headers=headers).json() for headers in ({}, MOUNTAIN)]
    shapes = [requests.get(f"{lab.url}/vision/metadata", headers=headers).json()["prediction_structure"] for headers in ({}, MOUNTAIN)]

    assert (labels[0][:2], labels[0][-3:], len(labels[0])) == (["background", "thing 1"], ["rose", "lawn", "sky"], 20)
    assert labels[1] == ["Urtica dioica", "Rosa rubra", "Gentiana acaulis", "background"]
    assert shapes == ["(1,20)", "(1,4)"]


def test_the_routes_pages_work_behind_the_gateway(lab: Lab) -> None:
    for page in ("/vision/", "/vision/plant/interface/", "/vision/card"):
        answer = requests.get(f"{lab.url}{page}", headers={"Accept": "text/html"})
        links = re.findall(r'(?:href|src|action)="(/[^"]+)"', answer.text)

        assert answer.status_code == 200
        assert {requests.get(f"{lab.url}{link}").status_code for link in links} == {200}


def test_the_addresses_of_the_document_answer(lab: Lab) -> None:
    answers = {path: requests.get(f"{lab.url}/vision{path}").json() for path in ("/health", "/health/pred", "/predict/test")}

    assert answers["/health"] == answers["/health/pred"] == {"health": "ok"}
    assert answers["/predict/test"] in [name.partition(",")[0] for name in IMAGENET]


def test_without_their_weights_both_are_off_and_the_rest_runs() -> None:
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        lab, up = started(Path(folder), lambda artifacts: None, "--offline")
        try:
            page = requests.get(f"{lab.url}/vision/", headers={"Accept": "text/html"})
            answers = [requests.get(f"{lab.url}/vision/", headers=headers) for headers in ({}, MOUNTAIN)]
            answers += [lab.upload(path="/vision/predict", **headers) for headers in ({}, MOUNTAIN)]
            others = [lab.upload(), requests.get(f"{lab.url}/iris/predict/test"), requests.get(f"{lab.url}/ready")]
            again = lab.embedded("up")
        finally:
            lab.embedded("down")

    assert (up.returncode, again.returncode) == (0, 0), up.stdout + up.stderr
    assert up.stdout.count(" is off, and the rest runs.") == 2
    assert (page.status_code, page.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert "<h1>This model is off</h1>" in page.text
    assert "mobilenet_v2_1.0_224_quant.tflite" in page.text
    assert [answer.status_code for answer in answers] == [503] * 4
    names = [re.search(r"The model (\w+) is off", answer.json()["detail"])[1] for answer in answers]  # type: ignore[index]
    assert names == ["imagenet", "plant"] * 2
    assert [answer.status_code for answer in others] == [200] * 3


# Where a folder has the published files and the document's pictures (cat.jpg, iris.jpg), the document's own answers are checked, too.
FILES = os.environ.get("LAB_VISION_FILES")

if FILES:

    def test_the_published_network_answers_as_the_document_says(tmp_path: Path) -> None:
        from app_mobilenet.build import imagenet
        from tests.serving.conftest import starting

        folder = Path(FILES)
        built = imagenet(folder / "mobilenet_v2_1.0_224_quant.tflite", folder / "imagenet_labels.txt")
        (tmp_path / "imagenet.onnx").write_bytes(built.graph.SerializeToString())

        with starting() as start:
            service = start(APP="app_mobilenet", VARIANT="imagenet", MODEL_FILEPATH=str(tmp_path / "imagenet.onnx"))
            said = [service.post(json=in_json(folder / picture)).json() for picture in ("cat.jpg", "iris.jpg")]
            labels = service.get("/label").json()

        assert built.parity is not None
        assert built.parity.max_abs_dp == 0
        assert said == ["Persian cat", "bee"]
        assert (len(labels), labels[:3], labels[-3:]) == (
            1001, ["background", "tench", "goldfish"], ["bolete", "ear", "toilet tissue"]
        )  # fmt: skip

    if (Path(FILES) / "mobilenet_v2_1.0_224_inat_plant_quant.tflite").exists():

        def test_the_published_plant_network_answers_as_the_document_says(tmp_path: Path) -> None:
            from app_mobilenet.build import plant
            from tests.serving.conftest import starting

            folder = Path(FILES)
            built = plant(folder / "mobilenet_v2_1.0_224_inat_plant_quant.tflite", folder / "inat_plant_labels.txt")
            (tmp_path / "plant.onnx").write_bytes(built.graph.SerializeToString())

            with starting() as start:
                service = start(APP="app_mobilenet", VARIANT="plant", MODEL_FILEPATH=str(tmp_path / "plant.onnx"))
                said = [service.post(json=in_json(folder / picture)).json() for picture in ("cat.jpg", "iris.jpg")]
                labels = service.get("/label").json()

            assert built.parity is not None
            assert built.parity.max_abs_dp == 0
            assert said == ["background", "Iris versicolor"]
            assert (len(labels), labels[0], labels[-1]) == (2102, "Betula lenta", "background")
