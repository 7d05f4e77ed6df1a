"""Chooses a whole scene at random: fruit, table, light and camera."""

from typing import NamedTuple

import numpy as np

from sample_data import apple, grapes, lemon
from sample_data.arrangement import Arrangement
from sample_data.camera import Camera, framed, looking_at
from sample_data.light import Light, lit_by
from sample_data.props import among_props
from sample_data.tables import Backdrop, chosen, outdoors
from sample_data.vectors import vector

ARRANGE = {"apple": apple.arrange, "grapes": grapes.arrange, "lemon": lemon.arrange}


class Scene(NamedTuple):
    """Everything there is to see, and from where."""

    arrangement: Arrangement
    backdrop: Backdrop
    light: Light
    camera: Camera


def composed(label: str, width: int, height: int, rng: np.random.Generator) -> Scene:
    arrangement = ARRANGE[label](rng)
    backdrop = chosen(float(np.abs(arrangement.subject()[[0, 2]]).max()), rng)
    if arrangement.hanging and rng.random() < 0.75:
        backdrop = outdoors(backdrop, rng)
    if not arrangement.hanging and backdrop.behind != "paper" and rng.random() < 0.3:
        arrangement = among_props(arrangement, rng)
    light = _light(backdrop, rng)
    return Scene(arrangement, backdrop, light, _camera(arrangement, width, height, rng))


def _light(backdrop: Backdrop, rng: np.random.Generator) -> Light:
    side, rise = rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(25, 75))
    # Mostly from the side or from behind the camera, sometimes against it.
    towards = vector(np.cos(side), np.tan(rise), np.sin(side) * (1 if np.sin(side) < 0 else 0.7))
    warm = rng.uniform(-0.18, 0.22)
    key = np.array((1 + warm, 1, 1 - warm), np.float32) * rng.uniform(0.9, 2.4)
    cool = rng.uniform(-0.1, 0.15) - warm * 0.4
    sky = np.array((1 - cool, 1, 1 + cool), np.float32)
    size = rng.uniform(0.08, 0.6), rng.uniform(0.08, 0.6)
    panes = 2 if rng.random() < 0.2 else 1
    zenith, horizon = sky * rng.uniform(0.4, 1.1), sky * rng.uniform(0.15, 0.7)
    if backdrop.behind == "night" or backdrop.colour.mean() < 0.1:
        # What is dark in the picture is dark in the fruit's mirror too.
        horizon = horizon * 0.35
    return lit_by(towards, size, key, panes, zenith, horizon, backdrop.colour)


def _camera(arrangement: Arrangement, width: int, height: int, rng: np.random.Generator) -> Camera:
    low, high = arrangement.pitch
    pitch = np.radians(low + (high - low) * rng.random() ** 1.5)
    outline = arrangement.subject()
    middle = ((outline.max(axis=1) + outline.min(axis=1)) / 2).astype(np.float32)
    camera = looking_at(middle, rng.uniform(6, 14), pitch, rng.normal(0, 0.05))
    # Most pictures show all of the fruit, some from afar, some only a part of it.
    low, high = ((0.55, 0.98), (0.35, 0.6), (1.0, 1.6))[rng.choice(3, p=(0.6, 0.17, 0.23))]
    return framed(camera, outline, width, height, rng.uniform(low, high), (rng.uniform(-0.8, 0.8), rng.uniform(-0.8, 0.8)))
