"""Decodes pictures that strangers upload, and cuts them to what a model looks at."""

import io
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from serving.errors import Refusal

# What people upload. Anything else that Pillow could read (PostScript, PSD, …) is attack surface.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "AVIF")

# Beyond this many megapixels a small file can ask for gigabytes of memory (a decompression bomb). JPEGs, which phones make
# with up to 200, are decoded at a fraction of their size; what counts is what has to be decoded.
MEGAPIXELS_MAX = 24

# How many times as long as wide a picture may be before scaling the whole of it is a waste.
ELONGATION_MAX = 8

# We count pixels ourselves, before decoding, and with a sentence.
Image.MAX_IMAGE_PIXELS = None

# Torn metadata of a stranger's picture is no news for the log.
warnings.filterwarnings("ignore", module=r"PIL\.")


def decode(content: bytes, name: str, side: int) -> Image.Image:
    """The picture in `content` as upright RGB, at least `2 * side` pixels wide and high if it was that large.

    Reads the first frame of an animation, scales 16-bit grey to 8, puts transparency on white.
    Raises Refusal (400) naming `name` when it is not a picture that can be decoded.
    """
    try:
        picture = Image.open(io.BytesIO(content), formats=FORMATS)
        # JPEG can be decoded at a half, a quarter or an eighth: several times faster on photos from phones.
        picture.draft("RGB", (2 * side, 2 * side))
        _check_size(picture, name)
        picture.load()
        return _as_rgb(ImageOps.exif_transpose(picture))
    except Refusal:
        raise
    except Image.UnidentifiedImageError as error:
        raise Refusal(400, f"File '{name}' is not an image. Upload a JPEG or PNG picture.") from error
    except Exception as error:  # broken files make Pillow raise almost anything: OSError, SyntaxError, struct.error, ValueError, …
        raise Refusal(400, f"File '{name}' is damaged: it starts like a picture but cannot be decoded. Upload another.") from error


def cut_square(picture: Image.Image, side: int) -> Image.Image:
    """Scales the shorter side to `side` pixels and keeps the middle square: torchvision's Resize and CenterCrop, pixel for pixel.

    Of a picture longer than ELONGATION_MAX only what the square needs is scaled, so that 10,000 by 1 pixels cost no more than others.
    """
    width, height = picture.size
    shorter = min(width, height)
    new_width, new_height = (int(side * extent / shorter) for extent in (width, height))
    left, top = round((new_width - side) / 2), round((new_height - side) / 2)
    if max(width, height) <= ELONGATION_MAX * shorter:
        # Pillow scales the two axes one after the other, in an order that follows from the sizes, and rounds in between:
        # scaling only the square differs by one level in up to a quarter of the values.
        return picture.resize((new_width, new_height), Image.Resampling.BILINEAR).crop((left, top, left + side, top + side))
    x, y = width / new_width, height / new_height
    box = (left * x, top * y, min((left + side) * x, width), min((top + side) * y, height))
    return picture.resize((side, side), Image.Resampling.BILINEAR, box=box)


def normalise(picture: Image.Image, mean: tuple[float, float, float], std: tuple[float, float, float]) -> NDArray[np.float32]:
    """An RGB picture as float32 (3, height, width): scaled to [0, 1], minus `mean`, divided by `std`, per channel."""
    pixels = np.asarray(picture, dtype=np.float32) / np.float32(255)
    scaled = (pixels - np.array(mean, np.float32)) / np.array(std, np.float32)
    return np.ascontiguousarray(scaled.transpose(2, 0, 1))


def preview(picture: Image.Image, side: int = 480) -> Image.Image:
    """A copy at most `side` pixels wide and high, to show beside the answer."""
    scale = min(1.0, side / max(picture.size))
    width, height = (max(1, round(extent * scale)) for extent in picture.size)
    return picture.resize((width, height), reducing_gap=2.0)


def as_jpeg(picture: Image.Image) -> bytes:
    """The picture as a JPEG file."""
    encoded = io.BytesIO()
    picture.save(encoded, "JPEG", quality=85)
    return encoded.getvalue()


def _check_size(picture: Image.Image, name: str) -> None:
    width, height = picture.size
    megapixels = width * height / 1e6
    if megapixels > MEGAPIXELS_MAX:
        raise Refusal(
            400, f"File '{name}' has {width} x {height} pixels ({megapixels:.0f} megapixels). Upload at most {MEGAPIXELS_MAX} megapixels."
        )


def _as_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith(("I", "F")):
        return _scaled_to_8_bits(picture).convert("RGB")
    if picture.has_transparency_data:
        # Under transparent pixels files keep leftovers that nobody ever saw.
        picture = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    return picture.convert("RGB")


def _scaled_to_8_bits(picture: Image.Image) -> Image.Image:
    # Converting directly would clip everything above 255 to white.
    if picture.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    # In place: a copy of a large picture is another hundred megabytes.
    pixels = np.nan_to_num(np.array(picture, dtype=np.float32), copy=False)
    pixels *= 255 / (65535 if picture.mode == "I" else max(float(pixels.max(initial=0)), 1e-9))
    return Image.fromarray(np.clip(pixels, 0, 255, out=pixels).astype(np.uint8))
