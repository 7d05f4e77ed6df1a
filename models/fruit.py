"""Pictures of fruit to train on and to compare with, cut as the services cut them."""

import csv
import os
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from models import interrupt
from models.built import FULL, Effort
from sample_data.render import draw

LABELS = ("apple", "grapes", "lemon")
INPUT = "float32 [batch, 3, 150, 150]: RGB / 255, minus ImageNet's mean, divided by its standard deviation"
PREPROCESSING = "Upright, on white; the shorter side scaled to 150 pixels (bilinear), the middle square cut out."

SIDE = 150

# Mean and standard deviation of ImageNet's channels: what torchvision's pretrained networks were trained with.
MEAN = np.array((0.485, 0.456, 0.406), np.float32)
STD = np.array((0.229, 0.224, 0.225), np.float32)

# A rendered picture before it is cut, in pixels: not square, as few pictures are, and no larger than must be.
WIDTH, HEIGHT = 168, 134

# Seeds from here on are never trained on.
FIRST_HELD_OUT = 1_000_000

# How many samples two forms of one network are compared on.
COMPARED = 32

# Below this many pictures a second process takes longer to start than it saves.
POOL_FROM = 60

SAMPLES = Path(__file__).parent.parent / "sample_data"


class Pictures(NamedTuple):
    """Cut pictures and what they show."""

    pixels: NDArray[np.uint8]  # (n, 150, 150, 3)
    labels: NDArray[np.int64]  # (n,), indices of LABELS


def for_training(effort: Effort, times: int = 1) -> Pictures:
    """Rendered pictures, `times` as many as the effort says, and the samples."""
    parts = [rendered(effort.pictures, turn * effort.pictures) for turn in range(times)] + [samples()]
    return Pictures(np.concatenate([part.pixels for part in parts]), np.concatenate([part.labels for part in parts]))


def held_out(effort: Effort) -> Pictures:
    """Rendered pictures that `for_training` never gives."""
    return rendered(effort.held_out, FIRST_HELD_OUT)


def to_compare() -> NDArray[np.float32]:
    """COMPARED of the samples, spread evenly over the labels, as networks take them: to compare two forms of one network on."""
    pixels = samples().pixels
    return normalised(pixels[np.linspace(0, len(pixels) - 1, COMPARED).round().astype(int)])


def comparison_pictures() -> NDArray[np.float32]:
    """300 rendered pictures (300, 3, 150, 150): to compare a quantised network with the exact one on.

    They are drawn already where the small CNN was trained in this process; who trains on them once, as VGG16's head does, has
    not seen them.
    """
    return normalised(rendered(FULL.pictures, FULL.pictures).pixels)


def calibration_pictures() -> NDArray[np.float32]:
    """96 rendered pictures (96, 3, 150, 150): to measure ranges on when a network is quantised. Drawn already like the others."""
    return normalised(rendered(FULL.pictures, 2 * FULL.pictures).pixels[:96])


@cache
def rendered(per_label: int, first_seed: int = 0) -> Pictures:
    """`per_label` pictures of each fruit; the same arguments give the same pictures."""
    jobs = [(label, seed) for seed in range(first_seed, first_seed + per_label) for label in LABELS]
    if len(jobs) < POOL_FROM:
        return _stacked([(_drawn(job), job[0]) for job in jobs])
    # Each process draws by itself: threads that share out its small matrices would only fight over the cores.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Fresh processes: a fork of one in which PyTorch's threads run may hang.
    with ProcessPoolExecutor(mp_context=get_context("spawn"), initializer=interrupt.end_with_parent) as pool:
        with interrupt.starting_children():
            drawn = pool.map(_drawn, jobs, chunksize=8)
        return _stacked(list(zip(drawn, (label for label, _ in jobs), strict=True)))


@cache
def samples() -> Pictures:
    """The pictures in `sample_data/`, whose labels are in `labels.csv`."""
    with (SAMPLES / "labels.csv").open(newline="") as file:
        return _stacked([(cut(Image.open(SAMPLES / row["file"])), row["label"]) for row in csv.DictReader(file)])


def cut(picture: Image.Image) -> NDArray[np.uint8]:
    """The middle square of a picture, SIDE pixels wide."""
    return np.asarray(ImageOps.fit(picture.convert("RGB"), (SIDE, SIDE), Image.Resampling.BILINEAR))


def normalised(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Bytes (n, 150, 150, 3) → float32 (n, 3, 150, 150) as the networks take them."""
    return np.ascontiguousarray(((pixels / np.float32(255) - MEAN) / STD).transpose(0, 3, 1, 2))


def _drawn(job: tuple[str, int]) -> NDArray[np.uint8]:
    return cut(draw(*job, WIDTH, HEIGHT))


def _stacked(pictures: list[tuple[NDArray[np.uint8], str]]) -> Pictures:
    return Pictures(np.stack([pixels for pixels, _ in pictures]), np.array([LABELS.index(label) for _, label in pictures]))
