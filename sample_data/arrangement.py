"""What lies in front of the camera, and how things come to lie there."""

from typing import NamedTuple

import numpy as np

from sample_data.light import Occluders, Surface
from sample_data.noise import clouds
from sample_data.solids import Body, Cluster, Leaf, PartSkin, Skin, Thing
from sample_data.vectors import Floats, Integers, column, dot, frame, spun, times, unit, vector


class Arrangement(NamedTuple):
    """Things on a table at height 0, or hanging in the air."""

    things: list[Thing]
    occluders: Occluders
    # For each thing (neighbours, parts): which occluders can shade a part of it.
    neighbours: list[Integers]
    hanging: bool
    pitch: tuple[float, float]  # degrees the camera may look down
    tint: Floats  # the fruit's colour, which the table picks up in the shadow
    props: int = 0  # how many of the things, from the end, are no fruit: the camera need not see them

    def outline(self) -> Floats:
        """Points (3, n) all over everything."""
        return np.concatenate([thing.outline() for thing in self.things], axis=1)

    def subject(self) -> Floats:
        """Points (3, n) all over the fruit, without stalks and leaves."""
        own = len(self.things) - self.props
        pairs = zip(self.things[:own], self.neighbours[:own], strict=True)
        fruit = [thing for thing, neighbours in pairs if neighbours.size or isinstance(thing, Body)]
        return np.concatenate([thing.outline() for thing in fruit], axis=1)


def leaning(rng: np.random.Generator, low: float, high: float) -> Floats:
    """A frame whose second axis leans between `low` and `high` degrees away from upright, to any side."""
    lean, side = np.radians(rng.uniform(low, high)), rng.uniform(0, 2 * np.pi)
    up = vector(np.sin(lean) * np.cos(side), np.cos(lean), np.sin(lean) * np.sin(side))
    return spun(frame(up), rng.uniform(0, 2 * np.pi))


def resting(body: Body) -> Body:
    """The body let down until it touches the table."""
    return body._replace(centre=body.centre - vector(0, float(body.outline()[1].min()), 0))


def beside(body: Body, other: Body, rng: np.random.Generator) -> Body:
    """The body pushed next to another, touching it or not quite, on any side."""
    side = rng.uniform(0, 2 * np.pi)
    towards = vector(np.cos(side), 0, np.sin(side))
    flat = vector(1, 0, 1)
    edge = dot(towards, (other.outline() - column(other.centre)) * column(flat)).max()
    near = dot(-towards, (body.outline() - column(body.centre)) * column(flat)).max()
    place = other.centre * flat + towards * float(edge + near) * rng.uniform(0.98, 1.12)
    return resting(body._replace(centre=place.astype(np.float32)))


def gathered(bodies: list[Body], rng: np.random.Generator) -> list[Body]:
    """The bodies pushed together on the table, each next to one of those before it."""
    placed = bodies[:1]
    for body in bodies[1:]:
        tries = [beside(body, placed[rng.integers(len(placed))], rng) for _ in range(6)]
        placed.append(max(tries, key=lambda one: _fit(one, placed)))
    return placed


def _fit(body: Body, others: list[Body]) -> tuple[float, float]:
    """How well the body lies: it should not run into others, and the nearer to the first the better."""
    away = [float(np.hypot(*(body.centre - other.centre)[[0, 2]])) for other in others]
    room = min(gap - 0.95 * (body.girth + other.girth) for gap, other in zip(away, others, strict=True))
    return min(0.0, room), -away[0]


def hung(bodies: list[Body], rng: np.random.Generator) -> list[Body]:
    """The bodies in the air, each a little lower, higher, nearer or further than the first, as on a branch."""
    sides = np.cumsum([0.0, *rng.uniform(1.5, 2.2, len(bodies) - 1)]) * rng.choice([-1, 1])
    places = [vector(side, rng.uniform(-0.6, 0.6), rng.uniform(-0.8, 0.8)) for side in sides]
    return [body._replace(centre=place) for body, place in zip(bodies, places, strict=True)]


def stalk(points: list[Floats], radius: float, colour: Floats, count: int = 22) -> Cluster:
    """Beads along a quadratic Bezier curve, thicker at both ends."""
    t = np.linspace(0, 1, count, dtype=np.float32)
    start, bend, end = points
    centre = times(start, (1 - t) ** 2) + times(bend, 2 * t * (1 - t)) + times(end, t * t)
    axis = unit(np.gradient(centre, axis=1)).astype(np.float32)
    across = (radius * (1 + 0.5 * (2 * t - 1) ** 2 + 0.2 * t**8)).astype(np.float32)
    # Long beads overlap, so that they read as one stalk.
    spacing = float(np.sqrt(((centre[:, 1:] - centre[:, :-1]) ** 2).sum(axis=0)).mean())
    return Cluster(centre, axis, np.maximum(across * 1.8, 3 * spacing).astype(np.float32), across, bark(colour))


def bark(colour: Floats) -> PartSkin:
    """The skin of a stalk: matt, darker in its furrows."""

    def skin(local: Floats, normal: Floats, part: Integers) -> Surface:
        ones = np.ones_like(local[0])
        furrow = 0.8 + 0.2 * np.sin(local[0] * 5 + local[2] * 4)
        return Surface(normal, times(colour, furrow), ones * 0.6, ones * 0.03, vector(0.2, 0.15, 0.1), np.zeros_like(local), ones * 0.75)

    return skin


def leaf_skin(colour: Floats) -> Skin:
    """Green, with a pale midrib and side veins, and light shining through."""

    def skin(local: Floats, normal: Floats) -> Surface:
        ones = np.ones_like(local[0])
        side, tip = np.abs(local[0]), local[2]
        rib = np.exp(-((side / 0.012) ** 2))
        phase = (tip - side * 0.8) * 9
        vein = np.exp(-(((phase - np.round(phase)) / 0.07) ** 2)) * 0.35
        pale = np.maximum(rib, vein)
        albedo = times(colour, 0.85 + 0.3 * pale + 0.1 * clouds(local * 20))
        slope = np.stack([np.sin(phase * 2 * np.pi) * np.sign(local[0]) * 0.06, 0 * ones, np.sin(phase * 2 * np.pi) * -0.05])
        return Surface(unit(normal + slope), albedo, ones * 0.35, ones * 0.04, vector(0.3, 0.4, 0.1), albedo * 0.2, ones * 0.9)

    return skin


def leaf(base: Floats, towards: Floats, size: float, rng: np.random.Generator, slim: float = 0.27) -> Leaf:
    """A leaf that grows from `base` in a direction, its upper side up."""
    tip = unit(towards)
    side = unit(np.cross(vector(0, 1, 0), tip) + 0.3 * rng.standard_normal(3)).astype(np.float32)
    out = unit(np.cross(tip, side)).astype(np.float32)
    axes = np.stack([np.cross(out, tip), out, tip]).astype(np.float32)
    colour = np.array((0.065, 0.135, 0.03), np.float32) * rng.uniform(0.7, 1.6)
    return Leaf(base.astype(np.float32), axes, size, size * rng.uniform(1.0, 2.0), slim * rng.uniform(0.85, 1.15), leaf_skin(colour))


def ellipsoid_of(body: Body) -> Occluders:
    """The ellipsoid that throws about the same shadow as the body."""
    points = body.turn @ (body.outline() - column(body.centre))
    middle = (points.max(axis=1) + points.min(axis=1)) / 2
    half = (points.max(axis=1) - points.min(axis=1)) / 2
    centre = body.centre + body.turn.T @ middle
    return Occluders(column(centre), column(body.turn[1]), half[1:2] * 0.97, (half[:1] + half[2:]) * 0.48)


def joined(all_of: list[Occluders]) -> Occluders:
    return Occluders(*(np.concatenate(parts, axis=-1).astype(np.float32) for parts in zip(*all_of, strict=True)))


def unshaded(thing: Thing) -> Integers:
    """The neighbours of a thing that nothing shades."""
    return np.zeros((0, thing.centre.shape[1] if isinstance(thing, Cluster) else 1), np.intp)


def of_bodies(bodies: list[Body], extras: list[Thing], pitch: tuple[float, float], tint: Floats, hanging: bool = False) -> Arrangement:
    """Bodies that shade each other, with stalks and leaves that nothing shades."""
    occluders = joined([ellipsoid_of(body) for body in bodies])
    others = [[index for index in range(len(bodies)) if index != own] for own in range(len(bodies))]
    # A cut body has two parts, its skin and its flesh.
    neighbours = [np.array([[one, one] for one in other], np.intp).reshape(-1, 2) for other in others]
    neighbours += [unshaded(extra) for extra in extras]
    return Arrangement([*bodies, *extras], occluders, neighbours, hanging, pitch, tint)


def beside_props(arrangement: Arrangement, props: list[Body]) -> Arrangement:
    """The same fruit among props, which throw shadows but lie in none."""
    return arrangement._replace(
        things=[*arrangement.things, *props],
        occluders=joined([arrangement.occluders, *map(ellipsoid_of, props)]),
        neighbours=[*arrangement.neighbours, *(np.zeros((0, 2), np.intp) for _ in props)],
        props=len(props),
    )
