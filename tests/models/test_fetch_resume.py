"""A download that broke off goes on where it stopped, if the file is still the same."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from miniature import Publisher

from models import fetch
from models.errors import Unusable

CONTENT = bytes(index * 7 % 251 for index in range(10_000))
DIGEST = sha256(CONTENT).hexdigest()
DATE = "Mon, 01 Jan 2024 00:00:00 GMT"

Ranges = list[tuple[str | None, str | None]]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "weights.pt"


@pytest.fixture(autouse=True)
def published(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "PAUSE_S", 0)
    (publisher.folder / "weights.pt").write_bytes(CONTENT)


def begun(target: Path, content: bytes, url: str | None, validator: str | None) -> None:
    """A part as an earlier run leaves it; with no `url`, without a note."""
    target.with_name("weights.pt.part").write_bytes(content)
    if url:
        target.with_name("weights.pt.part.json").write_text(json.dumps({"url": url, "validator": validator}))


def files(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.glob("weights.pt*"))


@pytest.mark.parametrize(("way", "version"), [("cut", '"first"'), ("date", DATE)])
def test_a_server_that_cuts_is_asked_for_the_rest_until_all_is_there(
    publisher: Publisher, ranges: Ranges, target: Path, way: str, version: str
) -> None:
    fetch.fetch(f"{publisher.url}/{way}/3000/weights.pt", target)

    assert target.read_bytes() == CONTENT
    assert ranges == [(None, None), ("bytes=3000-", version), ("bytes=6000-", version), ("bytes=9000-", version)]
    assert files(target) == ["weights.pt"]


def test_a_later_run_goes_on(publisher: Publisher, ranges: Ranges, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "TRIES", 1)
    url = f"{publisher.url}/cut/6000/weights.pt"
    begun(target, CONTENT[:2000], url, '"first"')

    fetch.fetch(url, target, DIGEST)

    assert target.read_bytes() == CONTENT
    assert ranges == [("bytes=2000-", '"first"'), ("bytes=8000-", '"first"')]


def test_a_cut_that_repeats_itself_is_given_up(publisher: Publisher, target: Path) -> None:
    with pytest.raises(Unusable, match="broke off"):
        fetch.fetch(f"{publisher.url}/truncated/weights.pt", target)

    assert len(publisher.asked) == 1 + fetch.TRIES


def test_a_file_that_changed_meanwhile_begins_anew(publisher: Publisher, ranges: Ranges, target: Path) -> None:
    url = f"{publisher.url}/cut/10000/weights.pt"
    begun(target, b"old " * 100, url, '"before"')

    fetch.fetch(url, target)

    assert target.read_bytes() == CONTENT
    assert ranges == [("bytes=400-", '"before"')]


def test_a_file_that_changes_between_two_tries_is_not_mixed(publisher: Publisher, target: Path) -> None:
    fetch.fetch(f"{publisher.url}/changing/weights.pt", target)

    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("way", ["satisfied", "shifted"])
def test_a_range_that_is_refused_or_wrong_begins_anew(publisher: Publisher, ranges: Ranges, target: Path, way: str) -> None:
    url = f"{publisher.url}/{way}/weights.pt"
    begun(target, CONTENT[:400], url, '"first"')

    fetch.fetch(url, target)

    assert target.read_bytes() == CONTENT
    assert [asked for asked, _ in ranges] == ["bytes=400-", None]


@pytest.mark.parametrize("validator", [None, '"first"'])
def test_what_came_from_elsewhere_or_from_nobody_knows_which_version_is_not_gone_on_with(
    publisher: Publisher, ranges: Ranges, target: Path, validator: str | None
) -> None:
    url = f"{publisher.url}/cut/10000/weights.pt"
    begun(target, b"other", "http://elsewhere/weights.pt" if validator else url, validator)

    fetch.fetch(url, target)

    assert target.read_bytes() == CONTENT
    assert ranges == [(None, None)]


def test_a_known_digest_is_reason_enough_to_go_on(publisher: Publisher, ranges: Ranges, target: Path) -> None:
    begun(target, CONTENT[:400], None, None)

    fetch.fetch(f"{publisher.url}/cut/10000/weights.pt", target, DIGEST)

    assert target.read_bytes() == CONTENT
    assert ranges == [("bytes=400-", None)]


def test_the_digest_covers_the_beginning_and_a_damaged_one_is_fetched_again(publisher: Publisher, ranges: Ranges, target: Path) -> None:
    url = f"{publisher.url}/cut/10000/weights.pt"
    begun(target, bytes(400), url, '"first"')

    fetch.fetch(url, target, DIGEST, len(CONTENT))

    assert target.read_bytes() == CONTENT
    assert ranges == [("bytes=400-", '"first"'), (None, None)]


def test_a_wrong_digest_leaves_nothing_to_go_on_with(publisher: Publisher, target: Path) -> None:
    with pytest.raises(Unusable, match="gave another file"):
        fetch.fetch(f"{publisher.url}/cut/3000/weights.pt", target, "0" * 64)

    assert files(target) == []


@pytest.mark.parametrize("way", ["none.pt", "500/weights.pt"])
def test_another_source_that_has_nothing_leaves_the_beginning_alone(publisher: Publisher, target: Path, way: str) -> None:
    begun(target, CONTENT[:400], "http://elsewhere/weights.pt", '"first"')

    with pytest.raises(Unusable):
        fetch.fetch(f"{publisher.url}/{way}", target)

    assert files(target) == ["weights.pt.part", "weights.pt.part.json"]


@pytest.mark.parametrize("note", ["", "[]", '"', '{"url": 1}'])
def test_a_damaged_note_counts_as_none(publisher: Publisher, target: Path, note: str) -> None:
    begun(target, b"other", None, None)
    target.with_name("weights.pt.part.json").write_text(note)

    fetch.fetch(f"{publisher.url}/cut/10000/weights.pt", target)

    assert target.read_bytes() == CONTENT


def test_a_file_of_another_size_is_refused_before_it_is_fetched(publisher: Publisher, target: Path) -> None:
    url = f"{publisher.url}/cut/10000/weights.pt"
    begun(target, CONTENT[:400], "http://elsewhere/weights.pt", '"first"')

    with pytest.raises(Unusable, match="10000 bytes, must be 9999"):
        fetch.fetch(url, target, size=9999)

    assert target.with_name("weights.pt.part").read_bytes() == CONTENT[:400]


def test_the_bar_begins_at_what_is_there(publisher: Publisher, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url, initial = f"{publisher.url}/cut/10000/weights.pt", []
    begun(target, CONTENT[:400], url, '"first"')
    bar = fetch.tqdm
    monkeypatch.setattr(fetch, "tqdm", lambda **settings: initial.append((settings["initial"], settings["total"])) or bar(**settings))

    fetch.fetch(url, target)

    assert initial == [(400, 10_000)]
