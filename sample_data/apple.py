"""Apples: a body of revolution with two hollows and five lobes, streaks from the stem, pale dots, a stem, maybe a leaf.

One or several, on a table or on a tree; sometimes one cut in half.
"""

from typing import NamedTuple

import numpy as np

from sample_data.arrangement import Arrangement, gathered, hung, leaf, leaning, of_bodies, resting, stalk
from sample_data.colours import linear, varied
from sample_data.light import Surface
from sample_data.noise import clouds, specks
from sample_data.solids import Body, Cluster, Profile, Skin, Thing, measured
from sample_data.vectors import Floats, column, dot, frame, mix, ramp, spun, times, unit, vector


class Variety(NamedTuple):
    """How a kind of apple looks; colours are linear RGB."""

    ground: Floats  # the colour of its shaded side
    blush: Floats  # the colour of its sunny side
    covered: float  # how much of it blushes, -1 none to 1 all
    streaks: float  # how far the blush breaks up into streaks
    dots: float  # how strongly the pale dots show


VARIETIES = (
    Variety(linear(150, 55, 35), linear(140, 10, 22), 0.95, 0.25, 0.35),  # like Red Delicious
    Variety(linear(205, 150, 60), linear(178, 28, 30), 0.5, 0.55, 0.25),  # like Gala
    Variety(linear(196, 190, 75), linear(185, 30, 38), 0.1, 0.45, 0.3),  # like Jonagold
    Variety(linear(150, 174, 74), linear(176, 182, 80), -0.5, 0.2, 0.5),  # like Granny Smith
    Variety(linear(214, 196, 76), linear(216, 160, 60), -0.2, 0.25, 0.45),  # like Golden Delicious
    Variety(linear(165, 190, 70), linear(200, 50, 45), -0.25, 0.4, 0.3),  # like Elstar, half ripe
    Variety(linear(122, 162, 58), linear(150, 182, 74), -0.4, 0.15, 0.4),  # like a polished Granny Smith
)


# How common each is. About as many green ones as there are green grapes, so that colour alone does not tell them apart.
COMMON = (0.24, 0.19, 0.12, 0.16, 0.07, 0.10, 0.12)


def _profile(rng: np.random.Generator) -> Profile:
    shoulder, waist = rng.uniform(0.02, 0.09), rng.uniform(-0.02, 0.12)
    hollow, hollow_width = rng.uniform(0.34, 0.5), rng.uniform(0.05, 0.085)
    foot, foot_width = rng.uniform(0.14, 0.28), rng.uniform(0.05, 0.1)
    lobes, oval, lean = rng.uniform(0.002, 0.018), rng.uniform(-0.02, 0.02), rng.uniform(-0.05, 0.05)
    cone = rng.uniform(0.0, 0.09)

    def radius(direction: Floats) -> Floats:
        x, height, _ = direction
        side = np.maximum(1 - height * height, 1e-4)
        around = x / np.sqrt(side)
        twice = around * around
        # cos 5a as a polynomial in cos a (Chebyshev): an apple's core has five chambers.
        five = ((16 * twice - 20) * twice + 5) * around
        # Broad shoulders, a flat waist, not quite round, wider above; lobes show most below.
        flank = oval * (2 * twice - 1) + (lean * around + cone) * height + lobes * five * (0.55 - 0.5 * height)
        form = 1 - waist + shoulder * height + side * (flank + waist)
        return form - hollow * np.exp((height - 1) / hollow_width) - foot * np.exp((-1 - height) / foot_width)

    return radius


def _skin(variety: Variety, rng: np.random.Generator) -> Skin:
    offset = rng.uniform(0, 64, (3, 1)).astype(np.float32)
    sunny = unit(rng.standard_normal(3)).astype(np.float32)
    streaky, mottled = rng.uniform(22, 45), rng.uniform(5, 14)
    dot_spacing = rng.uniform(13, 20)
    gloss, polish = rng.uniform(0.05, 0.22), rng.uniform(0.035, 0.06)
    russet = rng.uniform(0, 0.9)
    hollow_colour = mix(variety.ground, linear(120, 110, 50), 0.6)

    def skin(local: Floats, normal: Floats) -> Surface:
        direction = unit(local)
        height = direction[1]
        flat = direction / np.sqrt(np.maximum(1 - height * height, 1e-3))
        flat[1] = height * 0.12
        streak = 0.55 * clouds(flat * streaky + offset) + 0.6 * clouds(flat * (streaky * 3.3) + offset)
        blotch = clouds(direction * mottled + offset)
        reach = dot(sunny, direction) * 0.7 + variety.covered * 1.3 + variety.streaks * streak * 0.6 + 0.22 * blotch
        blush = ramp(-0.9, 0.9, reach)
        albedo = column(variety.ground) + times(variety.blush - variety.ground, blush)
        albedo = albedo * (1 + 0.11 * streak * (0.2 + variety.streaks) + 0.06 * blotch)
        near_stem = ramp(0.9, 0.99, height + 0.015 * streak)
        albedo = albedo + (column(hollow_colour) - albedo) * (near_stem * (0.25 + 0.6 * russet))
        pale = specks(direction * dot_spacing, 0.13) * variety.dots * (1 - near_stem)
        albedo = albedo + (column(linear(225, 200, 140)) - albedo) * pale
        remains = ramp(-0.986, -0.996, height + 0.004 * blotch)
        albedo = mix(albedo, column(linear(50, 36, 22)), remains)
        open_sky = 1 - 0.7 * np.exp((height - 1) / 0.035) - 0.5 * np.exp((-1 - height) / 0.05)
        ones = np.ones_like(height)
        rough = gloss + 0.1 * near_stem + 0.5 * remains + 0.015 * blotch
        # A whisper of unevenness bends the highlights.
        normal = unit(normal + 0.012 * np.stack([blotch, streak * 0.5, -blotch]))
        wrap = vector(0.22, 0.14, 0.08)
        return Surface(normal, np.maximum(albedo, 0.003), np.maximum(rough, 0.03), ones * polish, wrap, albedo * 0.03, open_sky)

    return skin


def _flesh(variety: Variety, rng: np.random.Generator) -> Skin:
    """The cut face, the stem along x: pale flesh, a faint line around the core, seeds in their chambers."""
    pale, rim = varied(linear(248, 236, 190), rng, 0.05), mix(variety.ground, variety.blush, 0.6)
    core, offset = rng.uniform(0.3, 0.42), rng.uniform(0, 64, (3, 1)).astype(np.float32)
    seeds = [side for side in (-1, 1) if rng.random() < 0.85]

    def skin(local: Floats, normal: Floats) -> Surface:
        along, across = local[0], local[2]
        wobble = clouds(local * 9 + offset)
        albedo = times(pale, 1 + 0.03 * wobble)
        line = np.exp(-(((np.hypot(along * 0.9, across) + 0.02 * wobble) / core - 1) ** 2) / 0.003)
        albedo = mix(albedo, column(linear(214, 206, 130)), 0.5 * line)
        for side in seeds:
            away = np.hypot(along / 0.17, (across - side * 0.1) / 0.085)
            albedo = mix(albedo, column(linear(206, 180, 120)), 0.7 * ramp(1.25, 1.0, away))
            albedo = mix(albedo, column(linear(62, 34, 20)), ramp(0.8, 0.65, away))
        fibre = np.exp(-((across / 0.02) ** 2)) * ramp(core, core + 0.05, np.abs(along))
        albedo = mix(albedo, column(linear(170, 150, 90)), 0.5 * fibre)
        ones = np.ones_like(along)
        return Surface(normal, albedo, ones * 0.4, ones * 0.035, vector(0.3, 0.3, 0.2), times(rim, ones * 0.05), ones)

    return skin


def _across(skin: Skin) -> Skin:
    """The skin of a body whose stem lies along its own x axis."""

    def lying(local: Floats, normal: Floats) -> Surface:
        found = skin(_upright(local), _upright(normal))
        x, y, z = found.normal
        return found._replace(normal=np.stack([y, -x, z]))

    return lying


def _upright(vectors: Floats) -> Floats:
    """A quarter turn that takes the x axis to y."""
    x, y, z = vectors
    return np.stack([-y, x, z])


def _half(variety: Variety, rng: np.random.Generator) -> Body:
    """One half, cut from stem to foot, its cut face towards the camera."""
    profile, skin = _profile(rng), _across(_skin(variety, rng))
    side, up = rng.uniform(-0.7, 0.7), rng.uniform(0.15, 1.2)
    turn = spun(frame(vector(np.sin(side), up, -np.cos(side))), rng.uniform(0, 2 * np.pi))
    body = measured(lambda direction: profile(_upright(direction)), turn, skin)
    return resting(body._replace(cut=rng.uniform(-0.06, 0.06), flesh=_flesh(variety, rng)))


def _one(variety: Variety, rng: np.random.Generator, size: float) -> Body:
    pose = rng.random()
    turn = leaning(rng, 0, 22) if pose < 0.6 else leaning(rng, 25, 65) if pose < 0.85 else leaning(rng, 70, 105)
    profile = _profile(rng)
    mine = variety._replace(
        ground=varied(variety.ground, rng), blush=varied(variety.blush, rng), covered=variety.covered + rng.uniform(-0.15, 0.15)
    )
    skin = _skin(mine, rng)

    def scaled(direction: Floats) -> Floats:
        return profile(direction) * np.float32(size)

    return resting(measured(scaled, turn, skin))


def _stem(body: Body, rng: np.random.Generator) -> Cluster:
    bottom = float(body.profile(vector(0, 1, 0)[:, None])[0])
    tall, sway, side = rng.uniform(0.32, 0.75), rng.uniform(0, 0.35), rng.uniform(0, 2 * np.pi)
    aside = vector(np.cos(side), 0, np.sin(side)) * sway
    local = [vector(0, bottom - 0.05, 0), vector(0, bottom + tall * 0.6, 0), vector(0, bottom + tall, 0) + aside]
    points = [body.centre + body.turn.T @ point for point in local]
    colour = varied(linear(92, 66, 38), rng, 0.2)
    return stalk(points, rng.uniform(0.028, 0.042), colour)


def _leaves(stems: list[Cluster], most: int, rng: np.random.Generator) -> list[Thing]:
    """Up to `most` leaves, each at the end of a stem."""
    found: list[Thing] = []
    for _ in range(rng.integers(1, most + 1) if stems else 0):
        side = rng.uniform(0, 2 * np.pi)
        towards = vector(np.cos(side), rng.uniform(-0.5, 0.9), np.sin(side))
        found.append(leaf(stems[rng.integers(len(stems))].centre[:, 14], towards, rng.uniform(0.7, 1.3), rng))
    return found


def _on_tree(variety: Variety, rng: np.random.Generator) -> Arrangement:
    bodies = hung([_one(variety, rng, 1.0) for _ in range(rng.integers(1, 4))], rng)
    stems = [_stem(body, rng) for body in bodies]
    return of_bodies(bodies, [*stems, *_leaves(stems, 6, rng)], (-25, 30), _tint(variety), hanging=True)


def _tint(variety: Variety) -> Floats:
    return mix(variety.ground, variety.blush, 0.5 + 0.5 * np.clip(variety.covered, -1, 1))


def _several(variety: Variety, count: int, rng: np.random.Generator) -> list[Body]:
    """Apples on a table, mostly of one kind, sometimes with half of one before them."""
    mixed = rng.random() < 0.3
    kinds = [VARIETIES[rng.choice(len(VARIETIES), p=COMMON)] if mixed else variety for _ in range(count - 1)]
    first = _half(variety, rng) if rng.random() < 0.14 else _one(variety, rng, 1.0)
    return gathered([first, *(_one(kind, rng, rng.uniform(0.85, 1.05)) for kind in kinds)], rng)


def arrange(rng: np.random.Generator) -> Arrangement:
    variety = VARIETIES[rng.choice(len(VARIETIES), p=COMMON)]
    if rng.random() < 0.15:
        return _on_tree(variety, rng)
    bodies = _several(variety, int(rng.choice((1, 2, 3, 5, 7), p=(0.55, 0.17, 0.12, 0.1, 0.06))), rng)
    stems = [_stem(body, rng) for body in bodies if body.flesh is None and rng.random() < 0.85]
    leaves = _leaves(stems, 2, rng) if rng.random() < 0.25 else []
    tint = _tint(variety) if bodies[0].flesh is None else linear(236, 214, 170)
    return of_bodies(bodies, [*stems, *leaves], (8, 75), tint)
