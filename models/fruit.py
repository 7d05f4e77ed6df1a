"""Pictures of fruit to train on and to compare with, cut as the services cut them."""

import csv
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from models.built import Effort
from sample_data.render import draw

LABELS = ("apple", "grapes", "lemon")
INPUT = "float32 [batch, 3, 150, 150]: RGB / 255, minus ImageNet's mean, divided by its standard deviation"

SIDE = 150

# Mean and standard deviation of ImageNet's channels: what torchvision's pretrained networks were trained with.
MEAN = np.array((0.485, 0.456, 0.406), np.float32)
STD = np.array((0.229, 0.224, 0.225), np.float32)

# A rendered picture before it is cut, in pixels: not square, as few pictures are.
WIDTH, HEIGHT = 200, 160

# Seeds from here on are never trained on.
FIRST_HELD_OUT = 1_000_000

# Below this many pictures a second process takes longer to start than it saves.
POOL_FROM = 60

SAMPLES = Path(__file__).parent.parent / "sample_data"


class Pictures(NamedTuple):
    """Cut pictures and what they show."""

    pixels: NDArray[np.uint8]  # (n, 150, 150, 3)
    labels: NDArray[np.int64]  # (n,), indices of LABELS


def for_training(effort: Effort) -> Pictures:
    """Rendered pictures and the samples."""
    ours, theirs = rendered(effort.pictures), samples()
    return Pictures(np.concatenate([ours.pixels, theirs.pixels]), np.concatenate([ours.labels, theirs.labels]))


def held_out(effort: Effort) -> Pictures:
    """Rendered pictures that `for_training` never gives."""
    return rendered(effort.held_out, FIRST_HELD_OUT)


def to_compare() -> NDArray[np.float32]:
    """A third of the samples, as networks take them: to compare two forms of one network on."""
    return normalised(samples().pixels[::3])


@cache
def rendered(per_label: int, first_seed: int = 0) -> Pictures:
    """`per_label` pictures of each fruit; the same arguments give the same pictures."""
    jobs = [(label, seed) for seed in range(first_seed, first_seed + per_label) for label in LABELS]
    if len(jobs) < POOL_FROM:
        return _stacked([(_drawn(job), job[0]) for job in jobs])
    # Fresh processes: a fork of one in which PyTorch's threads run may hang.
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        return _stacked(list(zip(pool.map(_drawn, jobs, chunksize=8), (label for label, _ in jobs), strict=True)))


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
