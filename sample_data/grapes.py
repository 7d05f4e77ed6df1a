"""Grapes: a bunch of berries pressed together, hanging or lying, with a waxy bloom and light shining through."""

from typing import NamedTuple

import numpy as np

from sample_data.arrangement import Arrangement, leaf, stalk, unshaded
from sample_data.colours import linear, varied
from sample_data.light import Occluders, Surface
from sample_data.noise import clouds
from sample_data.solids import Cluster, PartSkin, Thing
from sample_data.vectors import Floats, Integers, column, dot, mix, ramp, times, unit, vector


class Variety(NamedTuple):
    """How a kind of grape looks; colours are linear RGB."""

    berry: Floats
    unripe: Floats  # some berries lean towards this
    glow: Floats  # light that has come through
    bloom: float  # how much wax, 0..1
    longer: float  # a berry's length over its width


VARIETIES = (
    Variety(linear(158, 172, 62), linear(190, 180, 84), linear(120, 125, 30), 0.10, 1.1),  # white, round
    Variety(linear(170, 186, 84), linear(150, 175, 60), linear(130, 135, 40), 0.1, 1.35),  # white, long
    Variety(linear(118, 22, 36), linear(140, 48, 46), linear(75, 12, 14), 0.12, 1.12),  # red
    Variety(linear(84, 18, 40), linear(112, 34, 46), linear(45, 6, 12), 0.2, 1.2),  # dark red
    Variety(linear(34, 24, 50), linear(62, 26, 56), linear(12, 3, 9), 0.5, 1.05),  # blue
    Variety(linear(22, 18, 32), linear(40, 20, 44), linear(7, 2, 5), 0.32, 1.2),  # black
)
WAX = linear(160, 172, 205)


def _pressed(centre: Floats, radius: Floats, hanging: bool) -> Floats:
    """Berries pushed apart where they overlap and drawn together, as in position-based dynamics (Mueller 2007)."""
    pull = vector(0.035, 0.01, 0.035) if hanging else vector(0.02, 0.0, 0.05)
    for _ in range(28):
        away = centre[:, :, None] - centre[:, None, :]
        distance = np.sqrt((away * away).sum(axis=0)) + 1e-6
        overlap = np.maximum((radius[:, None] + radius[None, :]) * 0.95 - distance, 0)
        np.fill_diagonal(overlap, 0)
        centre = centre + (away * (overlap / distance * 0.42)).sum(axis=2) - centre * column(pull)
        if not hanging:
            centre[1] = np.maximum(centre[1] - 0.035, radius)
    return centre.astype(np.float32)


def _start(count: int, hanging: bool, rng: np.random.Generator) -> Floats:
    """Places in a cone that hangs from 0 down, or in a flat heap along the table."""
    along = rng.random(count) ** 0.8
    angle, out = rng.uniform(0, 2 * np.pi, count), np.sqrt(rng.random(count))
    length, wide = rng.uniform(0.5, 0.75) * count**0.45, rng.uniform(0.3, 0.5) * count**0.38
    girth = wide * (1 - along**1.5 * 0.75) * np.minimum(0.55 + along * 3, 1) * out
    if hanging:
        return np.stack([girth * np.cos(angle), -along * length, girth * np.sin(angle)]).astype(np.float32)
    return np.stack([(along - 0.5) * length, np.abs(girth * np.sin(angle)) * 0.8 + 0.4, girth * np.cos(angle) * 1.1]).astype(np.float32)


def _skin(variety: Variety, axis: Floats, rng: np.random.Generator) -> PartSkin:
    count = axis.shape[1]
    brightness = rng.uniform(0.75, 1.2, count).astype(np.float32)
    unripe = (rng.random(count) ** 2 * 0.8).astype(np.float32)
    scarred = rng.uniform(0.0, 0.5, count).astype(np.float32)
    wax = np.clip(variety.bloom * rng.uniform(0.4, 1.5, count), 0, 0.9).astype(np.float32)
    offset = rng.uniform(0, 64, (3, count)).astype(np.float32)
    gloss = rng.uniform(0.05, 0.16)

    def skin(local: Floats, normal: Floats, part: Integers) -> Surface:
        place = local * 7 + offset[:, part]
        patch = clouds(place)
        berry = mix(column(variety.berry), column(variety.unripe), unripe[part]) * (brightness[part] * (0.7 + 0.05 * patch))
        rubbed = ramp(-1.0, 0.9, patch + 0.4 * clouds(place * 4))
        bloom = wax[part] * rubbed * 0.6
        albedo = mix(berry, column(WAX) * 0.36, bloom)
        # The scar of the flower, at the end away from the stalk.
        scar = ramp(0.985, 0.996, dot(axis[:, part], unit(local)))
        albedo = mix(albedo, column(linear(70, 52, 30)), scar * scarred[part])
        ones = np.ones_like(patch)
        glow = times(variety.glow, brightness[part] * (1 - 0.6 * bloom) * (1 - scar) * 0.75)
        return Surface(normal, albedo, gloss + bloom * 0.5, ones * 0.06, vector(0.28, 0.25, 0.2), glow, ones * 0.9)

    return skin


def _stalks(berries: Cluster, hanging: bool, rng: np.random.Generator) -> list[Thing]:
    """The main stalk, and twigs from it to the nearest berries."""
    colour = varied(linear(120, 116, 52) if rng.random() < 0.6 else linear(104, 76, 42), rng, 0.15)
    start, bend, end = _stalk_above(berries, rng) if hanging else _stalk_aside(berries, rng)
    main = stalk([start, bend, end], 0.075, colour, 34)
    twigs: list[Thing] = []
    for index in np.argsort(((berries.centre - column(start)) ** 2).sum(axis=0))[:7]:
        root = main.centre[:, rng.integers(4, 12)]
        tip = berries.centre[:, index] - berries.axis[:, index] * berries.along[index] * 0.97
        twigs.append(stalk([root, (root + tip) / 2 + vector(0, 0.12, 0), tip], 0.04, colour, 14))
    return [main, *twigs]


def _stalk_above(berries: Cluster, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    top = berries.centre[:, np.argmax(berries.centre[1])]
    start = top * vector(0.3, 1, 0.3) - vector(0, 0.6, 0)
    end = start + vector(rng.uniform(-0.5, 0.5), rng.uniform(1.6, 2.6), rng.uniform(-0.2, 0.2))
    return start, (start + end) / 2 + vector(rng.uniform(-0.3, 0.3), 0, 0), end


def _stalk_aside(berries: Cluster, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """From the berry furthest out, along the table."""
    flat = berries.centre * column(vector(1, 0, 1))
    furthest = np.argmax(dot(flat, flat))
    away = unit(flat[:, furthest])
    start = berries.centre[:, furthest] - away * 0.6 + vector(0, 0.1, 0)
    sideways = vector(-away[2], 0, away[0]) * rng.uniform(-0.8, 0.8)
    end = start + away * rng.uniform(1.6, 2.6) + sideways + vector(0, rng.uniform(-0.2, 0.4), 0)
    end[1] = max(end[1], 0.1)
    return start, (start + end) / 2 + vector(0, 0.3, 0), end.astype(np.float32)


def _bunch(variety: Variety, hanging: bool, rng: np.random.Generator) -> Cluster:
    count = int(rng.integers(28, 96))
    across = (0.46 * rng.uniform(0.78, 1.08, count)).astype(np.float32)
    along = across * variety.longer * rng.uniform(0.95, 1.08, count).astype(np.float32)
    centre = _pressed(_start(count, hanging, rng), np.sqrt(across * along), hanging)
    axis = _outwards(centre, hanging, rng)
    if hanging:
        return Cluster(centre, axis, along, across, _skin(variety, axis, rng))
    centre[1] -= float((centre[1] - across).min())
    angle = rng.uniform(0, 2 * np.pi)
    cosine, sine = np.cos(angle), np.sin(angle)
    turn = np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]], np.float32)
    return Cluster(turn @ centre, turn @ axis, along, across, _skin(variety, turn @ axis, rng))


def _outwards(centre: Floats, hanging: bool, rng: np.random.Generator) -> Floats:
    """Berries point away from the middle stalk, and down, but each a little its own way."""
    stalk_only = np.array([[0], [1], [0]] if hanging else [[1], [0.6], [0.2]])
    middle = centre.mean(axis=1, keepdims=True) * stalk_only
    drawn = vector(0, -0.6, 0) if hanging else vector(0.4, 0, 0)
    return unit(unit(centre - middle) + 0.35 * rng.standard_normal(centre.shape) + column(drawn)).astype(np.float32)


def _nearest(berries: Cluster, count: int) -> Integers:
    """For each berry the others around it: (count, berries)."""
    away = berries.centre[:, :, None] - berries.centre[:, None, :]
    distance = (away * away).sum(axis=0)
    np.fill_diagonal(distance, np.inf)
    return np.argsort(distance, axis=0)[:count]


def _vine_leaf(berries: Cluster, hanging: bool, rng: np.random.Generator) -> Thing:
    top = berries.centre[:, np.argmax(berries.centre[1])]
    towards = vector(rng.uniform(-1, 1), rng.uniform(-1.3, -0.2), -0.6 if hanging else rng.uniform(-1, 1))
    return leaf(top + vector(0, 0.5, 0), towards, rng.uniform(1.3, 2.1), rng, slim=0.75)


def arrange(rng: np.random.Generator) -> Arrangement:
    variety = VARIETIES[rng.integers(len(VARIETIES))]
    variety = variety._replace(berry=varied(variety.berry, rng), bloom=variety.bloom * rng.uniform(0.5, 1.3))
    hanging = bool(rng.random() < 0.45)
    berries = _bunch(variety, hanging, rng)
    extras = _stalks(berries, hanging, rng) if rng.random() < 0.85 else []
    if rng.random() < (0.5 if hanging else 0.22):
        extras += [_vine_leaf(berries, hanging, rng) for _ in range(rng.integers(1, 4 if hanging else 2))]
    occluders = Occluders(berries.centre, berries.axis, berries.along, berries.across)
    neighbours = [_nearest(berries, 8)] + [unshaded(extra) for extra in extras]
    pitch = (-6, 18) if hanging else (15, 80)
    return Arrangement([berries, *extras], occluders, neighbours, hanging, pitch, variety.berry)
