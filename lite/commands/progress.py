"""A line of progress on standard error for work of more than a second, with messages of the log above it."""
from __future__ import annotations

import logging
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

_QUIET_SECONDS = 1.0
_SECONDS_BETWEEN_UPDATES = 0.5
_SECONDS_BETWEEN_LINES = 10.0  # where the stream is a log and lines stay
_ERASE = "\r\x1b[K"


@contextmanager
def progress(what: str, always: bool = False, stream: TextIO | None = None) -> Iterator[Callable[[str], None]]:
    """While the body runs longer than a second, say what it does, at which stage it is, and for how long.

    On a terminal that is one line, rewritten and finally erased; elsewhere nothing, or with `always` a line every ten
    seconds. The body may call what it is given with the name of the stage it is at. Information that the project logs
    is taken as a stage too; a warning is shown, wherever standard error goes.
    """
    line = _Line(what, sys.stderr if stream is None else stream, always)
    log = logging.getLogger("mindlite")
    level = log.level
    log.addHandler(line)
    log.setLevel(logging.INFO)
    line.start()
    try:
        yield line.enter
    finally:
        line.stop()
        log.removeHandler(line)
        log.setLevel(level)


class _Line(logging.Handler):
    """The line: a thread of its own rewrites it until `stop`."""

    def __init__(self, what: str, stream: TextIO | None, always: bool) -> None:
        super().__init__()
        self._what = what
        self._stage = ""
        self._stream = stream
        self._terminal = stream is not None and stream.isatty()
        self._shown = stream is not None and (self._terminal or always)
        self._begun = time.monotonic()
        self._done = threading.Event()
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._report, daemon=True)

    def start(self) -> None:
        if self._shown:
            self._thread.start()

    def stop(self) -> None:
        if self._shown:
            self._done.set()
            self._thread.join()
            self._write(_ERASE if self._terminal else "")

    def enter(self, stage: str) -> None:
        self._stage = f": {stage}"

    def emit(self, record: logging.LogRecord) -> None:
        """Show a warning above the line; information becomes the stage that the line shows."""
        if record.levelno >= logging.WARNING:
            self._write(f"{_ERASE if self._terminal else ''}{record.getMessage()}\n")
        else:
            self.enter(record.getMessage())

    def _report(self) -> None:
        pause = _QUIET_SECONDS
        while not self._done.wait(pause):
            text = f"{self._what}{self._stage} ... {time.monotonic() - self._begun:.0f} s"
            if self._terminal:
                self._write(_ERASE + text[: shutil.get_terminal_size().columns - 1])
            else:
                self._write(f"{text}\n")
            pause = _SECONDS_BETWEEN_UPDATES if self._terminal else _SECONDS_BETWEEN_LINES

    def _write(self, text: str) -> None:
        with self._writing, suppress(OSError, ValueError):  # a log that is full or closed stops no work
            if self._stream is not None:  # as where the caller closed it
                self._stream.write(text)
                self._stream.flush()
