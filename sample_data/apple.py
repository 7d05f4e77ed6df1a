"""Apples: a body of revolution with two hollows and five lobes, streaks from the stem, pale dots, a stem, maybe a leaf."""

from typing import NamedTuple

import numpy as np

from sample_data.arrangement import Arrangement, beside, leaf, leaning, of_bodies, resting, stalk
from sample_data.colours import linear, varied
from sample_data.light import Surface
from sample_data.noise import clouds, specks
from sample_data.solids import Body, Profile, Skin, Thing, measured
from sample_data.vectors import Floats, column, dot, mix, ramp, times, unit, vector


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
)


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


def _stem(body: Body, rng: np.random.Generator) -> Thing:
    bottom = float(body.profile(vector(0, 1, 0)[:, None])[0])
    tall, sway, side = rng.uniform(0.32, 0.75), rng.uniform(0, 0.35), rng.uniform(0, 2 * np.pi)
    aside = vector(np.cos(side), 0, np.sin(side)) * sway
    local = [vector(0, bottom - 0.05, 0), vector(0, bottom + tall * 0.6, 0), vector(0, bottom + tall, 0) + aside]
    points = [body.centre + body.turn.T @ point for point in local]
    colour = varied(linear(92, 66, 38), rng, 0.2)
    return stalk(points, rng.uniform(0.028, 0.042), colour)


def arrange(rng: np.random.Generator) -> Arrangement:
    variety = VARIETIES[rng.integers(len(VARIETIES))]
    bodies = [_one(variety, rng, 1.0)]
    if rng.random() < 0.25:
        second = variety if rng.random() < 0.7 else VARIETIES[rng.integers(len(VARIETIES))]
        bodies.append(beside(_one(second, rng, rng.uniform(0.85, 1.05)), bodies[0], rng))
    extras: list[Thing] = [_stem(body, rng) for body in bodies if rng.random() < 0.9]
    if extras and rng.random() < 0.25:
        tip = extras[0].centre[:, 14]
        side = rng.uniform(0, 2 * np.pi)
        extras.append(leaf(tip, vector(np.cos(side), rng.uniform(0.2, 0.9), np.sin(side)), rng.uniform(0.7, 1.1), rng))
    return of_bodies(bodies, extras, (8, 75), mix(variety.ground, variety.blush, 0.5 + 0.5 * np.clip(variety.covered, -1, 1)))
