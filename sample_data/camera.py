"""Where the picture is taken from: a pinhole camera with a shifted lens."""

from typing import NamedTuple

import numpy as np

from sample_data.vectors import Floats, dot, length, unit, vector


class Camera(NamedTuple):
    """A pinhole at `position`; lengths in scene units (a fruit is about 1 in radius), the picture in pixels."""

    position: Floats
    right: Floats
    up: Floats
    forward: Floats
    focal: float  # pixels per unit of slope
    centre_x: float
    centre_y: float

    def directions(self, columns: Floats, rows: Floats) -> Floats:
        """Unit vectors (3, rows, columns) through the given pixel coordinates."""
        across = (columns - self.centre_x) / self.focal
        down = (rows - self.centre_y) / self.focal
        shape = (len(rows), len(columns))
        parts = [
            np.broadcast_to(self.forward[axis] + self.right[axis] * across[None, :] - self.up[axis] * down[:, None], shape)
            for axis in range(3)
        ]
        return unit(np.stack(parts).astype(np.float32))

    def project(self, points: Floats) -> Floats:
        """Pixel coordinates and depth (3, n) of points (3, n)."""
        away = points - self.position[:, None]
        depth = np.maximum(dot(self.forward, away), 1e-3)
        x = self.centre_x + self.focal * dot(self.right, away) / depth
        y = self.centre_y - self.focal * dot(self.up, away) / depth
        return np.stack([x, y, depth])


def looking_at(target: Floats, distance: float, pitch: float, roll: float) -> Camera:
    """A camera with focal length 1 that looks down on `target` by `pitch` radians, tilted sideways by `roll` radians."""
    position = target + distance * vector(0, np.sin(pitch), -np.cos(pitch))
    forward = unit(target - position)
    right = unit(np.cross(vector(0, 1, 0), forward)).astype(np.float32)
    up = np.cross(forward, right).astype(np.float32)
    tilted_right = np.cos(roll) * right + np.sin(roll) * up
    return Camera(position, tilted_right.astype(np.float32), np.cross(forward, tilted_right).astype(np.float32), forward, 1.0, 0.0, 0.0)


def framed(camera: Camera, outline: Floats, width: int, height: int, share: float, place: tuple[float, float]) -> Camera:
    """Zooms until `outline` (3, n) fills `share` of the frame and moves it: `place` is -1..1 of the room that is left."""
    x, y, _ = camera.project(outline)
    extent = max(np.ptp(x) / width, np.ptp(y) / height)
    focal = float(share / extent)
    room_x, room_y = width - focal * np.ptp(x), height - focal * np.ptp(y)
    middle_x, middle_y = (x.max() + x.min()) / 2 * focal, (y.max() + y.min()) / 2 * focal
    return camera._replace(
        focal=focal,
        centre_x=float(width / 2 - middle_x + place[0] * room_x / 2),
        centre_y=float(height / 2 - middle_y + place[1] * room_y / 2),
    )


class RayGrid(NamedTuple):
    """Rays through a rectangle of the picture, several per pixel."""

    camera: Camera
    left: int
    top: int
    fineness: int  # rays per pixel, along each axis
    directions: Floats  # (3, rows, columns)

    def windows(self, centre: Floats, reach: Floats) -> list[tuple[slice, slice]]:
        """For each ball, centres (3, m) and radii (m,), the rows and columns of this grid that can see it."""
        _, rows, columns = self.directions.shape
        x, y, depth = self.camera.project(centre)
        # A ball seen in perspective is a little larger than reach / depth.
        radius = self.camera.focal * reach / np.maximum(depth - reach, 0.1) * 1.1 + 1
        bounds = []
        for middle, start, size in ((y, self.top, rows), (x, self.left, columns)):
            low = np.clip((middle - radius - start) * self.fineness, 0, size).astype(int)
            high = np.clip((middle + radius - start) * self.fineness + 1, 0, size).astype(int)
            bounds.append([slice(*pair) for pair in zip(low, high, strict=True)])
        return list(zip(*bounds, strict=True))

    def window(self, centre: Floats, reach: float) -> tuple[slice, slice]:
        return self.windows(centre[:, None], np.array([reach], np.float32))[0]


def ray_grid(camera: Camera, box: tuple[int, int, int, int], fineness: int) -> RayGrid:
    """Rays for `box`: left, top, right, bottom in whole pixels."""
    left, top, right, bottom = box
    columns = left + (np.arange((right - left) * fineness) + 0.5) / fineness
    rows = top + (np.arange((bottom - top) * fineness) + 0.5) / fineness
    return RayGrid(camera, left, top, fineness, camera.directions(columns, rows))


def box_around(camera: Camera, outline: Floats, width: int, height: int, margin: int = 3) -> tuple[int, int, int, int]:
    """The whole pixels of the picture in which `outline` (3, n) can be seen."""
    x, y, _ = camera.project(outline)
    left, right = np.clip([x.min() - margin, x.max() + margin], 0, width).astype(int)
    top, bottom = np.clip([y.min() - margin, y.max() + margin], 0, height).astype(int)
    return int(left), int(top), int(max(right, left + 1)), int(max(bottom, top + 1))


def distance_to(camera: Camera, point: Floats) -> float:
    return float(length(point - camera.position))
