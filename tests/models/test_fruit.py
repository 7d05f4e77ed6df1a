"""Training sees pictures as the services see them, and never those that accuracy is counted on."""

import numpy as np

from models import fruit
from models.built import Effort
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
