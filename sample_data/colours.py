"""Colours as one writes them down (sRGB, 0..255) and as light adds them up (linear, 0..1)."""

import numpy as np

from sample_data.vectors import Floats


def linear(red: float, green: float, blue: float) -> Floats:
    """The sRGB transfer function backwards (IEC 61966-2-1)."""
    share = np.array((red, green, blue), dtype=np.float32) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4).astype(np.float32)


def encoded(light: Floats) -> Floats:
    """Linear light to sRGB, both 0..1 (IEC 61966-2-1)."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 1e-6) ** np.float32(1 / 2.4) - 0.055)


def varied(colour: Floats, rng: np.random.Generator, amount: float = 0.1) -> Floats:
    """The colour a little brighter or darker, and each channel a little off."""
    brightness = 1 + amount * rng.uniform(-1.5, 1.5)
    return (colour * brightness * (1 + amount * 0.5 * rng.uniform(-1, 1, 3))).astype(np.float32)
