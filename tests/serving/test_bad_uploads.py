"""What is no picture is refused with a sentence: JSON for programs, a page with the form for people."""

import base64
import html
import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import requests

from tests.serving.conftest import LEMON, Running, multipart, named, sentence

JPEG = LEMON.read_bytes()
TYPE_JSON = {"Content-Type": "application/json"}
FIELD = b'Content-Disposition: form-data; name="file"\r\n\r\n'
TOO_LARGE = "The upload is larger than 10 MB."
CONTENT_OF_NOTES = b"These are notes."


class Bad(NamedTuple):
    """What is sent, and how it is refused."""

    sent: dict[str, Any]
    status: int
    words: str


def file(name: str, content: bytes, content_type: str | None, field: str = "file") -> dict[str, Any]:
    return {"files": {field: (name, content, content_type)}}


def png_declaring(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be this large."""
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    written = (struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


def in_pieces() -> Iterator[bytes]:
    """11 MB whose length nobody declares."""
    yield b'--line\r\nContent-Disposition: form-data; name="file"; filename="large.jpg"\r\n\r\n'
    yield from (bytes(2**20) for _ in range(11))


FORMS = {
    "text called a JPEG": Bad(file("a.jpg", CONTENT_OF_NOTES, "image/jpeg"), 400, "File 'a.jpg' is not an image. Upload a JPEG or PNG"),
    "text": Bad(file("notes.txt", CONTENT_OF_NOTES, "text/plain"), 400, "File 'notes.txt' is not an image. Its type is text/plain"),
    "a picture called text": Bad(file("a.txt", JPEG, "text/plain; charset=utf-8"), 400, "File 'a.txt' is not an image."),
    "text without a type": Bad(file("notes.txt", CONTENT_OF_NOTES, None), 400, "File 'notes.txt' is not an image."),
    "PostScript": Bad(file("a.ps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "image/x-eps"), 400, "is not an image"),
    "half a JPEG": Bad(file("half.jpg", JPEG[: len(JPEG) // 2], "image/jpeg"), 400, "File 'half.jpg' is damaged"),
    "a JPEG's first bytes": Bad(file("head.jpg", JPEG[:20], "image/jpeg"), 400, "File 'head.jpg' is"),
    "a decompression bomb": Bad(
        file("bomb.png", png_declaring(20000, 20000), "image/png"), 400, "has 20000 x 20000 pixels (400 megapixels). Upload at most 24"
    ),
    "a PNG without its pixels": Bad(file("thin.png", png_declaring(2000, 2000), "image/png"), 400, "File 'thin.png' is damaged"),
    "an empty file": Bad(file("empty.jpg", b"", "image/jpeg"), 400, "File 'empty.jpg' is empty"),
    "11 MB": Bad(file("large.jpg", JPEG + bytes(11 * 2**20), "image/jpeg"), 413, TOO_LARGE),
    "11 MB in pieces": Bad({"data": in_pieces, "headers": {"Content-Type": "multipart/form-data; boundary=line"}}, 413, TOO_LARGE),
    "no field": Bad(multipart(), 422, "in the form field 'file'; the fields sent are: none"),
    "another field": Bad(file("a.jpg", JPEG, "image/jpeg", "picture"), 422, "field 'file'; the fields sent are: 'picture'"),
    "a field of unreadable name": Bad(multipart(named(rb'"\ud800"'), parameters="; charset=unicode_escape"), 422, "are: '\ufffd'"),
    "text in the field": Bad({"data": {"file": "a.jpg"}}, 422, "The form field 'file' holds text, not a file"),
    "text in the multipart field": Bad(multipart(FIELD + b"a.jpg"), 422, "holds text, not a file"),
    "2 MB of text in the field": Bad(multipart(FIELD + b"a" * 2**21), 400, "exceeded maximum"),
    "no file chosen": Bad(file("", b"", "application/octet-stream"), 422, "No file was chosen."),
    "no boundary": Bad(
        {"data": JPEG, "headers": {"Content-Type": "multipart/form-data"}}, 400, "The form cannot be read: Missing boundary"
    ),
    "a wrong boundary": Bad({"data": JPEG, "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 400, "The form cannot be read"),
    "a part without a name": Bad(multipart(b"X: y\r\n\r\nz"), 400, 'The form cannot be read: The Content-Disposition header field "name"'),
    "a charset of no use": Bad(multipart(named(b'"file"'), parameters="; charset=undefined"), 400, "in the charset that it declares"),
    "20 files": Bad({"files": [("file", ("a.jpg", b"a", "image/jpeg"))] * 20}, 400, "Too many files. Maximum number of files is 8."),
}

BODIES = {
    "nothing": ("", 422, 'The body is empty. Send the picture as multipart field "file"'),
    "broken JSON": ('{"image_data": ', 422, "The body is not valid JSON"),
    "100,000 brackets": ("[" * 100_000, 422, "The body is not valid JSON"),
    "100,000 closed brackets": ("[" * 100_000 + "]" * 100_000, 422, "The body is not valid JSON"),
    "the picture itself": (JPEG, 422, "The body is not valid JSON"),
    "a list": ("[]", 422, "The body is JSON, but no object"),
    "another key": ('{"image": "abc"}', 422, 'The key "image_data" is missing or no text'),
    "a number": ('{"image_data": 5}', 422, 'The key "image_data" is missing or no text'),
    "null": ('{"image_data": null}', 422, 'The key "image_data" is missing or no text'),
    "broken base64": ('{"image_data": "abc"}', 400, 'The text in "image_data" is not valid base64'),
    "no base64 at all": ('{"image_data": "🍋 , ~"}', 400, 'The text in "image_data" is not valid base64'),
    "nothing in base64": ('{"image_data": ""}', 400, "File 'image_data' is empty"),
    "text in base64": (f'{{"image_data": "{base64.b64encode(CONTENT_OF_NOTES).decode()}"}}', 400, "File 'image_data' is not an image"),
    "a data URI of text": ('{"image_data": "data:text/plain;base64,YWJj"}', 400, "Its type is text/plain"),
    "11 MB": (f'{{"image_data": "{"A" * 11 * 2**20}"}}', 413, TOO_LARGE),
}


def send(service: Running, path: str, sent: dict[str, Any]) -> requests.Response:
    """Sends a case; one that comes in pieces is made anew."""
    return service.post(path, **{key: value() if callable(value) else value for key, value in sent.items()})


@pytest.mark.parametrize("bad", FORMS.values(), ids=list(FORMS))
def test_a_bad_form_is_json_for_a_program_and_the_next_picture_is_answered(fruit: Running, bad: Bad) -> None:
    answer = send(fruit, "/predict", bad.sent)

    assert answer.status_code == bad.status
    assert bad.words in sentence(answer)
    assert list(answer.json()) == ["detail", "request_id"]
    assert fruit.upload().ok


@pytest.mark.parametrize("bad", FORMS.values(), ids=list(FORMS))
def test_a_bad_form_is_a_page_for_people_with_the_form_to_try_again(fruit: Running, bad: Bad) -> None:
    page = send(fruit, "/result/", bad.sent)

    assert page.status_code == bad.status
    assert page.headers["Content-Type"].startswith("text/html")
    assert bad.words in sentence(page)
    assert page.headers["X-Request-ID"] in page.text
    assert '<form action="/result/"' in page.text
    assert fruit.upload(path="/result/").ok


@pytest.mark.parametrize(("body", "status", "words"), BODIES.values(), ids=list(BODIES))
def test_bad_json_is_refused_and_the_next_picture_is_answered(fruit: Running, body: str | bytes, status: int, words: str) -> None:
    answer = fruit.post(data=body.encode() if isinstance(body, str) else body, headers=TYPE_JSON)

    assert answer.status_code == status
    assert words in sentence(answer)
    assert fruit.upload().ok


def test_json_at_the_page_is_answered_with_the_form(fruit: Running) -> None:
    page = fruit.post("/result/", json={"image_data": "abc"})

    assert page.status_code == 422
    assert "form field 'file'" in sentence(page)


def test_nine_megabytes_are_not_too_many(fruit: Running) -> None:
    # A JPEG ends before its file does.
    answer = fruit.upload(JPEG + bytes(9 * 2**20))

    assert answer.status_code == 200


NAMES = {
    "a script": (b'"<script>alert(1)</script>.jpg"', "<script>alert(1)</script>.jpg"),
    "a line feed": (b'"a\n[2026] [INFO] forged.jpg"', "a\ufffd[2026] [INFO] forged.jpg"),
    "an escape sequence": (b'"\x1b[31mred\x07.jpg"', "\ufffd[31mred\ufffd.jpg"),
    "a line separator": ('"a\u2028b\u0085c.jpg"'.encode(), "a\ufffdb\ufffdc.jpg"),
    "another language": ('"citron-è-レモン-🍋.jpg"'.encode(), "citron-è-レモン-🍋.jpg"),
    "no UTF-8": (b'"\xff\xfe\xe9.jpg"', "ÿþé.jpg"),
    "1,000 letters": (b'"' + "é".encode() * 1000 + b'"', "é" * 255),
    "quotes": (rb'"a\"b.jpg"', 'a"b.jpg'),
}


@pytest.mark.parametrize(("name", "shown"), NAMES.values(), ids=list(NAMES))
def test_a_strange_file_name_harms_neither_json_nor_page(fruit: Running, name: bytes, shown: str) -> None:
    form = multipart(named(b'"file"; filename=' + name))

    said, page = fruit.post("/predict", **form), fruit.post("/result/", **form)

    assert said.status_code == page.status_code == 200
    assert said.json()["filename"] == shown
    assert f"<dd>{html.escape(shown).replace('&quot;', '&#34;')}</dd>" in page.text


@pytest.mark.parametrize("charset", ["utf-16", "utf-7", "idna", "raw_unicode_escape", "punycode", "no-such-charset", "'"])
def test_a_strange_charset_is_answered_or_refused_but_never_our_fault(fruit: Running, charset: str) -> None:
    form = multipart(named(rb'"file"; filename="a\ud800' + b'\xe9.jpg"'), parameters=f"; charset={charset}")

    said, page = fruit.post("/predict", **form), fruit.post("/result/", **form)

    assert said.status_code == page.status_code
    assert said.status_code < 500
    assert said.json()


def test_a_script_in_a_refused_file_name_does_not_run(fruit: Running) -> None:
    page = fruit.post("/result/", **file("<script>alert(1)</script>", CONTENT_OF_NOTES, "text/plain"))

    assert "<script>" not in page.text
    assert "<script>alert(1)</script>" in sentence(page)
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")
