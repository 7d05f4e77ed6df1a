"""Makes custom.onnx: a small CNN, from the published weights or trained whole as a stand-in."""

from collections import OrderedDict
from pathlib import Path

import torch
from torch import nn

from models import fruit, train
from models.built import Built, Effort
from models.cards import Accuracy
from models.export import parity, to_onnx
from models.weights import load_weights

# A network trained whole needs more pictures than a head on frozen features.
TIMES = 3

NOTES = "Two convolutions and three fully connected layers."


class Net(nn.Sequential):
    """(n, 3, 150, 150) → logits (n, 3). The picture shrinks from 150 pixels to 146, 73, 69 and 34."""

    def __init__(self) -> None:
        # These names are the keys of the published state dict.
        layers = OrderedDict(
            conv1=nn.Conv2d(3, 6, 5),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(6, 16, 5),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            fc1=nn.Linear(16 * 34 * 34, 120),
            relu3=nn.ReLU(),
            fc2=nn.Linear(120, 84),
            relu4=nn.ReLU(),
            fc3=nn.Linear(84, len(fruit.LABELS)),
        )
        super().__init__(layers)


def convert(weights: Path) -> Built:
    """The published weights as ONNX. Raises Unusable when they are not for `Net`."""
    net = Net()
    load_weights(net, weights)
    return _built(net)


def stand_in(effort: Effort) -> Built:
    """`Net` trained whole on rendered pictures."""
    torch.manual_seed(train.SEED)
    net = Net()
    train.train_network(net, fruit.for_training(effort, TIMES), effort.epochs)
    return _built(net, train.accuracy(net, fruit.held_out(effort)))


def _built(net: Net, accuracy: Accuracy | None = None) -> Built:
    graph = to_onnx(nn.Sequential(net, nn.Softmax(dim=1)), fruit.SIDE, len(fruit.LABELS))
    return Built(graph, fruit.INPUT, fruit.LABELS, NOTES, parity(graph, net, fruit.to_compare()), accuracy, fruit.PREPROCESSING)
