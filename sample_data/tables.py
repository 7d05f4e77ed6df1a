"""What the fruit lies on: wood, cloth, stone, white paper, and perhaps a plate."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sample_data.colours import linear, varied
from sample_data.noise import clouds
from sample_data.vectors import Floats, column, mix, ramp, times, vector

# From places on the table (2, n), x and z, and the width of a pixel there (n,) to its albedo (3, n) and its slope (2, n).
Texture = Callable[[Floats, Floats], tuple[Floats, Floats]]


class Backdrop(NamedTuple):
    """A table and what is behind it."""

    table: Texture
    colour: Floats  # the table's mean albedo
    shine: float  # reflectance of the table, 0 for cloth
    roughness: float
    edge: float  # how far behind the fruit the table ends
    floats: bool  # cut out: the fruit stands before the background, without a table
    behind: str  # "paper" or one of background.PLACES
    aperture: float  # how fast things blur away from the fruit


def _flat(texture: Callable[[Floats, Floats, Floats], Floats], turn: float, offset: Floats) -> Texture:
    """A texture that only has colour, turned by `turn` radians."""
    cosine, sine = float(np.cos(turn)), float(np.sin(turn))

    def at(place: Floats, pixel: Floats) -> tuple[Floats, Floats]:
        x = place[0] * cosine - place[1] * sine + offset[0]
        z = place[0] * sine + place[1] * cosine + offset[1]
        return texture(x, z, pixel), np.zeros_like(place)

    return at


def _wood(rng: np.random.Generator) -> Backdrop:
    woods = ((186, 140, 92), (150, 100, 60), (112, 72, 44), (205, 172, 130), (92, 62, 46), (168, 150, 128))
    light = varied(linear(*woods[rng.integers(len(woods))]), rng)
    dark = light * np.array((0.52, 0.45, 0.4), np.float32)
    plank, rings, seed = rng.uniform(1.2, 4.5), rng.uniform(1.2, 4), rng.uniform(0, 64)

    def texture(x: Floats, z: Floats, pixel: Floats) -> Floats:
        number = np.floor(z / plank)
        shade = np.sin(number * 12.9898 + seed) * 0.5
        along = clouds(np.stack([x * 1.1 + number * 17, z * 5, number * 23 + seed]))
        fine = clouds(np.stack([x * 3 + number * 11, z * 46, number * 5 + seed]))
        ring = np.sin((z + 0.32 * along) * rings * 2 * np.pi)
        amount = np.clip(0.38 + 0.17 * ring + 0.16 * fine + 0.13 * along + 0.16 * shade, 0, 1)
        # A gap narrower than a pixel is a fainter line, not a dotted one.
        reach = np.maximum(0.018, pixel * 1.2)
        seam = ramp(1.0, 0.2, np.abs(z - np.round(z / plank) * plank) / reach) * np.minimum(1, 0.018 / reach)
        return (column(light) + times(dark - light, amount)) * (1 - 0.75 * seam)

    at = _flat(texture, rng.uniform(-0.5, 0.5) + (np.pi / 2 if rng.random() < 0.4 else 0), rng.uniform(0, 50, 2).astype(np.float32))
    return Backdrop(at, mix(light, dark, 0.4), rng.uniform(0.02, 0.05), rng.uniform(0.15, 0.45), rng.uniform(2.5, 7), False, "", 0)


def _cloth(rng: np.random.Generator) -> Backdrop:
    cloths = (
        (225, 220, 210),
        (165, 52, 50),
        (90, 120, 160),
        (200, 190, 160),
        (120, 140, 110),
        (60, 70, 95),
        (235, 235, 238),
        (70, 130, 125),
        (215, 150, 60),
        (130, 80, 120),
    )
    base = varied(linear(*cloths[rng.integers(len(cloths))]), rng)
    other = linear(238, 234, 226) if base.mean() < 0.4 else varied(linear(*cloths[rng.integers(len(cloths))]), rng)
    pattern, width = rng.choice(["plain", "plain", "stripes", "checks"]), rng.uniform(0.35, 1.1)
    folds, turn, seed = rng.uniform(0.0, 0.35), rng.uniform(0, np.pi), rng.uniform(0, 64)
    cosine, sine = float(np.cos(turn)), float(np.sin(turn))

    def at(place: Floats, pixel: Floats) -> tuple[Floats, Floats]:
        x = place[0] * cosine - place[1] * sine + seed
        z = place[0] * sine + place[1] * cosine + seed
        across, along = (ramp(-0.12, 0.12, np.sin(way / width * np.pi)) for way in (x, z))
        amount = {"plain": 0 * x, "stripes": across, "checks": (across + along) / 2}[pattern]
        weave = clouds(np.stack([x * 45, z * 45, 0 * x + seed]))
        colour = (column(base) + times(other - base, amount)) * (1 + 0.06 * weave)
        step = np.float32(0.12)
        points = np.stack([x * 2.6, z * 2.6, 0 * x + seed])
        here = clouds(points)
        slope = np.stack([clouds(points + column(vector(*way))) - here for way in ((step, 0, 0), (0, step, 0))])
        return colour, slope * (folds / step * 0.6)

    return Backdrop(at, mix(base, other, 0.3 if pattern != "plain" else 0), 0.0, 1.0, rng.uniform(3, 9), False, "", 0)


def _stone(rng: np.random.Generator) -> Backdrop:
    stones = ((205, 203, 198), (120, 120, 122), (60, 60, 64), (38, 38, 42), (225, 220, 212), (140, 128, 112))
    base = varied(linear(*stones[rng.integers(len(stones))]), rng)
    grain, veins, seed = rng.uniform(0.05, 0.22), rng.uniform(0, 0.35), rng.uniform(0, 64)

    def texture(x: Floats, z: Floats, pixel: Floats) -> Floats:
        coarse = clouds(np.stack([x * 5, z * 5, 0 * x + seed]))
        fine = clouds(np.stack([x * 38, z * 38, 0 * x + seed + 9]))
        vein = np.exp(-((coarse + 0.15 * fine) ** 2) * 60)
        return times(base, np.maximum(1 + grain * (0.5 * coarse + fine) - veins * vein, 0.2))

    at = _flat(texture, rng.uniform(0, 3), rng.uniform(0, 50, 2).astype(np.float32))
    return Backdrop(at, base, rng.uniform(0.015, 0.05), rng.uniform(0.06, 0.4), rng.uniform(2.5, 8), False, "", 0)


def _paper(rng: np.random.Generator) -> Backdrop:
    papers = ((250, 250, 250), (232, 230, 226), (150, 180, 190), (235, 205, 190), (28, 28, 30), (214, 216, 190))
    # Shops photograph on white.
    base = linear(*papers[rng.choice(6, p=(0.5, 0.12, 0.12, 0.06, 0.12, 0.08))])

    def at(place: Floats, pixel: Floats) -> tuple[Floats, Floats]:
        return np.repeat(column(base), place.shape[1], axis=1), np.zeros_like(place)

    return Backdrop(at, base, rng.choice([0.0, 0.0, 0.03]), rng.uniform(0.1, 0.5), np.inf, bool(rng.random() < 0.2), "paper", 0)


def _served(table: Texture, reach: float, rng: np.random.Generator) -> Texture:
    """A round plate on the table, under whatever lies in the middle: a well, a sloping rim, a shadow around it."""
    radius, well = max(1.8, reach) * rng.uniform(1.15, 1.7), rng.uniform(0.6, 0.75)
    glaze = varied(linear(*[(240, 238, 232), (240, 238, 232), (90, 110, 130), (180, 160, 130), (60, 62, 66)][rng.integers(5)]), rng, 0.05)
    band = glaze * (0.6 if rng.random() < 0.3 else 1.0)

    def at(place: Floats, pixel: Floats) -> tuple[Floats, Floats]:
        albedo, slope = table(place, pixel)
        out = np.sqrt(place[0] ** 2 + place[1] ** 2) + 1e-6
        edge = np.maximum(pixel, 0.02)
        on_plate = ramp(radius + edge, radius - edge, out)
        rim = ramp(radius * 0.93, radius * 0.95, out)
        china = column(glaze) + times(band - glaze, rim)
        shadow = 1 - 0.6 * ramp(radius * 1.12, radius, out)
        # Up from the well to the rim, and over the edge.
        steep = 0.5 * np.exp(-(((out / radius - well) / 0.05) ** 2)) + 0.12 * ramp(well, well + 0.05, out / radius)
        steep = steep - 1.2 * ramp(radius - 0.06, radius, out)
        return mix(albedo * shadow, china, on_plate), mix(slope, place / out * steep, on_plate)

    return at


def chosen(reach: float, rng: np.random.Generator) -> Backdrop:
    """A backdrop for fruit that covers the table up to `reach` from its middle."""
    kinds = (_paper, _wood, _cloth, _stone)
    found = kinds[rng.choice(4, p=(0.34, 0.3, 0.2, 0.16))](rng)
    behind = found.behind or str(rng.choice(["wall", "kitchen", "kitchen", "shelf", "garden", "leaves", "night"]))
    if behind != "paper" and rng.random() < 0.2:
        found = found._replace(table=_served(found.table, reach, rng), shine=0.04, roughness=0.2)
    return found._replace(behind=behind, aperture=float(rng.uniform(0.05, 0.35)))


def outdoors(backdrop: Backdrop, rng: np.random.Generator) -> Backdrop:
    """The same table, with a garden behind it: where fruit hangs."""
    return backdrop._replace(behind=str(rng.choice(["leaves", "leaves", "garden"])), floats=False)
