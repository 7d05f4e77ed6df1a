"""Paints the fruit over its background, several rays per pixel."""

from typing import NamedTuple

import numpy as np

from sample_data.camera import box_around, ray_grid
from sample_data.light import blocked, shade
from sample_data.scene import Scene
from sample_data.solids import Leaf, Sight
from sample_data.vectors import Floats, Integers, column, dot

# Along each axis of a pixel.
RAYS = 2


class Painted(NamedTuple):
    """A picture in linear light."""

    radiance: Floats  # (3, h, w)
    subject: Floats  # (h, w): the share of each pixel that is fruit


def fruit_over(behind: Floats, scene: Scene) -> Painted:
    """The fruit before `behind`, radiance (3, h, w)."""
    _, height, width = behind.shape
    left, top, right, bottom = box_around(scene.camera, scene.arrangement.outline(), width, height)
    light = _seen(scene, (left, top, right, bottom))
    light = light.reshape(4, bottom - top, RAYS, right - left, RAYS).mean(axis=(2, 4))
    radiance, subject = behind.copy(), np.zeros((height, width), np.float32)
    radiance[:, top:bottom, left:right] *= 1 - light[3]
    radiance[:, top:bottom, left:right] += light[:3]
    subject[top:bottom, left:right] = light[3]
    return Painted(radiance, subject)


def _seen(scene: Scene, box: tuple[int, int, int, int]) -> Floats:
    """For each ray of the box red, green, blue and whether it meets anything (4, rays)."""
    grid = ray_grid(scene.camera, box, RAYS)
    sights = [thing.trace(grid) for thing in scene.arrangement.things]
    nearest = np.argmin(np.stack([sight.distance for sight in sights]), axis=0)
    rays = grid.directions.reshape(3, -1)
    light = np.zeros((4, rays.shape[1]), np.float32)
    for index, sight in enumerate(sights):
        here = np.flatnonzero((nearest == index) & np.isfinite(sight.distance))
        # A highlight far brighter than white would leave hard edges in the mean.
        light[:3, here] = np.minimum(_shaded(scene, index, sight, here, rays[:, here]), 6)
        light[3, here] = 1
    return light


def _shaded(scene: Scene, index: int, sight: Sight, here: Integers, rays: Floats) -> Floats:
    """Radiance (3, n) of the thing with this index along the rays `here`."""
    arrangement, _, light, camera = scene
    part = sight.part.ravel()[here]
    points = column(camera.position) + rays * sight.distance.ravel()[here]
    surface = arrangement.things[index].surface(points, part)
    if isinstance(arrangement.things[index], Leaf):
        # A leaf is seen from either side.
        surface = surface._replace(normal=surface.normal * np.where(dot(rays, surface.normal) > 0, -1, 1).astype(np.float32))
    softness = 0.5 * (light.key_width + light.key_height)
    which = arrangement.neighbours[index][:, part]
    open_sky, key = blocked(points, surface.normal, light.key, softness, arrangement.occluders, which)
    if not arrangement.hanging:
        # Close to the table, downward faces see only shadow.
        open_sky = open_sky * (1 - 0.75 * np.clip(-surface.normal[1], 0, 1) * np.exp(-points[1] / 0.5))
    return shade(surface, rays, light, open_sky, key)
