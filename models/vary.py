"""Shows pictures as other cameras would have taken them: moved, lit and focused otherwise, partly hidden, noisy."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from models.fruit import MEAN, STD

# What a grey of each channel weighs.
GREY = torch.full((3, 3), 1 / 3)


def varied(pixels: Tensor) -> Tensor:
    """Bytes (n, 3, side, side) → the same pictures, each varied by itself, as networks take them."""
    pictures = _lit(_moved(pixels.float() / 255))
    for change, share in ((_focused, 0.25), (_hidden, 0.25), (_noisy, 0.25)):
        _some(pictures, share, change)
    return pictures.clamp_(0, 1).sub_(_channels(MEAN)).div_(_channels(STD))


def _moved(pictures: Tensor) -> Tensor:
    """Zoomed, squeezed, turned, mirrored and shifted; what comes into view is the mirrored rim."""
    count = len(pictures)
    zoom, squeeze, turn = _uniform(count, 0.65, 1.1), _uniform(count, 0.9, 1.1), _uniform(count, -0.25, 0.25)
    mirrored = torch.randint(0, 2, (count,)) * 2 - 1
    # A part of the picture may be any part of it.
    room = (1 - zoom).abs() + 0.05
    across = torch.stack([zoom * squeeze * turn.cos() * mirrored, -zoom * turn.sin(), room * _uniform(count, -1, 1)], 1)
    down = torch.stack([zoom * turn.sin() * mirrored, zoom / squeeze * turn.cos(), room * _uniform(count, -1, 1)], 1)
    grid = functional.affine_grid(torch.stack([across, down], 1), list(pictures.shape), align_corners=False)
    return functional.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)


def _lit(pictures: Tensor) -> Tensor:
    """Other exposure, white balance, saturation and contrast. Hues stay near: colour is much of what tells these fruits apart."""
    count, side = len(pictures), pictures.shape[-1]
    exposed = _uniform(count, 0.7, 1.35).view(-1, 1, 1) * (1 + 0.05 * torch.randn(count, 3).clamp(-2, 2)).diag_embed()
    saturation = _uniform(count, 0.7, 1.35).view(-1, 1, 1)
    mixed = (GREY + saturation * (torch.eye(3) - GREY)) @ exposed
    contrast, middle = _uniform(count, 0.7, 1.3).view(-1, 1, 1), pictures.mean((1, 2, 3)).view(-1, 1, 1)
    # All four are one linear map of the three channels.
    return torch.baddbmm(middle * (1 - contrast), contrast * mixed, pictures.flatten(2)).clamp_(0, 1).view(count, 3, side, side)


def _focused(pictures: Tensor) -> Tensor:
    """Softer or, past the original, sharper."""
    soft = functional.avg_pool2d(pictures, 5, 1, 2, count_include_pad=False)
    return pictures + (soft - pictures) * _uniform(len(pictures), -0.5, 1).view(-1, 1, 1, 1)


def _hidden(pictures: Tensor) -> Tensor:
    """A rectangle behind a plain colour (Zhong et al. 2020, "Random erasing data augmentation")."""
    count, side = len(pictures), pictures.shape[-1]
    middle, reach = _uniform(2 * count, 0, side)[:, None], _uniform(2 * count, 0.08, 0.22)[:, None] * side
    rows, columns = ((torch.arange(side) - middle).abs() < reach).view(2, count, side)
    return torch.where(rows[:, None, :, None] & columns[:, None, None, :], torch.rand(count, 3, 1, 1), pictures)


def _noisy(pictures: Tensor) -> Tensor:
    """With the noise of a small sensor."""
    return pictures + torch.randn_like(pictures) * _uniform(len(pictures), 0, 0.06).view(-1, 1, 1, 1)


def _some(pictures: Tensor, share: float, change: Callable[[Tensor], Tensor]) -> None:
    """Changes about this share of the pictures, in place."""
    chosen = (torch.rand(len(pictures)) < share).nonzero().flatten()
    pictures[chosen] = change(pictures[chosen])


def _channels(values: object) -> Tensor:
    return torch.as_tensor(values).view(1, 3, 1, 1)


def _uniform(count: int, low: float, high: float) -> Tensor:
    return torch.rand(count) * (high - low) + low
