"""Loads a file of published weights into the network that they belong to."""

import pickle
from pathlib import Path

import torch
from torch import Tensor, nn

from models.errors import Unusable

ADVICE = "Save model.state_dict() with torch.save."


def load_weights(network: nn.Module, path: Path) -> None:
    """Puts the state dict in `path` into `network`, which may be on the device "meta": without memory of its own.

    Raises Unusable, in a sentence, when it does not fit exactly.
    """
    state = _read(path)
    _check(state, network.state_dict(), path.name)
    # In place of the network's tensors, not copied into them: half the memory.
    network.load_state_dict({key: value.float() for key, value in state.items()}, assign=True)


def _read(path: Path) -> dict[str, Tensor]:
    try:
        # `weights_only`: an ordinary pickle runs whatever code its author put in.
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise Unusable(f"{path.name} is not a plain state dict, and loading anything else could run its author's code. {ADVICE}") from error
    except Exception as error:  # a broken file makes torch raise almost anything: RuntimeError, EOFError, KeyError, struct.error, …
        raise Unusable(f"{path.name} is damaged or no PyTorch file. Fetch it again.") from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise Unusable(f"{path.name} holds a {type(state).__name__} that is no state dict. {ADVICE}")
    return state


def _check(state: dict[str, Tensor], expected: dict[str, Tensor], file: str) -> None:
    if missing := [key for key in expected if key not in state]:
        raise Unusable(f"{file} belongs to another network: {_first(missing)} missing.")
    if unknown := [key for key in state if key not in expected]:
        raise Unusable(f"{file} belongs to another network: {_first(unknown)} not known here.")
    for key, tensor in expected.items():
        if state[key].shape != tensor.shape:
            raise Unusable(f"{file} does not fit: {key} has the shape {tuple(state[key].shape)}, must be {tuple(tensor.shape)}.")


def _first(keys: list[str]) -> str:
    return f"{keys[0]} is" if len(keys) == 1 else f"{keys[0]} and {len(keys) - 1} more are"
