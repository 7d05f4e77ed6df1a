"""The two pictures to upload: a small one and one as large as a telephone's."""

import io
from typing import NamedTuple

import numpy as np
from PIL import Image
from urllib3 import encode_multipart_formdata

from bench.client import Question
from sample_data.render import draw

# Width and height of the photo in pixels.
PHOTO_SIZE = (2218, 2216)

# What a sensor adds, in levels of 255: without grain a rendering compresses to a third of a photo's size.
GRAIN = 5.0

SEED = 3


class Jpeg(NamedTuple):
    """An encoded picture."""

    name: str
    content: bytes

    def __str__(self) -> str:
        return f"{self.name} ({len(self.content) / 1000:,.0f} kB)"


def small() -> Jpeg:
    """240 x 200 pixels, about 5 kB."""
    return _encoded("small", draw("lemon", SEED, 240, 200), 76)


def photo() -> Jpeg:
    """2218 x 2216 pixels, 1 to 2 MB. Drawn at half the size, which takes a quarter of the time."""
    width, height = PHOTO_SIZE
    large = draw("apple", SEED, width // 2, height // 2).resize(PHOTO_SIZE, Image.Resampling.BICUBIC)
    grain = np.random.default_rng(SEED).normal(0, GRAIN, (height, width, 1))
    return _encoded("photo", Image.fromarray(np.clip(np.asarray(large) + grain, 0, 255).astype(np.uint8)), 90)


def upload(picture: Jpeg) -> Question:
    """A form with the picture in the field `file`."""
    body, content_type = encode_multipart_formdata({"file": (f"{picture.name}.jpg", picture.content, "image/jpeg")}, "bench-boundary")
    return Question("/predict", body, content_type)


def _encoded(name: str, picture: Image.Image, quality: int) -> Jpeg:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=quality)
    return Jpeg(name, stream.getvalue())
