"""Paints everything but the fruit: the table with the fruit's shadow on it, and what is behind, blurred by its distance."""

import numpy as np

from sample_data.background import PLACES, resized
from sample_data.camera import Camera, distance_to
from sample_data.light import Light, Occluders, ambient, blocked, key_in_mirror, sky_in_mirror
from sample_data.scene import Scene
from sample_data.tables import Backdrop
from sample_data.vectors import Floats, column, mirror, mix, ramp, times, unit, vector


def paint(scene: Scene, width: int, height: int, rng: np.random.Generator) -> Floats:
    """Radiance (3, height, width) of everything but the fruit."""
    camera, backdrop = scene.camera, scene.backdrop
    far = _far(backdrop, scene.light, width, height, rng)
    if scene.arrangement.hanging or backdrop.floats:
        return far
    rays = camera.directions(np.arange(width) + 0.5, np.arange(height) + 0.5)
    near, distance = _table(scene, rays)
    focus = distance_to(camera, vector(0, 0.7, 0))
    # A sheet of paper is bent up behind the fruit and has no edge.
    beyond = ramp(focus * 1.2, focus * 3.0, distance) if backdrop.behind == "paper" else _beyond(camera, rays, backdrop.edge)
    # A thin lens blurs by the difference of inverse distances.
    blur = np.abs(1 / distance - 1 / focus) * focus * backdrop.aperture * width * 0.2
    # What is behind the table is painted blurred already.
    return _out_of_focus(mix(near, far, beyond), mix(blur, np.minimum(blur, width * 0.02), beyond))


def paper_white(backdrop: Backdrop, light: Light) -> Floats:
    """Radiance (3,) of a paper background far from the fruit."""
    return backdrop.colour * (light.key_colour * max(float(light.key[1]), 0.25) + (light.zenith + light.horizon) / 2)


def _far(backdrop: Backdrop, light: Light, width: int, height: int, rng: np.random.Generator) -> Floats:
    """Radiance (3, h, w) of what is behind the table."""
    if backdrop.behind == "paper":
        fading = np.linspace(rng.uniform(0.8, 1.1), 1, height)[:, None] * np.ones((1, width))
        return times(paper_white(backdrop, light), fading.astype(np.float32))
    level = float(light.horizon.mean() + light.key_colour.mean() * 0.35)
    return PLACES[backdrop.behind](level, width, height, rng)


def _shadows(places: Floats, shape: tuple[int, int], light: Light, occluders: Occluders) -> tuple[Floats, Floats]:
    """How open the table is to the sky and to the key light, both (n,). Shadows are soft: a coarser grid will do."""
    height, width = shape
    coarse = max(1, round(width / (70 if occluders.centre.shape[1] > 6 else 140)))
    points = places.reshape(3, height, width)
    small = points[:, coarse // 2 :: coarse, coarse // 2 :: coarse]
    flat = np.ascontiguousarray(small.reshape(3, -1))
    up = np.zeros_like(flat)
    up[1] = 1
    which = np.broadcast_to(np.arange(occluders.centre.shape[1])[:, None], (occluders.centre.shape[1], 1))
    softness = 0.5 * (light.key_width + light.key_height)
    open_sky, key = blocked(flat, up, light.key, softness, occluders, which)
    both = np.stack([open_sky, key]).reshape(2, *small.shape[1:])
    found = resized(np.clip(both, 0, 1), width, height)
    return found[0].ravel(), found[1].ravel()


def _table(scene: Scene, rays: Floats) -> tuple[Floats, Floats]:
    """Radiance (3, h, w) of the table and its distance (h, w)."""
    arrangement, backdrop, light, camera = scene
    _, height, width = rays.shape
    flat = rays.reshape(3, -1)
    distance = np.minimum(-camera.position[1] / np.minimum(flat[1], -1e-3), 200)
    places = column(camera.position) + flat * distance
    open_sky, key = _shadows(places, (height, width), light, arrangement.occluders)
    albedo, slope = backdrop.table(places[[0, 2]], distance / camera.focal)
    normal = unit(np.stack([-slope[0], np.ones_like(slope[0]), -slope[1]]))
    direct = times(light.key_colour, np.clip(light.key @ normal, 0, None) * key)
    # Light that the fruit throws onto the table takes the fruit's colour.
    thrown = times(arrangement.tint * (light.key_colour + light.zenith), (1 - open_sky) * 0.22)
    radiance = albedo * (direct + ambient(light, normal) * open_sky + thrown)
    if backdrop.shine > 0:
        radiance = radiance + _mirrored(flat, normal, backdrop, light, open_sky, key)
    return radiance.reshape(rays.shape), distance.reshape(height, width)


def _mirrored(rays: Floats, normal: Floats, backdrop: Backdrop, light: Light, open_sky: Floats, key: Floats) -> Floats:
    """What a polished table adds (3, n); Schlick 1994, equation 15."""
    grazing = np.clip(1 + rays[1], 0, 1) ** 5
    strength = (backdrop.shine + (1 - backdrop.shine) * grazing * (1 - backdrop.roughness) ** 2 * 0.5) * open_sky**2
    bounced = mirror(rays, normal)
    rough = np.full_like(grazing, backdrop.roughness)
    return (sky_in_mirror(light, bounced) + key_in_mirror(light, bounced, rough) * key) * strength


def _beyond(camera: Camera, rays: Floats, edge: float) -> Floats:
    """The share (h, w) of each pixel that looks over the table's far edge."""
    above, ahead = camera.position[1], edge - camera.position[2]
    angle = (rays[2] * above + rays[1] * ahead) / np.hypot(above, ahead)
    return ramp(-0.8 / camera.focal, 0.8 / camera.focal, angle)


def _out_of_focus(image: Floats, blur: Floats) -> Floats:
    """Blurs each pixel by its own radius: a blend between a few blurred copies."""
    _, height, width = image.shape
    found, strongest = image, float(blur.max())
    level = 1.5
    while level < min(strongest * 1.5, width / 3):
        copy = resized(image, width, height, level)
        found = mix(found, copy, ramp(level * 0.4, level, blur))
        level *= 2
    return found
