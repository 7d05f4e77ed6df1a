"""What else stands on a table: jars, cups, boxes, boards. Only their rough shapes and plain colours."""

import numpy as np

from sample_data.arrangement import Arrangement, beside_props, resting
from sample_data.colours import linear, varied
from sample_data.light import Surface
from sample_data.noise import clouds
from sample_data.solids import Body, Profile, Skin, measured
from sample_data.vectors import Floats, frame, spun, times, vector

COLOURS = (
    linear(235, 232, 226),
    linear(40, 42, 46),
    linear(150, 152, 156),
    linear(60, 95, 150),
    linear(120, 165, 190),
    linear(150, 100, 62),
    linear(205, 175, 135),
    linear(60, 110, 70),
    linear(170, 60, 50),
    linear(205, 120, 150),
)


def _profile(wide: float, tall: float, corners: float) -> Profile:
    """A superellipsoid (Barr 1981) with a round base: 2 is an ellipsoid, from 5 on a tin."""

    def radius(direction: Floats) -> Floats:
        x, height, z = direction
        across = np.hypot(x, z) / wide
        return np.maximum(across**corners + np.abs(height / tall) ** corners, 1e-9) ** np.float32(-1 / corners)

    return radius


def _skin(rng: np.random.Generator) -> Skin:
    colour, band = (varied(COLOURS[rng.integers(len(COLOURS))], rng, 0.15) for _ in range(2))
    low, high = np.sort(rng.uniform(-1, 1, 2))
    gloss = rng.uniform(0.08, 0.6)

    def skin(local: Floats, normal: Floats) -> Surface:
        labelled = ((local[1] > low) & (local[1] < high)).astype(np.float32)
        albedo = (times(colour, 1 - labelled) + times(band, labelled)) * (1 + 0.05 * clouds(local * 12))
        ones = np.ones_like(labelled)
        return Surface(normal, np.maximum(albedo, 0.01), ones * gloss, ones * 0.04, vector(0, 0, 0), np.zeros_like(local), ones)

    return skin


def _prop(reach: float, rng: np.random.Generator) -> Body:
    """One prop outside the circle that the fruit takes up, more often behind it than before it."""
    wide, tall = rng.uniform(0.4, 1.3), rng.uniform(0.25, 1.8)
    body = resting(measured(_profile(wide, tall, rng.uniform(2.5, 8)), spun(frame(vector(0, 1, 0)), 0.0), _skin(rng)))
    side, away = rng.uniform(-0.25 * np.pi, 1.25 * np.pi), reach + wide + rng.uniform(0.05, 1.6)
    return body._replace(centre=body.centre + vector(np.cos(side), 0, np.sin(side)) * np.float32(away))


def among_props(arrangement: Arrangement, rng: np.random.Generator) -> Arrangement:
    """The fruit with up to three props around it."""
    points = arrangement.subject()
    reach = float(np.hypot(points[0], points[2]).max())
    return beside_props(arrangement, [_prop(reach, rng) for _ in range(rng.integers(1, 4))])
