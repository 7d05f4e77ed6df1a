"""Counts the answers that become lines of the prediction journal, in a file that outlives the process.

Whoever reads the journal can then tell whether a line is missing. docs/journals.md describes the file.
"""

import logging
import os
import re
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("serving.answers")

# What the gateway says of a request whose answer it will write down.
JOURNALED = (b"x-lab-journal", b"1")

# Always the same length: overwritten in place, the file never holds the rest of a longer number.
DIGITS = 20
CONTENT = re.compile(rb"[0-9]{%d}\n" % DIGITS)


class Tally:
    """A number in a file, rewritten whenever it grows. Only one process may write it."""

    def __init__(self, path: Path) -> None:
        """Goes on where the process before ended; from 0, with a line in the log, where the file tells no number."""
        self._path = path
        self._can_write = True
        self._handle = self._opened()
        self.count = self._kept()
        self._write()

    def add(self) -> None:
        """One more. What goes wrong is logged once: no visitor's answer may depend on it."""
        self.count += 1
        self._write()

    def close(self) -> None:
        """Lets go of the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _write(self) -> None:
        if self._handle is None:
            return
        try:
            # The kernel has it now and keeps it, whatever becomes of this process.
            os.pwrite(self._handle, b"%0*d\n" % (DIGITS, self.count), 0)
            self._can_write = True
        except OSError as error:
            self._complain(error)

    def _opened(self) -> int | None:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            self._complain(error)
            return None

    def _kept(self) -> int:
        if self._handle is None:
            return 0
        try:
            content = os.pread(self._handle, DIGITS + 2, 0)
            if CONTENT.fullmatch(content):
                return int(content)
            os.ftruncate(self._handle, 0)
        except OSError as error:
            self._complain(error)
            return 0
        if content:
            log.warning("%s holds %r, which is no count: answers are counted from 0.", self._path, content)
        else:
            log.info("%s is new: answers are counted from 0.", self._path)
        return 0

    def _complain(self, error: OSError) -> None:
        if self._can_write:
            log.error("%s cannot be written (%s): answers go uncounted. Make its folder writable.", self._path, error.strerror)
        self._can_write = False


class Counted:
    """ASGI middleware around everything else: one count for every request of the gateway that will be a line of the journal."""

    def __init__(self, app: ASGIApp, tally: Tally) -> None:
        self._app = app
        self._tally = tally

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection event, HTTP or not."""
        if scope["type"] != "http" or not _is_journaled(scope):
            return await self._app(scope, receive, send)
        counted = False

        def count() -> None:
            nonlocal counted
            if not counted:
                self._tally.add()
            counted = True

        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                count()
            await send(message)

        try:
            await self._app(scope, receive, counting)
        finally:
            # An application that fails without a word is answered for by the HTTP server: 500.
            count()


def _is_journaled(scope: Scope) -> bool:
    """The gateway says so, and it is the gateway: the port is for people, who may send any header. A unix socket has none."""
    _, port = scope["server"] or (None, None)
    return port is None and JOURNALED in scope["headers"]
