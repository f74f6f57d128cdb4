"""COVERAGE.md: what fares how. Its part on networks and its part on primitives are written by a command each."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from pathlib import Path

PAGE = Path(__file__).parent / "COVERAGE.md"
_PRIMITIVES = "## Primitives\n"


def write_networks(lines: Iterable[str]) -> None:
    """All before the primitives."""
    _, mark, primitives = _page().partition(_PRIMITIVES)
    PAGE.write_text("\n".join(lines) + mark + primitives, "utf-8")


def write_primitives(
    before: Iterable[str], header: tuple[str, ...], rows: Iterable[tuple[str, ...]], known: Iterable[str]
) -> None:
    """The primitives: some words, a table in which these rows take the place of those of the same name, and which of
    those that are known are not in it.
    """
    networks, _, old = _page().partition(_PRIMITIVES)
    table = {line.split("|")[1].strip(): line for line in old.splitlines() if line.startswith("| ")}
    table |= {row[0]: _line(row) for row in rows}
    names = sorted(set(table) - {header[0], "---"})
    others = sorted(set(known) - set(names))
    after = f"Not there, but in `cases.py` as all others: {', '.join(others)}."
    lines = (_line(header), _line(("---",) * len(header)), *(table[name] for name in names))
    text = "\n".join((*before, "", *lines, "", *textwrap.wrap(after, 120, break_long_words=False), ""))
    PAGE.write_text(f"{networks}{_PRIMITIVES}\n{text}", "utf-8")


def _page() -> str:
    return PAGE.read_text("utf-8")


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
