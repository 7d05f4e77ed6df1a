"""What a model sees of a picture is what it saw in training."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from models.torchvision_cpu import torchvision
from serving import pictures
from serving.picture_classifier import IMAGENET_MEAN, IMAGENET_STD
from tests.serving.conftest import encoded, lemon

SIDE = 150
# Width and height: wide, upright, nearly square, exactly right, larger, smaller, odd.
SIZES = [(600, 300), (300, 600), (151, 150), (150, 151), (149, 1000), (1000, 149), (150, 150), (151, 153), (301, 457), (77, 31), (1, 1)]


def in_training(picture: Image.Image) -> Image.Image:
    transforms = torchvision.transforms
    cut: Image.Image = transforms.Compose([transforms.Resize(SIDE), transforms.CenterCrop(SIDE)])(picture)
    return cut


def noise(width: int, height: int) -> Image.Image:
    """The hardest picture to scale."""
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


def levels(picture: Image.Image) -> NDArray[np.int16]:
    return np.asarray(picture).astype(np.int16)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_square_is_torchvisions_pixel_for_pixel(width: int, height: int) -> None:
    picture = noise(width, height)

    square = pictures.cut_square(picture, SIDE)

    assert np.array_equal(levels(square), levels(in_training(picture)))


@pytest.mark.parametrize(("width", "height"), [(20, 400), (400, 20), (10, 3000)])
def test_the_square_of_a_strip_is_torchvisions_but_for_rounding(width: int, height: int) -> None:
    picture = noise(width, height)

    square = pictures.cut_square(picture, SIDE)

    # Only the middle of a strip is scaled. Pillow then scales its axes in another order and rounds in between: one level of 255.
    assert np.abs(levels(square) - levels(in_training(picture))).max() <= 1


@pytest.mark.parametrize("size", [(10_000, 1), (1, 10_000)])
def test_a_line_of_10000_pixels_is_scaled_only_in_its_middle(size: tuple[int, int]) -> None:
    line = Image.fromarray(np.linspace(0, 255, 10_000).astype(np.uint8).reshape(size[::-1])).convert("RGB")

    # Scaled whole, it would be 1,500,000 pixels long.
    square = pictures.cut_square(line, SIDE)

    assert square.size == (SIDE, SIDE)
    assert set(levels(square).ravel().tolist()) <= {127, 128}


def test_normalising_is_torchvisions_to_the_last_bit() -> None:
    transforms = torchvision.transforms
    expected = transforms.Compose([transforms.ToTensor(), transforms.Normalize(IMAGENET_MEAN, IMAGENET_STD)])(lemon()).numpy()

    array = pictures.normalise(lemon(), IMAGENET_MEAN, IMAGENET_STD)

    assert array.dtype == np.float32
    assert np.array_equal(array, expected)


def test_a_large_photo_is_decoded_smaller_and_looks_the_same_to_the_model() -> None:
    content = encoded(lemon().resize((2400, 1800), Image.Resampling.BICUBIC), "JPEG", quality=90)

    decoded = pictures.decode(content, "large.jpg", SIDE)

    assert decoded.size == (600, 450)
    difference = np.abs(levels(pictures.cut_square(decoded, SIDE)) - levels(in_training(pictures.decode(content, "large.jpg", 1800))))
    # Of 255 levels; noise of one level, as any compression makes, has a mean of two thirds.
    assert difference.max() <= 2
    assert difference.mean() < 0.25
