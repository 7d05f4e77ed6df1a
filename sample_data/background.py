"""What is behind the table, more or less out of focus: a wall, a kitchen, a shelf, a garden, leaves, the dark."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from sample_data.colours import linear, varied
from sample_data.vectors import Floats, times, vector


def _wall(level: float, width: int, height: int, rng: np.random.Generator) -> Floats:
    shade = linear(*[(214, 208, 198), (150, 160, 165), (120, 100, 90), (190, 170, 140), (70, 80, 88)][rng.integers(5)])
    small = _patches(rng, [shade, shade, shade * 0.85], 3, True)
    slope = np.linspace(1 + rng.uniform(-0.4, 0.4), 1, 80)[None, :] * np.linspace(rng.uniform(0.7, 1.2), 1, 60)[:, None]
    return resized(small * slope.astype(np.float32) * level, width, height, 8, Image.Resampling.BICUBIC)


def _kitchen(level: float, width: int, height: int, rng: np.random.Generator) -> Floats:
    paints = ((215, 205, 190), (140, 105, 75), (90, 85, 82), (235, 230, 225), (60, 50, 45), (120, 140, 150))
    small = _patches(rng, [linear(*paints[index]) for index in rng.permutation(6)[:4]], 14, True) * level
    # A window at the side.
    small[:, :, : rng.integers(1, 14)] *= rng.uniform(1, 2.5)
    lamps = [vector(1.6, 1.3, 0.9), vector(1.2, 1.2, 1.2), vector(1.5, 1.0, 0.5)]
    blurred = resized(small, width, height, rng.uniform(4, 9), Image.Resampling.BICUBIC)
    return blurred + _bokeh(rng, width, height, lamps, int(rng.integers(0, 9))) * level * 0.6


def _garden(level: float, width: int, height: int, rng: np.random.Generator) -> Floats:
    greens = ((70, 100, 45), (40, 62, 30), (120, 145, 70), (100, 80, 50), (190, 205, 170))
    small = _patches(rng, [linear(*green) for green in greens], 40, False) * level
    glints = [vector(0.6, 0.9, 0.3), vector(1.0, 1.0, 0.7)]
    blurred = resized(small, width, height, rng.uniform(4, 8), Image.Resampling.BICUBIC)
    return blurred + _bokeh(rng, width, height, glints, int(rng.integers(3, 16))) * level * 0.35


def _night(level: float, width: int, height: int, rng: np.random.Generator) -> Floats:
    small = _patches(rng, [linear(24, 22, 22), linear(36, 30, 28), linear(14, 14, 16)], 8, True)
    return resized(small * level, width, height, 9, Image.Resampling.BICUBIC)


def _shelf(level: float, width: int, height: int, rng: np.random.Generator) -> Floats:
    """Things of all colours, close enough to have edges."""
    greys, colours = rng.uniform(20, 235, (7, 1)), rng.uniform(20, 235, (7, 3))
    paints = [linear(*paint) for paint in greys * 0.55 + colours * 0.45]
    boxes = [(paints[rng.integers(7)], _box(rng)) for _ in range(rng.integers(8, 40))]
    return _little_blurred(_drawn(paints[0], boxes) * level, width, height, rng)


def _leaves(level: float, width: int, height: int, rng: np.random.Generator) -> Floats:
    """Leaves close enough to have edges, the nearer the brighter, each with a lit half."""
    greens = ((46, 74, 30), (62, 98, 38), (92, 132, 52), (112, 144, 66), (128, 150, 84), (104, 86, 58))
    blades, count = [], int(rng.integers(60, 200))
    for near in np.linspace(0.3, 1, count):
        colour, blade = varied(linear(*greens[rng.integers(6)]), rng, 0.2) * np.float32(near), _blade(rng)
        blades += [(colour, blade), (colour * np.float32(1.35), blade[:, :7])]
    gaps = linear(*((30, 44, 22), (190, 205, 205))[rng.integers(2)])
    return _little_blurred(_drawn(gaps, blades) * level, width, height, rng)


# Each paints radiance (3, height, width), given the level of light, the size and a random generator.
PLACES = {"wall": _wall, "kitchen": _kitchen, "shelf": _shelf, "garden": _garden, "leaves": _leaves, "night": _night}


def _drawn(ground: Floats, polygons: list[tuple[Floats, Floats]]) -> Floats:
    """Polygons, each a colour and its corners (2, n), one over the other: (3, 120, 160)."""
    planes = [Image.new("F", (160, 120), float(value)) for value in ground]
    pens = [ImageDraw.Draw(plane) for plane in planes]
    for colour, corners in polygons:
        points = [(float(x), float(y)) for x, y in corners.T]
        for pen, value in zip(pens, colour, strict=True):
            pen.polygon(points, fill=float(value))
    return np.stack([np.asarray(plane) for plane in planes])


def _box(rng: np.random.Generator) -> Floats:
    """The corners (2, 4) of an upright box."""
    wide, tall = rng.uniform(4, 34), rng.uniform(6, 60)
    return np.array([[-1, 1, 1, -1], [-1, -1, 1, 1]]) * [[wide / 2], [tall / 2]] + rng.uniform(0, [[160], [120]], (2, 1))


def _blade(rng: np.random.Generator) -> Floats:
    """The outline (2, 12) of a leaf."""
    length, wide, turn = rng.uniform(9, 30), rng.uniform(0.25, 0.5), rng.uniform(0, 2 * np.pi)
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    along, across = np.cos(angle), np.sin(angle) * wide * (1 - 0.4 * np.cos(angle))
    cosine, sine = np.cos(turn), np.sin(turn)
    outline = np.stack([along * cosine - across * sine, along * sine + across * cosine])
    return outline * length + rng.uniform(0, [[160], [120]], (2, 1))


def _little_blurred(image: Floats, width: int, height: int, rng: np.random.Generator) -> Floats:
    """Never as sharp as the fruit, and brighter on one side."""
    slope = np.linspace(rng.uniform(0.5, 1.5), 1, image.shape[2], dtype=np.float32)
    return resized(image * slope, width, height, rng.uniform(1.5, 7), Image.Resampling.BICUBIC)


def _patches(rng: np.random.Generator, palette: list[Floats], count: int, upright: bool) -> Floats:
    """Rectangles or blobs of the palette's colours, far out of focus: (3, 60, 80)."""
    image = np.empty((3, 60, 80), np.float32)
    image[:] = palette[0][:, None, None]
    rows, columns = np.mgrid[0:60, 0:80]
    for _ in range(count):
        colour = varied(palette[rng.integers(len(palette))], rng, 0.2)
        x, y, wide, tall = rng.uniform(0, 80), rng.uniform(0, 60), rng.uniform(3, 16), rng.uniform(4, 26)
        if upright:
            inside = (np.abs(columns - x) < wide) & (np.abs(rows - y) < tall)
        else:
            inside = ((columns - x) / wide) ** 2 + ((rows - y) / wide) ** 2 < 1
        image[:, inside] = colour[:, None]
    return image


def _bokeh(rng: np.random.Generator, width: int, height: int, colours: list[Floats], count: int) -> Floats:
    """Small lights out of focus are discs, a little brighter at the rim."""
    light = np.zeros((3, height, width), np.float32)
    size = rng.uniform(0.02, 0.07) * width
    for _ in range(count):
        disc = Image.new("L", (width, height))
        pen = ImageDraw.Draw(disc)
        radius = size * rng.uniform(0.6, 1.2)
        x, y = rng.uniform(0, width), rng.uniform(0, height * 0.9)
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=210, outline=255, width=max(1, int(radius * 0.1)))
        soft = np.asarray(disc.filter(ImageFilter.BoxBlur(max(0.7, radius * 0.07))), np.float32) / 255
        light += times(colours[rng.integers(len(colours))] * np.float32(rng.uniform(0.2, 1.4)), soft)
    return light


def resized(image: Floats, width: int, height: int, blur: float = 0, smooth: Image.Resampling = Image.Resampling.BILINEAR) -> Floats:
    """Linear light (3, h, w) scaled with Pillow's float pictures; the blur is in pixels of the source.

    Bilinear keeps clear of the dark lines that bicubic leaves along sharp edges; bicubic is smoother where there are none.
    """
    planes = []
    for plane in image:
        picture = Image.fromarray(np.ascontiguousarray(plane, np.float32))
        if blur > 0.3:
            small = max(1, round(picture.width / blur)), max(1, round(picture.height / blur))
            picture = picture.resize(small, Image.Resampling.BOX)
        planes.append(np.maximum(np.asarray(picture.resize((width, height), smooth)), plane.min()))
    return np.stack(planes)
