"""How commands show things: sizes, times, tables, JSON, and a line of progress for what takes over a second."""
from __future__ import annotations

import argparse
import json
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

_QUIET_SECONDS = 1.0
_SECONDS_BETWEEN_UPDATES = 0.5
_SECONDS_BETWEEN_LINES = 10.0  # where the stream is a log and lines stay


def size(nbytes: int) -> str:
    """Bytes for people, in powers of 1000: 812 B, 54.3 kB, 102.2 MB."""
    if nbytes < 1000:
        return f"{nbytes} B"
    amount = float(nbytes)
    for unit in ("kB", "MB", "GB"):
        amount /= 1000
        if amount < 999.95:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1000:.1f} TB"


def duration(seconds: float) -> str:
    """Time for people, with three significant digits: 21.3 µs, 8.41 ms, 1.23 s."""
    for unit, factor in (("µs", 1e6), ("ms", 1e3)):
        if seconds * factor < 999.5:
            return f"{seconds * factor:#.3g} {unit}".replace(". ", " ")
    return f"{seconds:.2f} s"


def table(rows: Sequence[Sequence[object]], header: Sequence[str] = (), right: str = "", indent: str = "  ") -> str:
    """Aligned columns under a header. right: one character a column, 'r' to align it to the right."""
    lines = [[str(cell) for cell in row] for row in ([header, *rows] if header else rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    sides = right.ljust(len(widths))
    return "\n".join(indent + "  ".join(map(_pad, line, widths, sides)).rstrip() for line in lines)


def _pad(cell: str, width: int, side: str) -> str:
    return cell.rjust(width) if side == "r" else cell.ljust(width)


def print_json(document: Any) -> None:
    """One JSON document on standard output. NaN and infinities become null, which every reader takes."""
    print(json.dumps(_finite(document), indent=2, ensure_ascii=False, allow_nan=False))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, (list, tuple)) else value


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """--json and --progress, which every command has."""
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of text")
    parser.add_argument(
        "--progress", action="store_true", help="show progress also where standard error is no terminal"
    )


@contextmanager
def progress(what: str, always: bool = False, stream: TextIO | None = None) -> Iterator[Callable[[str], None]]:
    """While the body runs longer than a second, say on standard error what it does and for how long.

    The body may call what it is given with the name of the stage it is at. On a terminal it is one line that is
    rewritten and finally erased; elsewhere nothing, or with `always` a line every ten seconds.
    """
    out = sys.stderr if stream is None else stream
    terminal = out.isatty()
    stage = ""

    def enter(name: str) -> None:
        nonlocal stage
        stage = f": {name}"

    if not (terminal or always):
        yield enter
        return
    done = threading.Event()
    begun = time.monotonic()

    def report() -> None:
        pause = _QUIET_SECONDS
        while not done.wait(pause):
            text = f"{what}{stage} ... {time.monotonic() - begun:.0f} s"
            out.write(f"\r{text[: shutil.get_terminal_size().columns - 1]}\x1b[K" if terminal else f"{text}\n")
            out.flush()
            pause = _SECONDS_BETWEEN_UPDATES if terminal else _SECONDS_BETWEEN_LINES

    reporter = threading.Thread(target=report, daemon=True)
    reporter.start()
    try:
        yield enter
    finally:
        done.set()
        reporter.join()
        if terminal:
            out.write("\r\x1b[K")
            out.flush()
