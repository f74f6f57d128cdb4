"""How commands show things: sizes, times, tables and JSON, and the arguments that all of them have."""
from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any


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


def percent(share: float) -> str:
    """A share with two significant digits: 0.00077 %, 3.5 %, 120 %."""
    return f"{100 * share:.2g} %" if not 0.995 <= share < 1e6 else f"{100 * share:.0f} %"


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
