"""Lemons: long bodies with a nipple at each end and a pored peel; one or several, whole, cut in half or sliced, or on a tree."""

import numpy as np

from sample_data.arrangement import Arrangement, gathered, hung, leaf, leaning, of_bodies, resting
from sample_data.colours import linear, varied
from sample_data.light import Surface
from sample_data.noise import clouds, dimples
from sample_data.solids import Body, Profile, Skin, Thing, measured
from sample_data.vectors import Floats, column, dot, frame, mix, ramp, spun, times, unit, vector

PEELS = (linear(246, 205, 36), linear(248, 212, 58), linear(244, 196, 34), linear(240, 212, 70), linear(216, 202, 62))


def _profile(rng: np.random.Generator, size: float) -> Profile:
    longer = rng.uniform(1.18, 1.5)
    tip, tip_width = rng.uniform(0.15, 0.34), rng.uniform(0.018, 0.045)
    neck, neck_width = rng.uniform(0.04, 0.16), rng.uniform(0.015, 0.05)
    pear, bend, phase = rng.uniform(-0.07, 0.07), rng.uniform(0, 0.035), rng.uniform(0, 6.28)

    def radius(direction: Floats) -> Floats:
        x, height, z = direction
        square = height * height
        # An ellipsoid of revolution in polar form, a bump at each pole.
        form = 1 / np.sqrt(1 - square * (1 - 1 / longer**2))
        form = form + tip * np.exp((height - 1) / tip_width) + neck * np.exp((-1 - height) / neck_width)
        waves = np.sin(3 * x + 2 * z + 2.5 * height + phase) + 0.5 * np.sin(5 * z - 4 * x + phase)
        wavy = pear * height * (1 - square) + bend * waves
        return (form + wavy) * np.float32(0.82 * size)

    return radius


def _peel(colour: Floats, rng: np.random.Generator) -> Skin:
    offset = rng.uniform(0, 64, (3, 1)).astype(np.float32)
    pores = rng.uniform(100, 170)
    deep = rng.uniform(0.05, 0.15)
    gloss = rng.uniform(0.09, 0.26)
    green = linear(150, 165, 40)
    greenish = rng.uniform(0, 0.7) * (rng.random() < 0.5)

    def skin(local: Floats, normal: Floats) -> Surface:
        slope = dimples(local * pores + offset)
        blotch = clouds(local * 9 + offset)
        fine = clouds(local * 60 + offset)
        height = unit(local)[1]
        tips = ramp(0.88, 1.0, np.abs(height))
        albedo = times(colour, 1 + 0.05 * blotch + 0.035 * fine)
        albedo = mix(albedo, column(green), np.clip(greenish * (0.25 * blotch + 0.7 * tips), 0, 0.85))
        # The scar where the stem was.
        scar = ramp(0.03, 0.0, np.hypot(local[0], local[2]) - 0.03) * (local[1] < 0)
        albedo = mix(albedo, column(linear(92, 78, 40)), scar * 0.8)
        bumped = unit(normal - deep * (slope - normal * dot(normal, slope)) - 0.02 * np.stack([blotch, fine, -blotch]))
        ones = np.ones_like(height)
        return Surface(bumped, np.maximum(albedo, 0.01), ones * gloss, ones * 0.055, vector(0.36, 0.25, 0.1), albedo * 0.06, ones)

    return skin


def _flesh(colour: Floats, rng: np.random.Generator, rim: float) -> Skin:
    """The cut face: peel, white pith, and wedges of pulp between pale membranes around a white core."""
    wedges = int(rng.integers(8, 11))
    offset = rng.uniform(0, 64, (3, 1)).astype(np.float32)
    pulp, pith = varied(linear(240, 222, 112), rng, 0.06), linear(252, 246, 216)
    uneven = rng.uniform(0.05, 0.2)
    white, core = rng.uniform(0.84, 0.9), rng.uniform(0.06, 0.11)

    def skin(local: Floats, normal: Floats) -> Surface:
        wobble = clouds(local * 14 + offset)
        out = np.hypot(local[0], local[2]) / rim
        turn = np.arctan2(local[2], local[0]) / (2 * np.pi) * wedges
        turn = turn + 0.05 * wobble + uneven * np.sin(turn * 2 * np.pi / wedges * 2 + 1) + uneven * np.sin(turn * 2 * np.pi / wedges * 3)
        nearest = np.abs(turn - np.round(turn))
        from_membrane = nearest * out * 2 * np.pi / wedges
        # Vesicles are long drops that point to the middle.
        wedge = np.floor(turn) * 7
        drops = 0.5 * clouds(np.stack([turn * 26, out * 9, wedge]) + offset) + 0.6 * clouds(np.stack([turn * 60, out * 22, wedge]) + offset)
        wet = ramp(0.004, 0.022, from_membrane + 0.006 * wobble) * ramp(core, core + 0.04, out)
        wet = wet * ramp(white + 0.01, white - 0.02, out + 0.008 * wobble)
        # Corners of a wedge are round.
        wet = wet * ramp(0.0, 0.05, from_membrane + 0.35 * (white - out) + 0.01)
        albedo = mix(column(pith), times(pulp, 0.82 + 0.2 * drops), wet)
        albedo = mix(albedo, column(colour), ramp(0.93, 0.975, out))
        slope = np.stack([drops, 0 * out, wobble]) * (0.1 * wet)
        ones = np.ones_like(out)
        glow = times(pulp, wet * 0.26 + 0.04)
        return Surface(unit(normal + slope), np.maximum(albedo, 0.01), 0.45 - 0.25 * wet, ones * 0.03, vector(0.4, 0.4, 0.3), glow, ones)

    return skin


def _lying(rng: np.random.Generator) -> Floats:
    """On its side, and not pointing at the camera: end-on, a lemon is just a yellow ball."""
    lean, side = np.radians(rng.uniform(78, 100)), rng.uniform(-0.95, 0.95) + np.pi * rng.integers(2)
    return spun(frame(vector(np.sin(lean) * np.cos(side), np.cos(lean), np.sin(lean) * np.sin(side))), rng.uniform(0, 6.28))


def _one(colour: Floats, rng: np.random.Generator, size: float) -> Body:
    mine = varied(colour, rng, 0.06)
    profile = _profile(rng, size)
    turn = _lying(rng) if rng.random() < 0.94 else leaning(rng, 0, 60)
    return resting(measured(profile, turn, _peel(mine, rng)))


def _half(colour: Floats, rng: np.random.Generator) -> Body:
    """One half, its cut face towards the camera."""
    whole = _one(colour, rng, 1.0)
    cut = rng.uniform(-0.05, 0.2)
    rim = float(np.mean(whole.profile(unit(np.array([[1, 0, -1, 0], [cut] * 4, [0, 1, 0, -1]], np.float32)))))
    side, up = rng.uniform(-0.7, 0.7), rng.uniform(0.15, 0.9)
    turn = spun(frame(vector(np.sin(side), up, -np.cos(side))), rng.uniform(0, 6.28))
    return resting(whole._replace(turn=turn, cut=cut, flesh=_flesh(colour, rng, rim)))


def _leaf_at_stem(body: Body, rng: np.random.Generator) -> Thing:
    stem = -float(body.profile(vector(0, -1, 0)[:, None])[0])
    base = body.centre + body.turn.T @ vector(0, stem, 0)
    away = (base - body.centre) * vector(1, 0, 1) + vector(rng.normal(0, 0.4), 0.25, rng.normal(0, 0.4))
    return leaf(base, away, rng.uniform(0.9, 1.3), rng)


def _slice(colour: Floats, rng: np.random.Generator) -> Body:
    """A slice, flat on the table or leaning, its lower face never seen."""
    wide, thick = rng.uniform(0.8, 0.95), rng.uniform(0.1, 0.2)

    def radius(direction: Floats) -> Floats:
        x, height, z = direction
        return ((x * x + z * z) ** 2 / wide**4 + (height / thick) ** 4) ** np.float32(-0.25)

    side, up = rng.uniform(-0.7, 0.7), rng.uniform(0.3, 4)
    turn = spun(frame(vector(np.sin(side), up, -np.cos(side))), rng.uniform(0, 6.28))
    body = measured(radius, turn, _peel(colour, rng))
    return resting(body._replace(cut=thick * 0.75, flesh=_flesh(colour, rng, wide)))


def _on_tree(colour: Floats, rng: np.random.Generator) -> Arrangement:
    # The stem is at the lower end of a lemon's own axis: hanging, that end is up.
    bodies = hung([_one(colour, rng, 1.0)._replace(turn=leaning(rng, 140, 180)) for _ in range(rng.integers(1, 4))], rng)
    leaves = [_leaf_at_stem(bodies[rng.integers(len(bodies))], rng) for _ in range(rng.integers(2, 7))]
    return of_bodies(bodies, leaves, (-25, 30), colour, hanging=True)


def _several(colour: Floats, rng: np.random.Generator) -> list[Body]:
    """Lemons on a table, sometimes with a half and a slice before them."""
    first = [_half(colour, rng)] if rng.random() < 0.24 else []
    first += [_slice(colour, rng) for _ in range(rng.integers(1, 4))] if rng.random() < 0.16 else []
    count = int(rng.choice((0, 1, 2, 3, 5, 7), p=(0.12, 0.5, 0.16, 0.1, 0.08, 0.04)))
    whole = [_one(colour, rng, rng.uniform(0.88, 1.08)) for _ in range(max(count, 0 if first else 1))]
    return gathered([*first, *whole], rng)


def arrange(rng: np.random.Generator) -> Arrangement:
    colour = PEELS[rng.integers(len(PEELS))]
    if rng.random() < 0.13:
        return _on_tree(colour, rng)
    bodies = _several(colour, rng)
    grown = [body for body in bodies if body.flesh is None]
    leaves = [_leaf_at_stem(grown[-1], rng) for _ in range(rng.integers(1, 4))] if grown and rng.random() < 0.2 else []
    return of_bodies(bodies, leaves, (8, 80), colour)
