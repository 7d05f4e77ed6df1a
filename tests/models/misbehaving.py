"""A server whose addresses say how it misbehaves: /cut/1000/weights.pt breaks off after 1000 bytes."""

import gzip
import time
from http.server import SimpleHTTPRequestHandler
from itertools import count
from pathlib import Path

VERSIONS = count()


class Handler(SimpleHTTPRequestHandler):
    """Publishes a folder. `asked` gets each path, `ranges` what each request said of ranges."""

    def __init__(self, asked: list[str], ranges: list[tuple[str | None, str | None]], *args: object, **keywords: str) -> None:
        self.asked, self.ranges = asked, ranges
        super().__init__(*args, **keywords)

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.ranges.append((self.headers["Range"], self.headers["If-Range"]))
        way = self.path.split("/")[1]
        getattr(self, f"way_{way}", super().do_GET)()

    def way_truncated(self) -> None:
        """Says 1000 bytes, sends 9, knows no ranges."""
        self.answer(200, b"too short", {"Content-Length": "1000"})

    def way_cut(self) -> None:
        """At most so many bytes at a time."""
        self.ranged('"first"', int(self.path.split("/")[2]))

    def way_date(self) -> None:
        """The same, without an ETag."""
        self.ranged(None, int(self.path.split("/")[2]))

    def way_weak(self) -> None:
        """The same, with a weak ETag only."""
        self.answer(200, self.content()[: int(self.path.split("/")[2])], {"Content-Length": str(len(self.content())), "ETag": 'W/"1"'})

    def way_changing(self) -> None:
        """Another version of the file at each request."""
        version = next(VERSIONS)
        self.ranged(f'"{version}"', 1000 if version == 0 else None)

    def way_satisfied(self) -> None:
        """Refuses every range."""
        if self.headers["Range"]:
            self.answer(416, b"", {"Content-Length": "0"})
        else:
            self.answer(200, self.content(), {"Content-Length": str(len(self.content()))})

    def way_shifted(self) -> None:
        """Answers every range with another one."""
        size = len(self.content())
        if self.headers["Range"]:
            self.answer(206, self.content()[1:], {"Content-Length": str(size - 1), "Content-Range": f"bytes 1-{size - 1}/{size}"})
        else:
            self.answer(200, self.content(), {"Content-Length": str(size)})

    def way_chunks(self) -> None:
        """Says no length, and leaves out the last piece."""
        self.answer(200, b"5\r\nhello\r\n", {"Transfer-Encoding": "chunked"})

    def way_drip(self) -> None:
        """A byte now and then."""
        self.answer(200, b"", {"Content-Length": str(len(self.content())), "ETag": '"slow"'})
        for byte in self.content():
            self.wfile.write(bytes([byte]))
            time.sleep(0.02)

    def way_stall(self) -> None:
        """Half of it, then nothing for longer than a test waits."""
        content = self.content()
        self.answer(200, content[: len(content) // 2], {"Content-Length": str(len(content)), "ETag": '"stalled"'})
        time.sleep(2)

    def way_gzip(self) -> None:
        """Compresses although it was asked not to."""
        packed = gzip.compress(self.content())
        self.answer(200, packed, {"Content-Length": str(len(packed)), "Content-Encoding": "gzip", "ETag": '"packed"'})

    def way_500(self) -> None:
        self.send_error(500)

    def way_absolute(self) -> None:
        self.answer(302, b"", {"Location": f"http://{self.headers['Host']}/{self.path.split('/', 2)[2]}"})

    def way_relative(self) -> None:
        self.answer(302, b"", {"Location": "../" * (self.path.count("/") - 1) + self.path.split("/", 2)[2]})

    def way_circle(self) -> None:
        self.answer(302, b"", {"Location": self.path})

    def way_nowhere(self) -> None:
        self.answer(302, b"", {"Location": "http://[half/an/address"})

    def ranged(self, tag: str | None, most: int | None) -> None:
        """The file from the byte asked for on, `most` bytes of it."""
        whole, version = self.content(), tag or "Mon, 01 Jan 2024 00:00:00 GMT"
        start = int((self.headers["Range"] or "bytes=0-")[6:-1]) if self.headers["If-Range"] in (None, version) else 0
        headers = {"Content-Length": str(len(whole) - start), "ETag" if tag else "Last-Modified": version}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(whole) - 1}/{len(whole)}"
        self.answer(206 if start else 200, whole[start:][:most], headers)

    def content(self) -> bytes:
        """The file that the last part of the path names."""
        return (Path(self.directory) / self.path.rpartition("/")[2]).read_bytes()

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        """Says nothing: the tests read what the program prints."""
