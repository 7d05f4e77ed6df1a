"""Trains stand-ins: networks that work, with no claim on photographs."""

from collections.abc import Callable, Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from models.cards import Accuracy
from models.fruit import Pictures, normalised
from models.vary import varied

# Everything random follows from it: first weights, the order of pictures, their variations.
SEED = 0

BATCH = 32

# Pictures that VGG16 sees at once: with more, the maps between its layers leave the caches.
FEW = 4


def train_network(network: nn.Module, pictures: Pictures, epochs: int) -> None:
    """Trains all of `network` (logits out) on variations of `pictures`."""
    pixels = torch.from_numpy(pictures.pixels).permute(0, 3, 1, 2)
    _fit(network, pictures.labels, epochs, 2e-3, lambda chosen: varied(pixels[chosen]))


def train_head(head: nn.Sequential, features: Tensor, labels: NDArray[np.int64], epochs: int) -> None:
    """Trains `head`, whose first layer is linear, on `features` (n, values) of any scale."""
    mean, deviation = features.mean(0), features.std(0) + 1e-3
    scaled = (features - mean) / deviation
    _fit(head, labels, epochs, 3e-4, lambda chosen: scaled[chosen])
    with torch.no_grad():
        # The first layer takes over the scaling.
        head[0].weight /= deviation
        head[0].bias -= head[0].weight @ mean


def calibrate(layers: Iterable[nn.Module], pictures: NDArray[np.float32]) -> None:
    """Rescales random layers, in the order in which pictures pass them, so that each channel has mean 0 and variance 1.

    Without it, what tells pictures apart fades with depth. Krähenbühl et al. 2016, "Data-dependent initializations of CNNs".
    """
    value = torch.from_numpy(pictures)
    with torch.no_grad():
        for layer in layers:
            value = layer(value)
            if isinstance(layer, nn.Conv2d | nn.Linear):
                value = _standardised(layer, value)


def in_batches(network: nn.Module, pictures: Pictures) -> Tensor:
    """What `network` answers, a few pictures at a time."""
    parts = np.array_split(pictures.pixels, -(-len(pictures.pixels) // FEW))
    with torch.inference_mode():
        return torch.cat([network(torch.from_numpy(normalised(part))) for part in parts])


def accuracy(network: nn.Module, pictures: Pictures) -> Accuracy:
    """The share of `pictures` that `network` names right."""
    right = in_batches(network, pictures).argmax(dim=1).numpy() == pictures.labels
    return Accuracy(round(float(right.mean()), 4), len(right), "rendered pictures")


def _fit(network: nn.Module, labels: NDArray[np.int64], epochs: int, rate: float, batch: Callable[[Tensor], Tensor]) -> None:
    """Minimises cross-entropy; `batch` gives the inputs of some indices."""
    truth = torch.from_numpy(labels)
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=rate, total_steps=epochs * -(-len(truth) // BATCH))
    network.train()
    for _ in range(epochs):
        for chosen in torch.randperm(len(truth)).split(BATCH):
            optimiser.zero_grad()
            functional.cross_entropy(network(batch(chosen)), truth[chosen], label_smoothing=0.05).backward()
            optimiser.step()
            schedule.step()
    network.eval()


def _standardised(layer: nn.Conv2d | nn.Linear, value: Tensor) -> Tensor:
    """Changes `layer` so that its answer `value` is standardised, and returns what it answers then."""
    axes = [axis for axis in range(value.ndim) if axis != 1]
    mean, deviation = value.mean(axes, keepdim=True), value.std(axes, keepdim=True) + 1e-5
    layer.weight /= deviation.view(-1, *[1] * (layer.weight.ndim - 1))
    layer.bias.copy_((layer.bias - mean.flatten()) / deviation.flatten())
    return (value - mean) / deviation
