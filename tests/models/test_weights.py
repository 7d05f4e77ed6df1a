"""What is wrong with a file of weights is said in a sentence, and no file can run code."""

import pickle
from pathlib import Path

import pytest
import torch

from app_custom.build import Net
from models.errors import Unusable
from models.weights import load_weights


def refusal(path: Path) -> str:
    with pytest.raises(Unusable) as caught:
        load_weights(Net(), path)
    return str(caught.value)


def saved(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "weights.pt"
    torch.save(content, path)
    return path


def test_another_network_is_named_by_its_first_missing_layer(tmp_path: Path) -> None:
    state = torch.nn.Sequential(torch.nn.Linear(2, 2)).state_dict()

    assert refusal(saved(tmp_path, state)) == "weights.pt belongs to another network: conv1.weight and 9 more are missing."


def test_a_layer_too_many_is_named(tmp_path: Path) -> None:
    state = Net().state_dict() | {"fc4.bias": torch.zeros(3)}

    assert refusal(saved(tmp_path, state)) == "weights.pt belongs to another network: fc4.bias is not known here."


def test_another_number_of_classes_is_shown(tmp_path: Path) -> None:
    state = Net().state_dict() | {"fc3.weight": torch.zeros(5, 84), "fc3.bias": torch.zeros(5)}

    assert refusal(saved(tmp_path, state)) == "weights.pt does not fit: fc3.weight has the shape (5, 84), must be (3, 84)."


def test_weights_of_half_precision_are_taken_as_32_bit_floats(tmp_path: Path) -> None:
    net = Net()

    load_weights(net, saved(tmp_path, {key: value.half() for key, value in Net().state_dict().items()}))

    assert {value.dtype for value in net.parameters()} == {torch.float32}


def test_a_whole_model_is_refused_because_loading_it_could_run_code(tmp_path: Path) -> None:
    assert "could run its author's code" in refusal(saved(tmp_path, Net()))


def test_code_in_a_pickle_does_not_run(tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    path = tmp_path / "weights.pt"
    path.write_bytes(pickle.dumps(_Touches(proof)))

    sentence = refusal(path)

    assert sentence.startswith("weights.pt ")
    assert not proof.exists()


class _Touches:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("content", [b"", b"<html>Sign in to the network</html>", b"PK\x03\x04 cut off"])
def test_a_file_that_is_no_weights_at_all_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.pt"
    path.write_bytes(content)

    assert refusal(path).startswith("weights.pt is ")


def test_a_list_is_no_state_dict(tmp_path: Path) -> None:
    assert "holds a list" in refusal(saved(tmp_path, [torch.zeros(1)]))
