"""A download is whole and checked, or it is not there."""

from hashlib import sha256
from pathlib import Path

import pytest
from miniature import Publisher

from models import fetch as module
from models.errors import Unusable
from models.fetch import fetch

CONTENT = b"weights" * 1000


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "new" / "weights.pt"


def refusal(url: str, target: Path, **checks: str | int) -> str:
    with pytest.raises(Unusable) as caught:
        fetch(url, target, **checks)
    assert not list(target.parent.iterdir()), "a part of the file was left behind"
    return str(caught.value)


def test_what_the_server_has_arrives_whole(publisher: Publisher, target: Path) -> None:
    (publisher.folder / "weights.pt").write_bytes(CONTENT)

    fetch(f"{publisher.url}/weights.pt", target, sha256(CONTENT).hexdigest(), len(CONTENT))

    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["weights.pt"]


def test_a_missing_file_is_answered_with_the_status(publisher: Publisher, target: Path) -> None:
    assert refusal(f"{publisher.url}/weights.pt", target) == f"{publisher.url}/weights.pt answered 404 File not found."


def test_a_download_that_breaks_off_leaves_nothing(publisher: Publisher, target: Path) -> None:
    assert "broke off" in refusal(f"{publisher.url}/truncated/weights.pt", target)


def test_another_digest_is_another_file(publisher: Publisher, target: Path) -> None:
    (publisher.folder / "weights.pt").write_bytes(CONTENT)

    assert "gave another file" in refusal(f"{publisher.url}/weights.pt", target, sha256="0" * 64)


def test_another_size_is_another_file(publisher: Publisher, target: Path) -> None:
    (publisher.folder / "weights.pt").write_bytes(CONTENT)

    assert "7000 bytes, must be 7001" in refusal(f"{publisher.url}/weights.pt", target, size=7001)


def test_a_server_that_is_not_there_is_named(target: Path) -> None:
    assert refusal("http://127.0.0.1:9/weights.pt", target) == "http://127.0.0.1:9/weights.pt cannot be reached (ConnectionError)."


def test_a_server_that_never_answers_is_given_up(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr(module, "ANSWER_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/weights.pt"

        assert refusal(url, target) == f"{url} did not answer in 0.2 seconds."
