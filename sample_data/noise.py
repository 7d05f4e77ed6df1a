"""Random texture in space: one periodic block of noise, made once, read at any point."""

from functools import cache

import numpy as np

from sample_data.vectors import Floats, Integers

# Voxels along an edge. A power of two, so that wrapping around is a bit mask.
SIDE = 64
WRAP = SIDE - 1


def _filtered(seed: int, gain: Floats) -> Floats:
    white = np.random.default_rng(seed).standard_normal((SIDE, SIDE, SIDE))
    field = np.fft.irfftn(np.fft.rfftn(white) * gain, s=white.shape, axes=(0, 1, 2))
    return ((field - field.mean()) / field.std()).astype(np.float32)


def _frequencies() -> Floats:
    """Cycles per block for each Fourier coefficient."""
    along, last = np.fft.fftfreq(SIDE, 1 / SIDE), np.fft.rfftfreq(SIDE, 1 / SIDE)
    return np.sqrt(along[:, None, None] ** 2 + along[None, :, None] ** 2 + last[None, None, :] ** 2)


@cache
def _clouds() -> Floats:
    """Fractal noise, amplitude falling as 1/f^2.2 (Perlin 1985 adds octaves; in Fourier space the sum is one filter)."""
    return _filtered(1, 1 / np.maximum(_frequencies(), 2) ** 2.2).ravel()


@cache
def _dimples() -> Floats:
    """Slope (3, voxels) of noise with one typical wavelength, an eighth of the block: the pores of a peel."""
    height = _filtered(2, np.exp(-(((_frequencies() - 8) / 2.5) ** 2)))
    # Pores are pits in a smooth skin, not hills: keep the lows, flatten the highs.
    height = np.minimum(height, 0.3)
    return np.stack([(np.roll(height, -1, axis) - np.roll(height, 1, axis)).ravel() for axis in range(3)])


@cache
def _scatter() -> Floats:
    """Random numbers (4, voxels) in 0..1, independent from voxel to voxel."""
    return np.random.default_rng(3).random((4, SIDE**3), dtype=np.float32)


def _address(x: Integers, y: Integers, z: Integers) -> Integers:
    return ((x & WRAP) * SIDE + (y & WRAP)) * SIDE + (z & WRAP)


def clouds(points: Floats) -> Floats:
    """Fractal noise of mean 0 and deviation 1 at `points` (3, n); one unit of length is one voxel (trilinear)."""
    floor = np.floor(points)
    x, y, z = floor.astype(np.int32)
    u, v, w = points - floor
    block = _clouds()
    value: Floats = np.zeros_like(u)
    z_low, z_high = z & WRAP, (z + 1) & WRAP
    for i, in_x in ((0, 1 - u), (1, u)):
        slab = ((x + i) & WRAP) * (SIDE * SIDE)
        for j, in_y in ((0, 1 - v), (1, v)):
            row = slab + ((y + j) & WRAP) * SIDE
            low = block.take(row + z_low)
            value += (low + (block.take(row + z_high) - low) * w) * (in_x * in_y)
    return value


def dimples(points: Floats) -> Floats:
    """Slope (3, n) of a pored height field with eight pores per 64 units of length."""
    x, y, z = np.floor(points).astype(np.int32)
    return _dimples()[:, _address(x, y, z)]


def specks(points: Floats, radius: float) -> Floats:
    """How much of a small round speck covers each point, 0..1; one speck per unit cell, anywhere inside it.

    A cellular texture (Worley 1996) that only looks at the point's own cell: specks keep off the cell walls.
    """
    floor = np.floor(points)
    x, y, z = floor.astype(np.int32)
    chance = _scatter()[:, _address(x, y, z)]
    away = points - floor - (radius + (1 - 2 * radius) * chance[:3])
    size = radius * (0.4 + 0.6 * chance[3])
    return np.clip(1.5 - 1.5 * (away * away).sum(axis=0) / size**2, 0, 1)
