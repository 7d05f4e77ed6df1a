"""The sample pictures and the iris table are what they say they are, and the renderer makes the same pictures again."""

import csv
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sample_data.render import FOLDER, LABELS, PICTURES, Picture, draw, main

MEGABYTE = 1_000_000


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def pixels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("RGB"), dtype=np.float64)


def thumbnail(file: str) -> np.ndarray:
    with Image.open(FOLDER / file) as picture:
        return pixels(picture.resize((16, 16), Image.Resampling.BOX))


@pytest.mark.parametrize("label", LABELS)
def test_the_same_seed_draws_the_same_picture(label: str) -> None:
    first = draw(label, seed=5, width=96, height=64)

    second = draw(label, seed=5, width=96, height=64)

    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("label", LABELS)
def test_another_seed_draws_another_picture(label: str) -> None:
    first = draw(label, seed=5, width=96, height=64)

    second = draw(label, seed=6, width=96, height=64)

    assert np.abs(pixels(first) - pixels(second)).mean() > 5


@pytest.mark.parametrize(("width", "height"), [(320, 240), (64, 64), (90, 200), (33, 17)])
def test_a_picture_has_the_size_asked_for(width: int, height: int) -> None:
    picture = draw("lemon", seed=1, width=width, height=height)

    assert picture.size == (width, height)
    assert picture.mode == "RGB"


@pytest.mark.parametrize("label", LABELS)
def test_no_seed_draws_a_blank_picture(label: str) -> None:
    pictures = [draw(label, seed, width=48, height=48) for seed in range(40)]

    assert min(pixels(picture).std() for picture in pictures) > 4


def test_an_unknown_label_is_answered_with_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"'pear' is no fruit this renderer knows\. Choose one of: apple, grapes, lemon\."):
        draw("pear", seed=1)


def test_the_labels_list_exactly_the_pictures_that_exist() -> None:
    listed = [row["file"] for row in rows(FOLDER / "labels.csv")]

    found = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/*.jpg"))

    assert sorted(listed) == found
    assert len(listed) == 36


def test_a_picture_lies_in_the_folder_of_its_label() -> None:
    labels = rows(FOLDER / "labels.csv")

    folders = [Path(row["file"]).parent.name for row in labels]

    assert folders == [row["label"] for row in labels]
    assert set(folders) == set(LABELS)


def test_all_sample_data_together_stays_below_four_megabytes() -> None:
    kept = [path for path in FOLDER.rglob("*") if path.is_file() and "__pycache__" not in path.parts]

    total = sum(path.stat().st_size for path in kept)

    assert total < 4 * MEGABYTE


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.file)
def test_every_picture_opens_as_rgb(picture: Picture) -> None:
    with Image.open(FOLDER / picture.file) as opened:
        opened.load()

        assert (opened.format, opened.mode) == ("JPEG", "RGB")


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.file)
def test_the_renderer_makes_the_pictures_in_the_repository_again(picture: Picture) -> None:
    with Image.open(FOLDER / picture.file) as opened:
        kept = opened.convert("RGB")

    drawn = draw(picture.label, picture.seed, picture.width, picture.height)

    # What JPEG loses; a different picture is off by 20 and more.
    assert kept.size == drawn.size
    assert np.abs(pixels(kept) - pixels(drawn)).mean() < 5


def test_no_two_pictures_are_alike() -> None:
    thumbnails = {picture.file: thumbnail(picture.file) for picture in PICTURES}

    differences = {pair: np.abs(thumbnails[pair[0]] - thumbnails[pair[1]]).mean() for pair in combinations(thumbnails, 2)}

    assert min(differences.values()) > 6


def test_making_the_pictures_anew_writes_what_the_labels_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = tuple(picture._replace(width=40, height=30) for picture in PICTURES[::12])
    monkeypatch.setattr("sample_data.render.FOLDER", tmp_path)
    monkeypatch.setattr("sample_data.render.PICTURES", few)

    main()

    assert [row["file"] for row in rows(tmp_path / "labels.csv")] == [picture.file for picture in few]
    assert all((tmp_path / picture.file).is_file() for picture in few)


def test_the_iris_table_holds_fifty_flowers_of_each_species() -> None:
    flowers = rows(FOLDER / "iris.csv")

    species = [flower["species"] for flower in flowers]

    assert len(flowers) == 150
    assert {name: species.count(name) for name in set(species)} == {"setosa": 50, "versicolor": 50, "virginica": 50}


def test_the_iris_measurements_are_plausible_centimetres() -> None:
    flowers = rows(FOLDER / "iris.csv")

    measured = np.array([[float(value) for name, value in flower.items() if name.endswith("_cm")] for flower in flowers])

    assert measured.shape == (150, 4)
    # The means that Fisher's table is known for.
    assert measured.mean(axis=0) == pytest.approx([5.843, 3.057, 3.758, 1.199], abs=0.001)
