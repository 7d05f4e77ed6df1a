"""Shapes a ray can meet: round bodies with a profile, clusters of ellipsoids, and bent leaves."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sample_data.camera import RayGrid
from sample_data.light import Surface
from sample_data.vectors import Floats, Integers, column, dot, sphere_directions, times, unit, vector

MISS = np.float32(np.inf)
# A leaf whose greatest width is more than this share of its length is a vine leaf.
LOBED = 0.5

# From a direction (3, n) in a body's own frame, y along its stem, to the radius (n,) there.
Profile = Callable[[Floats], Floats]
# From points and normals (3, n), both in a body's own frame, to what the light meets; the normal stays local.
Skin = Callable[[Floats, Floats], Surface]
# The same for a thing of many parts: points (measured in radii), normals, and the part (n,) each point lies on.
PartSkin = Callable[[Floats, Floats, Integers], Surface]


class Sight(NamedTuple):
    """What each ray of a grid meets first: distance (rows, columns), and which part of the thing it is."""

    distance: Floats
    part: Integers


class Body(NamedTuple):
    """A star-shaped solid: along each direction from its centre it ends at one radius."""

    centre: Floats
    turn: Floats  # (3, 3): the body's own axes as rows
    profile: Profile
    reach: float  # at least the largest radius
    girth: float  # at least the largest distance from its own y axis
    skin: Skin
    # Points beyond this height along the body's own y axis are cut away.
    cut: float = np.inf
    flesh: Skin | None = None

    def outline(self) -> Floats:
        """Points (3, n) all over the surface, in the scene."""
        poles = np.array([[0, 0], [1, -1], [0, 0]], np.float32)
        directions = np.concatenate([sphere_directions(400), poles], axis=1)
        points = directions * self.profile(directions)
        points[1] = np.minimum(points[1], self.cut)
        return self.turn.T @ points + column(self.centre)

    def trace(self, grid: RayGrid) -> Sight:
        rows, columns = grid.window(self.centre, self.reach)
        shape = grid.directions.shape[1:]
        distance = np.full(shape, MISS, np.float32)
        part = np.zeros(shape, np.intp)
        rays = grid.directions[:, rows, columns]
        local = self.turn @ rays.reshape(3, -1)
        start = self.turn @ (grid.camera.position - self.centre)
        met, on_cut = self._march(start, local)
        distance[rows, columns] = met.reshape(rays.shape[1:])
        part[rows, columns] = on_cut.reshape(rays.shape[1:])
        return Sight(distance, part)

    def _march(self, start: Floats, rays: Floats) -> tuple[Floats, Integers]:
        """How far each ray goes until it meets the body, and whether that is on the cut."""
        first, last = self._bounds(start, rays)
        met, on_cut = np.full(len(first), MISS, np.float32), np.zeros(len(first), np.intp)
        live = np.flatnonzero(first < last)
        ray, first, last = rays[:, live], first[live], last[live]
        to_cut = self._to_cut(start, ray)
        enters_above = start[1] + first * ray[1] > self.cut
        distance, good = self._walk(start, ray, np.where(enters_above, np.maximum(first, to_cut), first), last)
        if np.isfinite(self.cut):
            flat = enters_above & (ray[1] < 0) & (self._beyond(column(start) + ray * to_cut) < 0)
            good = flat | (good & (start[1] + distance * ray[1] < self.cut + 0.02))
            distance = np.where(flat, to_cut, distance)
            on_cut[live] = flat
        met[live] = np.where(good, distance, MISS)
        return met, on_cut

    def _bounds(self, start: Floats, rays: Floats) -> tuple[Floats, Floats]:
        """Where each ray enters and leaves the enclosing ellipsoid; the same place twice if it misses."""
        # In a space squeezed along the body's axis the ellipsoid is a ball.
        squeeze = vector(1, self.girth / self.reach, 1)
        squeezed, origin = rays * column(squeeze), start * squeeze
        a, b = dot(squeezed, squeezed), -dot(origin, squeezed)
        half = np.sqrt(np.maximum(b * b - a * (dot(origin, origin) - self.girth**2), 0))
        return (b - half) / a, (b + half) / a

    def _to_cut(self, start: Floats, rays: Floats) -> Floats:
        """The distance to the plane of the cut, 0 for a whole body."""
        if not np.isfinite(self.cut):
            return np.zeros_like(rays[1])
        return (self.cut - start[1]) / np.where(np.abs(rays[1]) < 1e-6, np.float32(1e-6), rays[1])

    def _walk(self, start: Floats, rays: Floats, distance: Floats, last: Floats) -> tuple[Floats, Integers]:
        """How far each ray comes, and whether it has met the surface by then (sphere tracing, Hart 1996).

        Rays that skim a rim need long; they are few.
        """
        distance, met = distance.copy(), np.zeros(len(distance), bool)
        todo = np.arange(len(distance))
        for _ in range(12):
            ray, here, entered = rays[:, todo], distance[todo], met[todo]
            for _ in range(4):
                gap = self._beyond(column(start) + ray * here)
                entered |= gap < 0.002
                # The profile is steeper than a distance field in the hollow: careful steps, or a ray jumps through the rim.
                # But steps all the same, or a ray that skims the rim never gets past it.
                here += np.where(entered, gap * 0.75, np.clip(gap * 0.75, 0.012, 0.16))
            distance[todo], met[todo] = here, entered
            todo = todo[(np.abs(gap) > 0.002) & (here < last[todo])]
        return distance, met & (distance < last)

    def _beyond(self, points: Floats) -> Floats:
        distance = np.maximum(np.sqrt(dot(points, points)), 1e-4)
        return distance - self.profile(points / distance)

    def _normal(self, points: Floats) -> Floats:
        """The gradient of the implicit surface from four samples on a tetrahedron (Quilez, "Normals for an SDF")."""
        normal = np.zeros_like(points)
        for corner in ((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)):
            away = np.array(corner, np.float32)
            normal += times(away, self._beyond(points + column(away) * np.float32(0.004)))
        return unit(normal)

    def surface(self, points: Floats, part: Integers) -> Surface:
        local = self.turn @ (points - column(self.centre))
        normal = self._normal(local)
        found = self.skin(local, normal)
        if self.flesh is not None:
            up = np.zeros_like(local)
            up[1] = 1
            found = _chosen(part > 0, self.flesh(local, up), found)
        return found._replace(normal=self.turn.T @ found.normal)


def _chosen(here: Floats, yes: Surface, no: Surface) -> Surface:
    picked = {name: np.where(here, getattr(yes, name), getattr(no, name)) for name in Surface._fields if name != "wrap"}
    return Surface(wrap=no.wrap, **picked)


def measured(profile: Profile, turn: Floats, skin: Skin) -> Body:
    """A body at the origin, with its bounds measured."""
    poles = np.array([[0, 0], [1, -1], [0, 0]], np.float32)
    directions = np.concatenate([sphere_directions(900), poles], axis=1)
    points = directions * profile(directions)
    girth = float(np.hypot(points[0], points[2]).max())
    # The smallest ellipsoid of that girth that holds every point.
    room = np.maximum(1 - (points[0] ** 2 + points[2] ** 2) / (girth * 1.03) ** 2, 1e-3)
    reach = float((np.abs(points[1]) / np.sqrt(room)).max())
    return Body(vector(0, 0, 0), turn, profile, max(min(reach, 4 * girth), girth * 1.03) * 1.01, girth * 1.04, skin)


class Cluster(NamedTuple):
    """Ellipsoids of revolution: the berries of a bunch, or the beads along a stem."""

    centre: Floats  # (3, m)
    axis: Floats  # (3, m)
    along: Floats  # (m,)
    across: Floats  # (m,)
    skin: PartSkin

    def outline(self) -> Floats:
        directions = sphere_directions(24)
        reach = np.maximum(self.along, self.across)
        return (self.centre[:, :, None] + directions[:, None, :] * reach[None, :, None]).reshape(3, -1)

    def trace(self, grid: RayGrid) -> Sight:
        shape = grid.directions.shape[1:]
        distance = np.full(shape, MISS, np.float32)
        part = np.zeros(shape, np.intp)
        for index, (rows, columns) in enumerate(grid.windows(self.centre, np.maximum(self.along, self.across))):
            met = self._meet(index, grid.camera.position, grid.directions[:, rows, columns])
            nearer = met < distance[rows, columns]
            distance[rows, columns][nearer] = met[nearer]
            part[rows, columns][nearer] = index
        return Sight(distance, part)

    def _meet(self, index: int, origin: Floats, rays: Floats) -> Floats:
        axis, radius = self.axis[:, index], self.across[index]
        stretch = radius / self.along[index] - 1
        start = origin - self.centre[:, index]
        start = start + axis * (dot(axis, start) * stretch)
        ray = rays + times(axis, dot(axis, rays) * stretch)
        a, b, c = dot(ray, ray), dot(start, ray), dot(start, start) - radius * radius
        root = b * b - a * c
        return np.where(root > 0, (-b - np.sqrt(np.maximum(root, 0))) / a, MISS).astype(np.float32)

    def surface(self, points: Floats, part: Integers) -> Surface:
        axis, along, across = self.axis[:, part], self.along[part], self.across[part]
        local = points - self.centre[:, part]
        height = dot(axis, local)
        normal = unit(local + axis * (height * ((across / along) ** 2 - 1)))
        return self.skin(local / across, normal, part)


class Leaf(NamedTuple):
    """A patch of a large ball, cut out along a leaf's edge."""

    base: Floats  # where the stalk meets it
    axes: Floats  # (3, 3): sideways, out of the leaf, towards the tip, as rows
    size: float  # from base to tip
    bend: float  # radius of the ball
    slim: float  # half of the greatest width, as a share of the length
    skin: Skin

    def _local(self, points: Floats) -> Floats:
        return self.axes @ (points - self.base.reshape((3,) + (1,) * (points.ndim - 1))).reshape(3, -1) / self.size

    def _inside(self, side: Floats, tip: Floats) -> Floats:
        """Whether points of the leaf's plane lie on the leaf."""
        if self.slim < LOBED:
            return np.abs(side) < self._edge(tip)
        # Five lobes and small teeth around the end of the stalk, with a notch where the stalk comes in.
        angle = np.arctan2(side, tip - 0.3)
        lobes = np.abs(np.cos(angle * 2.35)) ** 0.6
        teeth = np.abs((angle * 6.0) % 1 - 0.5)
        notch = np.clip((np.abs(angle) - 2.5) / 0.6, 0, 1)
        return np.hypot(side, tip - 0.3) < (0.42 + 0.26 * lobes + 0.07 * teeth) * (1 - 0.75 * notch)

    def _edge(self, tip: Floats) -> Floats:
        """Half the width at a share `tip` of the length: full in the lower third, pointed at the end."""
        inside = np.clip(tip, 0, 1)
        return self.slim * 1.75 * np.sqrt(inside) * (1 - inside) ** 0.8 * (1 + 0.5 * inside)

    def _height(self, tip: Floats) -> Floats:
        radius = self.bend / self.size
        return np.sqrt(np.maximum(radius**2 - (tip - 0.4) ** 2, 0)) - np.sqrt(radius**2 - 0.16)

    def outline(self) -> Floats:
        tip = np.linspace(0, 1, 12, dtype=np.float32) if self.slim < LOBED else np.linspace(-0.5, 1.1, 12, dtype=np.float32)
        wide = self._edge(tip) if self.slim < LOBED else np.full_like(tip, 0.8)
        sides = [np.stack([side * wide, self._height(tip), tip]) for side in (-1, 1)]
        return self.axes.T @ (np.concatenate(sides, axis=1) * self.size) + column(self.base)

    def trace(self, grid: RayGrid) -> Sight:
        shape = grid.directions.shape[1:]
        middle = self.base + self.axes.T @ np.array([0, 0, self.size / 2], np.float32)
        distance = np.full(shape, MISS, np.float32)
        rows, columns = grid.window(middle.astype(np.float32), self.size * 1.1)
        rays = grid.directions[:, rows, columns]
        start = self.axes @ (grid.camera.position - self.base) / self.size
        local = (self.axes @ rays.reshape(3, -1)).astype(np.float32)
        distance[rows, columns] = (self._meet(start, local) * self.size).reshape(rays.shape[1:])
        return Sight(distance, np.zeros(shape, np.intp))

    def _meet(self, start: Floats, rays: Floats) -> Floats:
        """Both walls of a cylinder whose axis runs sideways: the leaf bows from base to tip."""
        radius = self.bend / self.size
        low = np.sqrt(radius**2 - 0.16)
        y, z = start[1] + low, start[2] - 0.4
        a = rays[1] ** 2 + rays[2] ** 2 + 1e-9
        b = y * rays[1] + z * rays[2]
        root = np.sqrt(np.maximum(b * b - a * (y * y + z * z - radius**2), 0))
        best = np.full(rays.shape[1], MISS, np.float32)
        for distance in ((-b - root) / a, (-b + root) / a):
            point = column(start) + rays * distance
            good = (root > 0) & self._inside(point[0], point[2]) & (point[1] + low > 0) & (distance > 0)
            best = np.where(good & (distance < best), distance, best)
        return best.astype(np.float32)

    def surface(self, points: Floats, part: Integers) -> Surface:
        local = self._local(points)
        along = local[2] - 0.4
        normal = np.stack([np.zeros_like(along), np.sqrt(np.maximum((self.bend / self.size) ** 2 - along**2, 0)), along])
        found = self.skin(local, unit(normal))
        return found._replace(normal=self.axes.T @ found.normal)


Thing = Body | Cluster | Leaf
