"""The light in a scene: one soft box or window, a sky around it, and what the table throws back."""

from typing import NamedTuple

import numpy as np

from sample_data.vectors import Floats, Integers, column, dot, frame, mirror, mix, ramp, sphere_directions, times, unit


class Light(NamedTuple):
    """Colours are linear RGB (3,); directions point towards the light."""

    key_axes: Floats  # (3, 3): the key light's width, direction and height as rows
    key_width: float  # half of it, at distance 1
    key_height: float
    key_colour: Floats  # irradiance on a surface that faces it
    panes: int  # 1 for a soft box, 2 for a window with a cross in it
    zenith: Floats  # radiance of the sky overhead
    horizon: Floats  # radiance all around
    ground: Floats  # radiance of the lit table
    ambient: Floats  # (9, 3): irradiance of everything but the key light, as spherical harmonics

    @property
    def key(self) -> Floats:
        return self.key_axes[1]


class Surface(NamedTuple):
    """What light meets at n visible points."""

    normal: Floats  # (3, n)
    albedo: Floats  # (3, n), linear RGB
    roughness: Floats  # (n,), 0 mirrors, 1 is matt
    reflectance: Floats  # (n,), of a ray that arrives at a right angle; 0.04 for most skins
    wrap: Floats  # (3,): how far light of each colour creeps around the terminator, 0..1
    glow: Floats  # (3, n): colour of light that has come through from behind
    open: Floats  # (n,): the share of the surroundings that the thing itself does not hide


class Occluders(NamedTuple):
    """Ellipsoids of revolution that throw shadows."""

    centre: Floats  # (3, m)
    axis: Floats  # (3, m), unit vectors
    along: Floats  # (m,): radius along the axis
    across: Floats  # (m,): radius across it


def lit_by(
    towards: Floats, size: tuple[float, float], key_colour: Floats, panes: int, zenith: Floats, horizon: Floats, table: Floats
) -> Light:
    """A light whose ambient part is worked out from the sky and from a table of albedo `table` under that sky."""
    onto_table = (zenith + horizon) / 2 + key_colour * max(float(unit(towards)[1]), 0.1)
    ground = (table * onto_table * 0.8).astype(np.float32)
    dark = Light(frame(towards), *size, key_colour, panes, zenith, horizon, ground, np.zeros((9, 3), np.float32))
    return dark._replace(ambient=_project(dark))


def _basis(directions: Floats) -> Floats:
    """The nine real spherical harmonics up to order two (9, n)."""
    x, y, z = directions
    return np.stack(
        [
            np.full_like(x, 0.282095),
            0.488603 * y,
            0.488603 * z,
            0.488603 * x,
            1.092548 * x * y,
            1.092548 * y * z,
            0.315392 * (3 * z * z - 1),
            1.092548 * x * z,
            0.546274 * (x * x - y * y),
        ]
    )


def _project(light: Light) -> Floats:
    """Ambient radiance to irradiance / pi (Ramamoorthi and Hanrahan 2001, equations 7 to 9)."""
    directions = sphere_directions(400)
    coefficients = _basis(directions) @ _sky(light, directions).T * (4 * np.pi / 400)
    cosine_lobe = np.array([1, 2 / 3, 2 / 3, 2 / 3, 1 / 4, 1 / 4, 1 / 4, 1 / 4, 1 / 4])
    return (coefficients * cosine_lobe[:, None]).astype(np.float32)


def ambient(light: Light, normals: Floats) -> Floats:
    """Irradiance / pi (3, n) from sky and table."""
    return np.maximum(light.ambient.T @ _basis(normals), 0)


def _sky(light: Light, directions: Floats) -> Floats:
    height = directions[1]
    # The sky brightens upwards slowly; where the table ends and the room begins is never sharp.
    sky = column(light.horizon) + times(light.zenith - light.horizon, ramp(0.0, 0.9, height))
    return mix(sky, column(light.ground), ramp(0.12, -0.4, height))


def sky_in_mirror(light: Light, directions: Floats) -> Floats:
    """Radiance (3, n) of everything but the key light along `directions`; it is smooth already."""
    return _sky(light, directions)


def key_in_mirror(light: Light, directions: Floats, roughness: Floats) -> Floats:
    """Radiance (3, n) of the key light along `directions`, blurred as by a surface of this roughness."""
    width_axis, towards, height_axis = light.key_axes
    depth = np.maximum(dot(towards, directions), 1e-3)
    u, v = np.abs(dot(width_axis, directions)) / depth, np.abs(dot(height_axis, directions)) / depth
    blur = 0.03 + roughness
    shape = ramp(light.key_width + blur, light.key_width - blur, u) * ramp(light.key_height + blur, light.key_height - blur, v)
    if light.panes > 1:
        shape = shape * ramp(0.0, 0.09, u + roughness * 0.4) * ramp(0.0, 0.09, v + roughness * 0.4)
    shape = shape * (depth > 2e-3)
    # Blur spreads the same light over a larger patch.
    area = 4 * (light.key_width + blur / 2) * (light.key_height + blur / 2)
    return times(light.key_colour, shape / area * 2.2)


def blocked(
    points: Floats, normals: Floats, towards: Floats, softness: float, occluders: Occluders, which: Integers
) -> tuple[Floats, Floats]:
    """The open share of the surroundings and of the key light at n points, each (n,).

    `which` (k, n) names the occluders to try for each point. Ellipsoids are treated as balls in a stretched space;
    a ball's share of the hemisphere is Quilez's "sphere ambient occlusion", its penumbra his "sphere soft shadow".
    """
    surroundings: Floats = np.ones_like(points[0])
    key: Floats = np.ones_like(points[0])
    for index in which:
        axis, radius = occluders.axis[:, index], occluders.across[index]
        stretch = radius / occluders.along[index] - 1
        away = occluders.centre[:, index] - points
        away = away + axis * (dot(axis, away) * stretch)
        ray = column(towards) + axis * (dot(towards, axis) * stretch)
        ray = unit(ray)
        squared = np.maximum(dot(away, away), radius * radius)
        facing = np.clip(dot(normals, away) / np.sqrt(squared) + 0.15, 0, 1)
        surroundings *= 1 - facing * radius * radius / squared
        before = dot(away, ray)
        gap = (np.sqrt(np.maximum(squared - before * before, 0)) - radius) / np.maximum(before, 0.05)
        key *= np.where(before > 0, ramp(-softness, softness, gap), 1)
    return surroundings, key


def shade(surface: Surface, rays: Floats, light: Light, surroundings: Floats, key: Floats) -> Floats:
    """Radiance (3, n) towards the camera; `rays` (3, n) point away from it."""
    open_sky = surroundings * surface.open
    facing = dot(light.key, surface.normal)
    # Wrapped diffuse light (Green 2004, GPU Gems 16.2): red creeps furthest into the shadow, as in skin and fruit.
    wrap = column(surface.wrap)
    lit = np.clip((facing + wrap) / (1 + wrap), 0, None) * (key * (0.4 + 0.6 * surface.open))
    diffuse = surface.albedo * (lit * column(light.key_colour) + ambient(light, surface.normal) * open_sky)
    through = surface.glow * column(light.key_colour) * (np.clip(0.55 - 0.45 * facing, 0, 1) * (0.35 + 0.65 * key))
    # Fresnel's law in Schlick's form (1994, equation 15); rough skins reflect less at grazing angles.
    # Seen through a pixel, no facet is quite edge-on: without this floor, bumps on the outline sparkle.
    grazing = (1 - np.clip(-dot(rays, surface.normal), 0.27, 1)) ** 5
    fresnel = surface.reflectance + (1 - surface.reflectance) * grazing * (1 - surface.roughness) ** 2 * 0.7
    bounced = mirror(rays, surface.normal)
    sky = sky_in_mirror(light, bounced) * (fresnel * open_sky * surface.open)
    highlight = key_in_mirror(light, bounced, surface.roughness) * (fresnel * surface.open * key)
    return diffuse + through + sky + highlight
