"""Reads what visitors send, with its true label, from the folder of sample data."""

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, TextIO

from lab.errors import Refused

# The columns of iris.csv that are measurements end with their unit.
MEASUREMENT = "_cm"

# Between the parts of a form. Long and odd enough to be in no picture.
BOUNDARY = "-----one-picture-of-the-sample-data-5eed5eed5eed"


class Sample(NamedTuple):
    """One input as it goes over the wire."""

    body: bytes
    content_type: str
    truth: str


# Inputs by their true label, the labels in the order of the file.
Samples = Mapping[str, tuple[Sample, ...]]


def rows(folder: Path) -> Samples:
    """The flowers of iris.csv. Raises Refused where they are not."""
    with _opened(folder / "iris.csv") as file:
        return _grouped(map(_row, csv.DictReader(file)))


def pictures(folder: Path) -> Samples:
    """The pictures that labels.csv names. Raises Refused where they are not."""
    with _opened(folder / "labels.csv") as file:
        return _grouped(_picture(folder / line["file"], line["label"]) for line in csv.DictReader(file))


def _opened(path: Path) -> TextIO:
    try:
        return path.open(encoding="utf-8", newline="")
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}. Name the folder with the sample data by --samples.") from error


def _row(line: Mapping[str, str]) -> Sample:
    measured = [float(value) for name, value in line.items() if name.endswith(MEASUREMENT)]
    return Sample(json.dumps({"data": [measured]}).encode(), "application/json", line["species"])


def _picture(path: Path, label: str) -> Sample:
    """A form with one file, as a browser sends it."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}. labels.csv beside it names it.") from error
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{path.name}"\r\nContent-Type: image/jpeg\r\n\r\n'
    return Sample(head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={BOUNDARY}", label)


def _grouped(samples: Iterable[Sample]) -> Samples:
    found: dict[str, tuple[Sample, ...]] = {}
    for sample in samples:
        found[sample.truth] = (*found.get(sample.truth, ()), sample)
    return found
