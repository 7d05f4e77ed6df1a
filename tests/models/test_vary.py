"""What training sees is the same pictures, seen otherwise."""

import torch

from models import fruit
from models.vary import varied


def pictures() -> torch.Tensor:
    return torch.from_numpy(fruit.samples().pixels[:8]).permute(0, 3, 1, 2)


def as_light(normalised: torch.Tensor) -> torch.Tensor:
    return normalised * torch.from_numpy(fruit.STD).view(1, 3, 1, 1) + torch.from_numpy(fruit.MEAN).view(1, 3, 1, 1)


def test_varied_pictures_are_what_networks_take() -> None:
    torch.manual_seed(0)

    seen = varied(pictures())

    assert seen.shape == (8, 3, fruit.SIDE, fruit.SIDE)
    assert seen.dtype == torch.float32
    assert -1e-5 <= float(as_light(seen).min()) < float(as_light(seen).max()) <= 1 + 1e-5


def test_the_same_picture_is_varied_anew_each_time() -> None:
    torch.manual_seed(0)
    twice = pictures()[:1].expand(2, -1, -1, -1)

    first, second = varied(twice)

    assert (first - second).abs().mean() > 0.1


def test_the_same_seed_varies_alike() -> None:
    torch.manual_seed(3)
    first = varied(pictures())

    torch.manual_seed(3)
    second = varied(pictures())

    assert torch.equal(first, second)


def test_varying_leaves_the_pictures_themselves_alone() -> None:
    before = pictures()
    kept = before.clone()

    varied(before)

    assert torch.equal(before, kept)


def test_varied_pictures_keep_their_colours_on_the_whole() -> None:
    torch.manual_seed(0)
    lemon = torch.from_numpy(fruit.samples().pixels[-8:-7]).permute(0, 3, 1, 2)

    red, _, blue = as_light(varied(lemon.expand(64, -1, -1, -1))).mean((0, 2, 3)).tolist()

    assert red > blue
