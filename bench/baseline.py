"""The control: a service as one writes it first, and as the example systems behind this lab are built.

Pydantic models in and out, `def` endpoints in the thread pool, PyTorch as it comes (train mode, gradients on), the picture
decoded whole and sent back as base64, lines printed for every request. The weights are random: they cost as much as trained ones.

Run: BASELINE_MODEL=vgg16 BASELINE_PORT=9000 python -m bench.baseline   (iris, custom, vgg16; BASELINE_WORKERS: processes)
"""

import base64
import io
import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import uvicorn
from fastapi import FastAPI, File, UploadFile
from pydantic import BaseModel

if TYPE_CHECKING:
    from torch import nn

LABELS = ("apple", "grapes", "lemon")
SIDE = 150
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

IRIS = Path(__file__).resolve().parent.parent / "app_iris" / "artifacts"


class Ready(BaseModel):
    """The answer of /ready."""

    ready: bool


class Rows(BaseModel):
    """What iris takes."""

    data: list[list[float]]


class IrisAnswer(BaseModel):
    """What iris answers."""

    job_id: str
    prediction: list[float]
    is_outlier: bool
    outlier_score: float
    mode: str


class PictureAnswer(BaseModel):
    """What a picture model answers."""

    filename: str
    content_type: str
    likely_class: str
    probabilities: dict[str, float]
    image_base64: str


def create() -> FastAPI:
    """The application for BASELINE_MODEL, its model loaded."""
    app = FastAPI(title="Baseline")

    @app.get("/ready")
    def ready() -> Ready:
        return Ready(ready=True)

    model = os.environ["BASELINE_MODEL"]
    if model == "iris":
        _add_iris(app)
    else:
        _add_pictures(app, model)
    return app


def _add_iris(app: FastAPI) -> None:
    import numpy as np
    import onnxruntime

    classifier = onnxruntime.InferenceSession(str(IRIS / "iris_svc.onnx"), providers=["CPUExecutionProvider"])
    detector = onnxruntime.InferenceSession(str(IRIS / "iris_ocs.onnx"), providers=["CPUExecutionProvider"])

    @app.post("/predict")
    def predict(rows: Rows) -> IrisAnswer:
        job = str(uuid.uuid4())
        print(f"execute: [{job}]", flush=True)
        row = np.array(rows.data, dtype=np.float32)
        probabilities = classifier.run(None, {classifier.get_inputs()[0].name: row})[-1][0].tolist()
        score = float(detector.run(None, {detector.get_inputs()[0].name: row})[-1].ravel()[0])
        print(f"[{job}] [{rows.data}] [{probabilities}] [{score}]", flush=True)
        return IrisAnswer(job_id=job, prediction=probabilities, is_outlier=score < 0, outlier_score=score, mode="iris_svc.onnx")


def _add_pictures(app: FastAPI, model: str) -> None:
    import torch
    from PIL import Image

    from models.torchvision_cpu import torchvision

    network = {"custom": _cnn, "vgg16": _vgg16}[model]()
    steps = torchvision.transforms
    transform = steps.Compose([steps.Resize(SIDE), steps.CenterCrop(SIDE), steps.ToTensor(), steps.Normalize(MEAN, STD)])

    @app.post("/predict")
    def predict(file: Annotated[UploadFile, File()]) -> PictureAnswer:
        print(f"predict: [{file.filename}] [{file.content_type}]", flush=True)
        content = file.file.read()
        picture = Image.open(io.BytesIO(content)).convert("RGB")
        probabilities = torch.softmax(network(transform(picture).unsqueeze(0)), dim=1)[0].tolist()
        likely = LABELS[probabilities.index(max(probabilities))]
        print(f"[{file.filename}] [{probabilities}] [{likely}]", flush=True)
        return PictureAnswer(
            filename=file.filename or "",
            content_type=file.content_type or "",
            likely_class=likely,
            probabilities=dict(zip(LABELS, probabilities, strict=True)),
            image_base64=base64.b64encode(content).decode(),
        )


def _cnn() -> "nn.Module":
    """As large as app_custom's network."""
    from torch import nn

    features = [nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    classifier = [nn.Linear(16 * 34 * 34, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, len(LABELS))]
    return nn.Sequential(*features, *classifier)


def _vgg16() -> "nn.Module":
    """As large as app_vgg16's network before its conversion."""
    from torch import nn

    from models.torchvision_cpu import torchvision

    network = torchvision.models.vgg16(weights=None)
    network.classifier[6] = nn.Sequential(nn.Linear(4096, 256), nn.ReLU(), nn.Dropout(0.4), nn.Linear(256, len(LABELS)))
    return network


if __name__ == "__main__":
    workers = int(os.environ.get("BASELINE_WORKERS") or 1)
    uvicorn.run("bench.baseline:create", factory=True, host="127.0.0.1", port=int(os.environ["BASELINE_PORT"]), workers=workers)
