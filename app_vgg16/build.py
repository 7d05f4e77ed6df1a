"""Makes vgg16.onnx: VGG16 with a new head, from the published weights or, as a stand-in, with only the head trained."""

from pathlib import Path

import torch
from torch import Tensor, nn

from models import fruit, train
from models.built import Built, Effort
from models.cards import Accuracy
from models.export import parity, to_onnx
from models.torchvision_cpu import torchvision
from models.weights import load_weights

NOTES = "VGG16 with a new head; the adaptive pool is folded into the first fully connected layer."

# VGG16 halves the picture five times: 150, 75, 37, 18, 9, 4 pixels.
MAP_SIDE = 4

# Enough pictures to measure a channel's mean and deviation on.
CALIBRATION = 48

# Features are computed once, so passing them often costs little.
HEAD_EPOCHS = 40


def architecture() -> nn.Module:
    """torchvision's VGG16 whose last layer is a head for fruit; in evaluation mode (n, 3, 150, 150) → logits (n, 3)."""
    network = torchvision.models.vgg16(weights=None)
    network.classifier[6] = nn.Sequential(nn.Linear(4096, 256), nn.ReLU(), nn.Dropout(0.4), nn.Linear(256, len(fruit.LABELS)))
    return network.eval()


def convert(weights: Path) -> Built:
    """The published weights as ONNX. Raises Unusable when they are not for this architecture."""
    with torch.device("meta"):
        network = architecture()
    load_weights(network, weights)
    return _built(network, NOTES)


def stand_in(effort: Effort) -> Built:
    """Seeded, frozen features that saw no photo, and a head trained on what they make of rendered pictures."""
    torch.manual_seed(train.SEED)
    network = architecture()
    pictures = fruit.for_training(effort)
    *frozen, head = [*network.features, network.avgpool, nn.Flatten(), *network.classifier]
    _favour_centres(network)
    train.calibrate(frozen, fruit.normalised(pictures.pixels[:CALIBRATION]))
    train.train_head(head, train.in_batches(nn.Sequential(*frozen), pictures), pictures.labels, HEAD_EPOCHS)
    return _built(network, f"{NOTES} Only the head is trained, all else is random.", train.accuracy(network, fruit.held_out(effort)))


def without_pool(network: nn.Module) -> nn.Sequential:
    """The same function as `network` and a softmax after it, without the adaptive pool.

    Folding it is exact, halves the file, and no exporter can write that pool at this size.
    """
    first, *others = network.classifier
    _check_map(network)
    return nn.Sequential(network.features, nn.Flatten(), _folded(network.avgpool, first), *others, nn.Softmax(dim=1))


def _built(network: nn.Module, notes: str, accuracy: Accuracy | None = None) -> Built:
    graph = to_onnx(without_pool(network), fruit.SIDE, len(fruit.LABELS))
    return Built(graph, fruit.INPUT, fruit.LABELS, notes, parity(graph, network, fruit.to_compare()), accuracy, fruit.PREPROCESSING)


def _check_map(network: nn.Module) -> None:
    picture = next(network.parameters()).new_zeros(1, 3, fruit.SIDE, fruit.SIDE)
    with torch.inference_mode():
        size = tuple(network.features(picture).shape[2:])
    assert size == (MAP_SIDE, MAP_SIDE), f"The feature map is {size}, the fold is for {MAP_SIDE} by {MAP_SIDE}."


def _folded(pool: nn.AdaptiveAvgPool2d, linear: nn.Linear) -> nn.Linear:
    """`pool` and then `linear` as one layer: both are linear maps, and this is their product. 25,088 inputs become 8,192."""
    cells = MAP_SIDE * MAP_SIDE
    # Row i is what the pool makes of a map that is 1 in cell i and 0 elsewhere.
    pooling = pool(torch.eye(cells, dtype=torch.float64).view(cells, 1, MAP_SIDE, MAP_SIDE)).flatten(1)
    channels = linear.in_features // pooling.shape[1]
    folded = nn.Linear(channels * cells, linear.out_features, dtype=linear.weight.dtype)
    with torch.no_grad():
        folded.bias.copy_(linear.bias)
        # A few rows at a time: in float64 all of them take 800 MB.
        for target, rows in zip(folded.weight.split(256), linear.weight.split(256), strict=True):
            target.copy_(_after_pool(rows, channels, pooling))
    return folded


def _after_pool(rows: Tensor, channels: int, pooling: Tensor) -> Tensor:
    return (rows.double().view(len(rows), channels, -1) @ pooling.T).flatten(1)


def _favour_centres(network: nn.Module) -> None:
    """Weakens the outer eight of nine weights: random filters otherwise blur a little more with each layer."""
    with torch.no_grad():
        for layer in network.features:
            if isinstance(layer, nn.Conv2d):
                centre = layer.weight[:, :, 1, 1].clone()
                layer.weight *= 0.3
                layer.weight[:, :, 1, 1] = centre
