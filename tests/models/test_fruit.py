"""Training sees pictures as the services see them, and never those that accuracy is counted on."""

import numpy as np
import pytest

from app_custom.build import TIMES
from models import fruit
from models.built import FULL, Effort
from sample_data.render import draw
from serving.picture_classifier import IMAGENET_MEAN, IMAGENET_STD
from serving.pictures import cut_square, normalise


def test_a_picture_is_cut_and_normalised_as_the_services_do() -> None:
    picture = draw("grapes", 3, 320, 200)

    ours = fruit.normalised(fruit.cut(picture)[None])[0]
    theirs = normalise(cut_square(picture, fruit.SIDE), IMAGENET_MEAN, IMAGENET_STD)

    assert ours.dtype == theirs.dtype
    assert np.abs(ours - theirs).mean() < 0.01


def test_held_out_pictures_are_not_trained_on() -> None:
    effort = Effort(pictures=2, held_out=2, epochs=1)

    trained = {picture.tobytes() for picture in fruit.for_training(effort).pixels}
    counted = {picture.tobytes() for picture in fruit.held_out(effort).pixels}

    assert len(counted) == 6
    assert not trained & counted


def test_a_multiple_of_the_pictures_begins_with_them_and_repeats_none() -> None:
    effort = Effort(pictures=2, held_out=2, epochs=1)

    once, thrice = fruit.for_training(effort), fruit.for_training(effort, times=3)
    rendered = {picture.tobytes() for picture in thrice.pixels[:18]}

    assert np.array_equal(once.pixels[:6], thrice.pixels[:6])
    assert len(rendered) == 18
    assert len(thrice.pixels) == 18 + len(fruit.samples().pixels)


def test_two_forms_of_a_network_are_compared_on_samples_of_every_label() -> None:
    compared = {picture.tobytes() for picture in fruit.to_compare()}

    samples = fruit.samples()
    by_label = [samples.pixels[samples.labels == label] for label in range(3)]
    counts = [sum(one.tobytes() in compared for one in fruit.normalised(pixels)) for pixels in by_label]

    assert sum(counts) == len(compared) == 32
    assert min(counts) >= 10


def test_a_quantised_network_is_calibrated_and_compared_on_pictures_that_only_the_cnn_has_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[int, int]] = []
    few = fruit.rendered(1)
    monkeypatch.setattr(fruit, "rendered", lambda per_label, first_seed=0: drawn.append((per_label, first_seed)) or few)

    shapes = {pictures().shape[1:] for pictures in (fruit.calibration_pictures, fruit.comparison_pictures)}

    assert shapes == {(3, 150, 150)}
    # The same as the small CNN's second and third hundred, so that they need not be drawn again.
    assert drawn == [(FULL.pictures, 2 * FULL.pictures), (FULL.pictures, FULL.pictures)]
    assert TIMES == 3
    assert TIMES * FULL.pictures <= fruit.FIRST_HELD_OUT
