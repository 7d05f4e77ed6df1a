"""VGG16 in 8-bit integers against VGG16 in 32-bit floats, without a server."""

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench import machine
from bench.errors import Failure
from bench.interleave import interleaved, ratio, timed
from bench.processes import REPOSITORY
from bench.row import Findings, Line
from models.fruit import comparison_pictures
from serving.onnx import OnnxModel

TITLE = "VGG16 in 8-bit integers"
ABOUT = (
    "Control: `vgg16.onnx`. Candidate: `vgg16int8.onnx`. One prediction of one picture, 150 x 150, with two threads and the session "
    "options of `serving/onnx.py`; 300 rendered pictures that neither was made with, one round per picture."
)
SECONDS = 60.0

FOLDER = REPOSITORY / "app_vgg16" / "artifacts"
THREADS = 2

# Predictions before the first that counts.
WARM_UP = 3

# Pictures at once where only the answers count.
BATCH = 16

WITH_VNNI = "With VNNI, 3.5 x was measured on an idle machine."
WITHOUT_VNNI = (
    "Without VNNI, an AVX2 processor multiplies bytes with vpmaddubsw, whose 16-bit sums may overflow: about 2 x is the hardware's limit. "
    "With VNNI, 3.5 x was measured on an idle machine."
)


def measure(folder: Path) -> Findings:
    """Predicts every picture with both, in turns."""
    exact, small = _load("vgg16.onnx"), _load("vgg16int8.onnx")
    pictures = comparison_pictures()
    for model in (exact, small):
        for picture in pictures[:WARM_UP]:
            model.run(picture[None])
    answers = _Answers(exact, small, pictures)
    found = interleaved({"exact": timed(answers.exact), "small": timed(answers.small)}, len(pictures), SECONDS)
    answers.finish()
    times = {name: [seconds * 1000 for seconds in each] for name, each in found.items()}
    return Findings([Line("one prediction, p50", "ms", ratio(times["exact"], times["small"], "lower"))], [_agreement(answers), _limit()])


class _Answers:
    """Asks both models for picture after picture and keeps what they say."""

    def __init__(self, exact: OnnxModel, small: OnnxModel, pictures: NDArray[np.float32]) -> None:
        self._exact, self._small, self._pictures = exact, small, pictures
        self.of_exact: list[NDArray[np.float32]] = []
        self.of_small: list[NDArray[np.float32]] = []
        self.exact = partial(self._ask, exact, self.of_exact)
        self.small = partial(self._ask, small, self.of_small)

    def finish(self) -> None:
        """Asks for the pictures that a slow machine had no time to be timed on, many at once."""
        for model, answers in ((self._exact, self.of_exact), (self._small, self.of_small)):
            while len(answers) < len(self._pictures):
                answers.extend(model.run(self._pictures[len(answers) : len(answers) + BATCH]))

    def _ask(self, model: OnnxModel, answers: list[NDArray[np.float32]]) -> None:
        answers.append(model.run(self._pictures[len(answers)][None])[0])


def _load(file: str) -> OnnxModel:
    if not (FOLDER / file).is_file():
        raise Failure(f"app_vgg16/artifacts/{file} is missing. Run: python download_models.py")
    return OnnxModel(FOLDER / file, THREADS)


def _agreement(answers: _Answers) -> str:
    exact, small = np.stack(answers.of_exact), np.stack(answers.of_small)
    agreed = int((exact.argmax(axis=1) == small.argmax(axis=1)).sum())
    apart = np.abs(exact - small)
    same = f"Same label for {agreed} of {len(exact)} pictures."
    return f"{same} Probabilities differ by {apart.max():.4f} at most and by {apart.mean():.5f} on average (of 1)."


def _limit() -> str:
    flags = machine.cpu_flags()
    expected = WITH_VNNI if machine.has_vnni(flags) else WITHOUT_VNNI
    return f"Instruction sets of this processor ({machine.processor()}): {machine.instruction_sets(flags)}. {expected}"
