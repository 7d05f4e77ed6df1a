"""What visitors send is what the folder of sample data holds."""

import json
from collections import Counter
from email import message_from_bytes
from email.policy import HTTP

from lab.load import samples
from tests.support import REPOSITORY

FOLDER = REPOSITORY / "sample_data"


def test_every_flower_is_a_row_of_four_measurements_with_its_species() -> None:
    flowers = samples.rows(FOLDER)

    assert {label: len(found) for label, found in flowers.items()} == {"setosa": 50, "versicolor": 50, "virginica": 50}
    assert json.loads(flowers["setosa"][0].body) == {"data": [[5.1, 3.5, 1.4, 0.2]]}


def test_every_picture_is_a_form_with_one_file_and_its_label() -> None:
    pictures = samples.pictures(FOLDER)

    assert Counter({label: len(found) for label, found in pictures.items()}) == {"apple": 12, "grapes": 12, "lemon": 12}
    form = message_from_bytes(
        f"Content-Type: {pictures['lemon'][0].content_type}\r\n\r\n".encode() + pictures["lemon"][0].body, policy=HTTP
    )
    (part,) = form.iter_parts()
    assert (part.get_filename(), part.get_content_type()) == ("lemon_01.jpg", "image/jpeg")
    assert part.get_payload(decode=True) == (FOLDER / "lemon" / "lemon_01.jpg").read_bytes()
