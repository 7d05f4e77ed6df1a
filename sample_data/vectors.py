"""Vector arithmetic on arrays of shape (3, n): the axis of x, y, z comes first, so that numpy works along long rows."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Integers = NDArray[np.intp]


def vector(x: float, y: float, z: float) -> Floats:
    return np.array((x, y, z), dtype=np.float32)


def dot(one: Floats, other: Floats) -> Floats:
    """Works for a single vector (3,) against many (3, n) too."""
    return one[0] * other[0] + one[1] * other[1] + one[2] * other[2]


def length(vectors: Floats) -> Floats:
    return np.sqrt(dot(vectors, vectors))


def unit(vectors: Floats) -> Floats:
    return vectors / np.maximum(length(vectors), 1e-9)


def times(single: Floats, amounts: Floats) -> Floats:
    """One vector or colour (3,) in n amounts: (3, n)."""
    return single.reshape((3,) + (1,) * np.ndim(amounts)) * amounts


def column(single: Floats) -> Floats:
    return single[:, None]


def mirror(directions: Floats, normals: Floats) -> Floats:
    """Where a ray that arrives along `directions` goes after a mirror with these `normals`."""
    return directions - normals * (2 * dot(directions, normals))


def ramp(start: float, end: float, values: Floats) -> Floats:
    """0 before `start`, 1 after `end`, smooth in between (the cubic Hermite step 3t^2 - 2t^3)."""
    t = np.clip((values - start) / (end - start), 0, 1)
    return t * t * (3 - 2 * t)


def mix(one: Floats, other: Floats, amount: Floats | float) -> Floats:
    return one + (other - one) * amount


def frame(up: Floats) -> Floats:
    """A rotation (3, 3) whose rows are three perpendicular unit vectors, the second along `up`."""
    up = unit(up)
    helper = vector(1, 0, 0) if abs(up[0]) < 0.8 else vector(0, 0, 1)
    ahead = unit(np.cross(helper, up)).astype(np.float32)
    return np.stack([np.cross(up, ahead), up, ahead]).astype(np.float32)


def spun(rotation: Floats, angle: float) -> Floats:
    """The same frame, turned about its own second axis; `angle` in radians."""
    cosine, sine = np.cos(angle), np.sin(angle)
    spin = np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]], dtype=np.float32)
    return spin @ rotation


def sphere_directions(count: int) -> Floats:
    """Evenly spread directions (3, count): the Fibonacci lattice (Gonzalez 2010, "Measurement of areas on a sphere")."""
    index = np.arange(count) + 0.5
    height = 1 - 2 * index / count
    angle = np.pi * (1 + np.sqrt(5)) * index
    around = np.sqrt(1 - height**2)
    return np.stack([around * np.cos(angle), height, around * np.sin(angle)]).astype(np.float32)
