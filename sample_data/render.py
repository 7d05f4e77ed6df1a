"""Draws pictures of fruit that pass for photographs at thumbnail size, and makes the ones in this folder."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from sample_data.backdrop import paint, paper_white
from sample_data.film import developed, loaded
from sample_data.fruit import fruit_over
from sample_data.scene import Scene, composed
from sample_data.vectors import Floats

LABELS = ("apple", "grapes", "lemon")
FOLDER = Path(__file__).parent
# What phones and web shops use: faults of compression do not show, files stay small.
QUALITY = 84
# Width and height in pixels of the first to the twelfth picture of each fruit: phones, web shops, squares, upright and wide.
SIZES = (
    (640, 480),
    (400, 400),
    (480, 640),
    (600, 400),
    (300, 300),
    (720, 480),
    (375, 500),
    (512, 512),
    (320, 240),
    (540, 360),
    (900, 600),
    (240, 320),
)
# Chosen by eye, so that colours, poses, tables and lights vary.
SEEDS = {
    "apple": (58, 34, 45, 46, 37, 72, 38, 30, 70, 31, 17, 27),
    "grapes": (39, 5, 2, 29, 78, 74, 48, 22, 28, 46, 52, 34),
    "lemon": (4, 56, 61, 29, 13, 24, 28, 46, 23, 83, 57, 32),
}


class Picture(NamedTuple):
    """One picture in this folder and the arguments of `draw` that make it."""

    file: str  # relative to this folder
    label: str
    seed: int
    width: int
    height: int


PICTURES = tuple(
    Picture(f"{label}/{label}_{number:02d}.jpg", label, seed, *size)
    for label in LABELS
    for number, (seed, size) in enumerate(zip(SEEDS[label], SIZES, strict=True), start=1)
)


def draw(label: str, seed: int, width: int = 320, height: int = 240) -> Image.Image:
    """An RGB picture of the fruit; the same arguments give the same picture.

    Raises ValueError for a label that is not in LABELS.
    """
    if label not in LABELS:
        raise ValueError(f"{label!r} is no fruit this renderer knows. Choose one of: {', '.join(LABELS)}.")
    rng = np.random.default_rng((LABELS.index(label), seed))
    scene = composed(label, width, height, rng)
    painted = fruit_over(paint(scene, width, height, rng), scene)
    exposure = _exposure(scene, rng)
    return developed(painted.radiance, painted.subject, loaded(rng, exposure.target), exposure.white, rng)


class Exposure(NamedTuple):
    """What comes out how bright."""

    target: float  # linear, 1 is white
    white: Floats | None  # the radiance (3,) that gets it; without one, the mean of the picture


def _exposure(scene: Scene, rng: np.random.Generator) -> Exposure:
    arrangement, backdrop, light, _ = scene
    if backdrop.behind == "paper" and backdrop.colour.mean() > 0.7:
        return Exposure(rng.uniform(0.8, 1.2), paper_white(backdrop, light))
    target = rng.uniform(0.27, 0.5) * (0.6 if backdrop.colour.mean() < 0.1 else 1.0)
    # Photographers leave dark fruit dark and bright fruit bright.
    brightest = float(arrangement.tint.max())
    return Exposure(target * (0.6 + 0.4 * min(1, brightest / 0.25) + 0.5 * max(0, brightest - 0.4)), None)


def main() -> None:
    """Makes the pictures and their labels anew."""
    with (FOLDER / "labels.csv").open("w", encoding="utf-8", newline="") as labels:
        labels.write("file,label\n")
        for picture in PICTURES:
            path = FOLDER / picture.file
            path.parent.mkdir(exist_ok=True)
            draw(picture.label, picture.seed, picture.width, picture.height).save(path, quality=QUALITY, optimize=True)
            labels.write(f"{picture.file},{picture.label}\n")


if __name__ == "__main__":
    main()
