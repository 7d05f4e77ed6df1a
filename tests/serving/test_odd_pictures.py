"""Odd pictures are answered as people would see them."""

import io
from typing import Any

import numpy as np
import pytest
import requests
from PIL import Image

from tests.serving.conftest import TORN_EXIF, Running, encoded, lemon, multipart, named

# EXIF's number for "turn a quarter clockwise to see it upright".
ORIENTATION, QUARTER_CLOCKWISE = 0x0112, 6


def grey_16_bits() -> Image.Image:
    return Image.fromarray(np.asarray(lemon().convert("L")).astype(np.uint16) * 257)


def transparent(mode: str) -> Image.Image:
    """The lemon in the upper half; below, leftovers under full transparency."""
    picture = lemon().convert("RGBA")
    picture.paste((255, 0, 255, 0), (0, 240, 640, 480))
    return picture if mode == "RGBA" else picture.quantize(255)


def on_white() -> Image.Image:
    picture = lemon()
    picture.paste("white", (0, 240, 640, 480))
    return picture


def lying() -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = QUARTER_CLOCKWISE
    return exif


PICTURES = {
    "one pixel": encoded(Image.new("RGB", (1, 1), "yellow"), "PNG"),
    "a line of pixels": encoded(Image.new("RGB", (10_000, 1), "yellow"), "PNG"),
    "a column of pixels": encoded(Image.new("RGB", (1, 10_000), "yellow"), "PNG"),
    "16-bit grey PNG": encoded(grey_16_bits(), "PNG"),
    "16-bit grey TIFF": encoded(grey_16_bits(), "TIFF"),
    "float TIFF": encoded(lemon().convert("F"), "TIFF"),
    "CMYK JPEG": encoded(lemon().convert("CMYK"), "JPEG"),
    "grey JPEG": encoded(lemon().convert("L"), "JPEG"),
    "grey and alpha PNG": encoded(lemon().convert("LA"), "PNG"),
    "black and white PNG": encoded(lemon().convert("1"), "PNG"),
    "palette GIF": encoded(lemon().convert("P"), "GIF"),
    "animated GIF": encoded(lemon(), "GIF", save_all=True, append_images=[Image.new("RGB", (640, 480))]),
    "WEBP": encoded(lemon(), "WEBP"),
    "AVIF": encoded(lemon(), "AVIF"),
    "BMP": encoded(lemon(), "BMP"),
    "progressive JPEG": encoded(lemon(), "JPEG", progressive=True),
    "JPEG of two pictures (MPO)": encoded(lemon(), "MPO", save_all=True, append_images=[lemon()]),
    "JPEG with torn EXIF": encoded(lemon(), "JPEG", exif=TORN_EXIF),
    "transparent RGBA PNG": encoded(transparent("RGBA"), "PNG"),
    "transparent palette PNG": encoded(transparent("P"), "PNG"),
}


def probabilities(answer: requests.Response) -> list[float]:
    assert answer.status_code == 200, answer.text
    return list(answer.json()["probabilities"].values())


@pytest.mark.parametrize("content", PICTURES.values(), ids=list(PICTURES))
def test_an_odd_picture_is_answered_and_shown(fruit: Running, content: bytes) -> None:
    answer, page = fruit.upload(content), fruit.upload(content, path="/result/")

    assert sum(probabilities(answer)) == pytest.approx(1, abs=1e-5)
    assert page.status_code == 200
    assert '<img src="data:image/jpeg;base64,' in page.text


@pytest.mark.parametrize(
    ("odd", "plain"),
    [
        (encoded(grey_16_bits(), "PNG"), encoded(lemon().convert("L"), "PNG")),
        (encoded(grey_16_bits(), "TIFF"), encoded(lemon().convert("L"), "PNG")),
        (encoded(transparent("RGBA"), "PNG"), encoded(on_white(), "PNG")),
        (encoded(lemon().convert("RGBA"), "PNG"), encoded(lemon(), "PNG")),
        (PICTURES["animated GIF"], encoded(lemon(), "GIF")),
        (encoded(lemon(), "PNG", exif=lying()), encoded(lemon().transpose(Image.Transpose.ROTATE_270), "PNG")),
        (PICTURES["BMP"], encoded(lemon(), "PNG")),
    ],
    ids=["16-bit PNG", "16-bit TIFF", "transparency on white", "opaque RGBA", "first frame", "turned by EXIF", "BMP"],
)
def test_an_odd_picture_is_answered_like_its_plain_twin(fruit: Running, odd: bytes, plain: bytes) -> None:
    # 16 bits may round to the level next to the 8-bit one.
    assert probabilities(fruit.upload(odd)) == pytest.approx(probabilities(fruit.upload(plain)), abs=1e-3)


def test_a_photo_taken_on_its_side_is_answered_like_the_upright_one(fruit: Running) -> None:
    photo = encoded(lemon().transpose(Image.Transpose.ROTATE_90), "JPEG", quality=100, subsampling=0, exif=lying())
    by_hand = Image.open(io.BytesIO(photo)).transpose(Image.Transpose.ROTATE_270)

    answered = probabilities(fruit.upload(photo))

    assert answered == probabilities(fruit.upload(encoded(by_hand, "PNG")))
    assert answered == pytest.approx(probabilities(fruit.upload()), abs=0.01)


@pytest.mark.parametrize(
    "sent",
    [
        {"files": {"file": ("lemon.jpg", PICTURES["BMP"], "application/octet-stream")}},
        {"files": {"file": ("lemon.jpg", PICTURES["BMP"])}},
        {"files": {"file": ("lemon", PICTURES["BMP"], "IMAGE/X-UNHEARD-OF; a=b")}},
    ],
    ids=["octet-stream", "no type", "unknown image type"],
)
def test_the_content_decides_when_the_type_says_little(fruit: Running, sent: dict[str, Any]) -> None:
    assert probabilities(fruit.post(**sent)) == probabilities(fruit.upload(PICTURES["BMP"]))


def test_a_picture_without_a_file_name_is_answered(fruit: Running) -> None:
    answer = fruit.post(**multipart(named(b'"file"; filename=""')))

    assert probabilities(answer) == probabilities(fruit.upload())
    assert answer.json()["filename"] == "unnamed"
