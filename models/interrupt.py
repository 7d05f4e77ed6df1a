"""Ends the program at once and with a sentence, when it is interrupted."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

SENTENCE = "Interrupted. What is finished stays; run this again to go on."

SIGNALS = (signal.SIGINT, signal.SIGTERM)

# The longest wait, in seconds, for children that are being started: a child that loses its parent then complains.
STARTING_S = 1.0

_starting = threading.Lock()


def watch() -> None:
    """From here on, Ctrl-C and SIGTERM end this process with SENTENCE and the exit code 130 or 143.

    Not by an exception: it would pass through whatever code runs just then, imports and libraries among it. A thread ends the
    process, because the main thread may be inside a computation for seconds.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    for number in SIGNALS:
        # Ignored from the start, as in a script's background job, it stays ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, frame: None)
    threading.Thread(target=_end_on, args=(reading,), daemon=True).start()
    # Otherwise the process that tidies up after us lists, as a warning, what it tidies up.
    sys.warnoptions.append("ignore:resource_tracker:UserWarning")
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def hold() -> None:
    """Keeps interrupts waiting until the next `watch`, which may be that of a program that replaces this one."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


@contextmanager
def starting_children() -> Iterator[None]:
    """Children started inside do not hear of Ctrl-C, which a terminal sends to them too: their parent ends them."""
    # Not at the top: this module is loaded before all others, and quickly.
    from multiprocessing import resource_tracker

    # Starting this process would end the mask below.
    resource_tracker.ensure_running()
    with _starting:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with_parent() -> None:
    """For a pool's `initializer`: ends this process when its parent is gone, however that ended."""
    threading.Thread(target=_end_after_parent, daemon=True).start()


def _end_on(reading: int) -> None:
    number = os.read(reading, 1)[0]
    _starting.acquire(timeout=STARTING_S)
    # After the ^C that the terminal shows, or beside a progress bar.
    start = "\n" if os.isatty(2) else ""
    with suppress(OSError):
        os.write(2, f"{start}{SENTENCE}\n".encode())
    os._exit(128 + number)


def _end_after_parent() -> None:
    from multiprocessing import parent_process

    if parent := parent_process():
        parent.join()
        os._exit(1)
