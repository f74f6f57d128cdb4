"""COVERAGE.md: how every network fares, in two tables, and every primitive, in a third.

The page is the record: what is judged again replaces its row, the others stay. Networks are written a row at a time, so
that a run that is cut short loses nothing.
"""
from __future__ import annotations

import textwrap
from collections.abc import Iterable
from pathlib import Path

from tests.conformance.fare import FORMATS, MATCHES
from tests.conformance.networks.index import MODULES

PAGE = Path(__file__).parent / "COVERAGE.md"
_PRIMITIVES = "## Primitives\n"

_HEADER = (
    "network", "status", "max error", "steps", "ms", ".ms, MB", "on the reference delegate (share of time)", *FORMATS,
)  # fmt: skip
_WRONG = ("refused", "fails", "differs")  # how cells of exports begin
_INTRODUCTION = """\
# Coverage

Written by `python -m tests.conformance.networks --all --write`: every network, exported by MindSpore 2.10, converted,
run on kernels, and compared with MindSpore's own outputs. The error is a share of the largest |output|; integers and
booleans have to be equal. But for ties: where a network chooses (the best boxes, those above a score) between what is
nearer to each other than rounding, so that outputs differ, all that is between its choices agrees when they are made as
MindSpore made them, and each choice is MindSpore's when it is made from the same numbers; the error is that between
choices. But for rounding: both are as far from what the export comes to in float64 as rounding takes a network that
makes so much of it. Times are without care, of a machine that had other work too. The last columns are the errors of
what `mlite export` writes, in ONNX Runtime and in MindSpore; `-` where that was not asked."""
_TITLES = {
    False: "## In the form that the tests judge, mostly smaller, with every kind of layer",
    True: "## At full size (`--full`)",
}


def read() -> dict[bool, dict[str, tuple[str, ...]]]:
    """The tables of networks: of full size, or not."""
    tables: dict[bool, dict[str, tuple[str, ...]]] = {False: {}, True: {}}
    full = False
    for line in _parts()[0].splitlines():
        full = {title: key for key, title in _TITLES.items()}.get(line, full)
        cells = tuple(cell.strip() for cell in line.strip("| ").split(" | "))
        cells += ("-",) * (len(_HEADER) - len(cells))
        if line.startswith("| ") and cells[0] in MODULES:
            tables[full][cells[0]] = cells
    return tables


def write_network(full: bool, cells: tuple[str, ...]) -> None:
    """Put one network's row on the page, in the place of its own. cells: Row.cells."""
    tables = read()
    tables[full][cells[0]] = tuple(cell.replace("|", "/") for cell in cells)
    parts = [_INTRODUCTION]
    for size, title in _TITLES.items():
        rows = [tables[size][name] for name in MODULES if name in tables[size]]
        good = [row[1] for row in rows if row[1].startswith(MATCHES)]
        qualified = sum(status != MATCHES for status in good)
        matching = f"{len(good)} match{f', {qualified} of them but for ties or rounding' if qualified else ''}"
        exported = ", ".join(_exported(which, [row[at] for row in rows]) for at, which in enumerate(FORMATS, -2))
        table = "\n".join(map(_line, (_HEADER, ("---",) * len(_HEADER), *rows)))
        parts += [title, f"{len(rows)} of {len(MODULES)} are judged, {matching}; exported, {exported}.", table]
    PAGE.write_text("\n\n".join((*parts, _PRIMITIVES)) + _parts()[1], "utf-8")


def write_primitives(
    before: Iterable[str], header: tuple[str, ...], rows: Iterable[tuple[str, ...]], known: Iterable[str]
) -> None:
    """The primitives: some words, a table in which these rows take the place of those of the same name, and which of
    those that are known are not in it.
    """
    networks, old = _parts()
    table = {line.split("|")[1].strip(): line for line in old.splitlines() if line.startswith("| ")}
    table |= {row[0]: _line(row) for row in rows}
    names = sorted(set(table) - {header[0], "---"})
    others = sorted(set(known) - set(names))
    after = f"Not there, but in `cases.py` as all others: {', '.join(others)}."
    lines = (_line(header), _line(("---",) * len(header)), *(table[name] for name in names))
    text = "\n".join((*before, "", *lines, "", *textwrap.wrap(after, 120, break_long_words=False), ""))
    PAGE.write_text(f"{networks}{_PRIMITIVES}\n{text}", "utf-8")


def _exported(which: str, cells: list[str]) -> str:
    asked = [cell for cell in cells if cell != "-"]
    return f"{sum(not cell.startswith(_WRONG) for cell in asked)} of {len(asked)} as {which}"


def _parts() -> tuple[str, str]:
    """What is before the primitives, and what is behind their title."""
    before, _, behind = PAGE.read_text("utf-8").partition(_PRIMITIVES)
    return before, behind


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
