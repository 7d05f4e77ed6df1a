"""A download is whole and checked, or it is not there; what went wrong is a sentence."""

import socket
from hashlib import sha256
from pathlib import Path

import pytest
from miniature import Publisher

from models import answer, fetch, pace
from models.errors import Unusable

CONTENT = b"weights" * 1000


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "new" / "weights.pt"


@pytest.fixture(autouse=True)
def published(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "PAUSE_S", 0)
    (publisher.folder / "weights.pt").write_bytes(CONTENT)


def refusal(url: str, target: Path, **checks: str | int) -> str:
    with pytest.raises(Unusable) as caught:
        fetch.fetch(url, target, **checks)
    assert not target.exists(), "something is there under the final name"
    return str(caught.value)


def names(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())


@pytest.mark.parametrize("way", ["", "absolute/", "relative/", "gzip/", "relative/absolute/", "date/7000/"])
def test_what_the_server_has_arrives_whole_whichever_way_it_comes(publisher: Publisher, target: Path, way: str) -> None:
    fetch.fetch(f"{publisher.url}/{way}weights.pt", target, sha256(CONTENT).hexdigest(), len(CONTENT))

    assert target.read_bytes() == CONTENT
    assert names(target) == ["weights.pt"]


def test_a_missing_file_is_answered_with_the_status(publisher: Publisher, target: Path) -> None:
    assert refusal(f"{publisher.url}/none.pt", target) == f"{publisher.url}/none.pt answered 404 File not found."
    assert names(target) == []


def test_a_broken_server_is_answered_with_the_status_and_asked_once(publisher: Publisher, target: Path) -> None:
    assert refusal(f"{publisher.url}/500/weights.pt", target) == f"{publisher.url}/500/weights.pt answered 500 Internal Server Error."
    assert len(publisher.asked) == 1


def test_a_redirect_in_a_circle_is_named(publisher: Publisher, target: Path) -> None:
    assert refusal(f"{publisher.url}/circle/weights.pt", target).endswith("leads round in a circle, or is redirected too often.")


def test_a_redirect_to_nonsense_is_an_address_that_cannot_be_reached(publisher: Publisher, target: Path) -> None:
    assert "/nowhere/weights.pt cannot be reached (" in refusal(f"{publisher.url}/nowhere/weights.pt", target)


@pytest.mark.parametrize("address", ["http://", "http://.example.org/w", "ftp://127.0.0.1/w", "http://127.0.0.1:99999/w", "weights.pt"])
def test_an_address_that_is_none_is_a_sentence(target: Path, address: str) -> None:
    assert refusal(address, target).startswith(f"{address} cannot be reached (")


@pytest.mark.parametrize("way", ["truncated", "chunks", "weak/1000"])
def test_a_download_that_breaks_off_and_cannot_go_on_leaves_nothing(publisher: Publisher, target: Path, way: str) -> None:
    assert "broke off" in refusal(f"{publisher.url}/{way}/weights.pt", target)
    assert names(target) == []


def test_another_digest_is_another_file(publisher: Publisher, target: Path) -> None:
    assert "gave another file" in refusal(f"{publisher.url}/weights.pt", target, sha256="0" * 64)
    assert names(target) == []


@pytest.mark.parametrize("way", ["", "gzip/"])
def test_another_size_is_another_file(publisher: Publisher, target: Path, way: str) -> None:
    assert "7000 bytes, must be 7001" in refusal(f"{publisher.url}/{way}weights.pt", target, size=7001)
    assert names(target) == []


def test_a_server_that_is_not_there_is_named(target: Path) -> None:
    assert refusal("http://127.0.0.1:9/weights.pt", target) == "http://127.0.0.1:9/weights.pt cannot be reached (ConnectionError)."


def test_a_server_that_never_answers_is_given_up(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer, "ANSWER_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/weights.pt"

        assert refusal(url, target) == f"{url} did not answer in 0.2 seconds."


def test_a_download_that_drips_is_given_up_and_kept(publisher: Publisher, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "WINDOW_S", 0.3)

    assert "is stuck: " in refusal(f"{publisher.url}/drip/weights.pt", target)
    assert names(target) == ["weights.pt.part", "weights.pt.part.json"]


def test_a_download_that_is_slow_but_above_the_floor_arrives(publisher: Publisher, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "WINDOW_S", 0.1)
    monkeypatch.setattr(pace, "FLOOR_BYTES_PER_S", 10)
    (publisher.folder / "weights.pt").write_bytes(b"20 bytes in 0.4 sec.")

    fetch.fetch(f"{publisher.url}/drip/weights.pt", target)

    assert target.read_bytes() == b"20 bytes in 0.4 sec."


def test_a_download_that_stops_arriving_counts_as_cut(publisher: Publisher, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer, "READ_S", 0.5)

    assert "broke off" in refusal(f"{publisher.url}/stall/weights.pt", target)
