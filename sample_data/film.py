"""From light to a picture file: exposure, white balance, tone curve, vignette, grain."""

from typing import NamedTuple

import numpy as np
from PIL import Image

from sample_data.colours import encoded
from sample_data.vectors import Floats


class Film(NamedTuple):
    """The camera's own choices and faults."""

    target: float  # the mean brightness it exposes for, linear 0..1
    balance: Floats  # a factor per channel (3,)
    vignette: float  # how much darker the corners are, 0..1
    grain: float  # deviation of the noise, in 0..1 of encoded brightness
    contrast: float  # 0 none, 1 strong
    saturation: float


def loaded(rng: np.random.Generator, target: float) -> Film:
    warmth, magenta = rng.normal(0, 0.045), rng.normal(0, 0.015)
    balance = np.array((1 + warmth, 1 - magenta, 1 - warmth), np.float32)
    return Film(target, balance, rng.uniform(0, 0.35), rng.uniform(0.002, 0.011), rng.uniform(0.1, 0.75), rng.uniform(0.85, 1.08))


def _shoulder(light: Floats) -> Floats:
    """Straight up to 0.7, then bends towards 1, so that highlights roll off instead of clipping."""
    over = np.maximum(light - 0.7, 0)
    return np.minimum(light, 0.7) + 0.3 * (1 - np.exp(-over / 0.3))


def developed(radiance: Floats, subject: Floats, film: Film, white: Floats | None, rng: np.random.Generator) -> Image.Image:
    """A picture from radiance (3, h, w), exposed for the `subject` (h, w). With `white` given, that radiance becomes white paper."""
    _, height, width = radiance.shape
    radiance = np.maximum(radiance, 0)
    luminance = np.array((0.2126, 0.7152, 0.0722), np.float32)
    if white is not None:
        light = radiance * (film.target / float(luminance @ white))
    else:
        seen = np.minimum(radiance, np.quantile(radiance[:, ::4, ::4], 0.98))
        # The strongest channel counts too, so that a red or yellow fruit does not burn out in it.
        brightness = (np.tensordot(luminance, seen, 1) + seen.max(axis=0)) / 2
        weight = 1 + subject * (3 / (float(subject.mean()) + 0.05))
        light = radiance * (film.target / float((brightness * weight).mean() / weight.mean()))
    rows, columns = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None, :]
    falloff = 1 - film.vignette * (rows**2 + columns**2).astype(np.float32) / 2
    light = light * film.balance[:, None, None] * falloff
    grey = np.tensordot(luminance, light, 1)
    light = np.maximum(grey + (light - grey) * film.saturation, 0)
    tones = encoded(_shoulder(light))
    tones = tones + film.contrast * 0.35 * (tones * tones * (3 - 2 * tones) - tones)
    # Sensor noise is strongest in the darks and partly shared between channels.
    noise = rng.standard_normal((4, height, width), dtype=np.float32)
    tones = tones + (noise[:3] * 0.6 + noise[3]) * (film.grain * (1.15 - tones))
    return Image.fromarray(np.clip(tones * 255 + 0.5, 0, 255).astype(np.uint8).transpose(1, 2, 0).copy(), "RGB")
