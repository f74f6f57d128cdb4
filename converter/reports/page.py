"""A report as one HTML file without scripts and references to other files; charts are inline SVG."""
from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, NamedTuple

from converter.reports.report import CAST, CODED, FLOAT, MOVE, Histogram, Numbers, Report, Row
from lite.commands.show import duration, percent, size

_MOST_DECIBELS = 60.0  # the height of the chart
_STYLE = """
:root{--ink:#1c2430;--soft:#5c6878;--line:#e3e8ef;--back:#f6f8fb;--card:#fff;--alone:#8fb4e8;--all:#1f5fbf;--bad:#c8452f}
@media (prefers-color-scheme:dark){:root{--ink:#e6ebf2;--soft:#9aa7b8;--line:#2c3644;--back:#12171f;--card:#1a212c;
--alone:#3d5f92;--all:#7fb0f5;--bad:#f08a76}}
*{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--ink);font:14px/1.5 system-ui,sans-serif}
main{max-width:1600px;margin:0 auto;padding:32px 24px 64px}h1{font-size:24px;margin:0 0 4px}
h2{font-size:16px;margin:36px 0 10px}p{color:var(--soft);margin:0 0 12px;max-width:80ch}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:14px;margin-top:22px}
.card,.panel{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
.card b{display:block;font-size:22px;font-weight:600}
.card span{color:var(--soft);font-size:12px}
.panel{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:13px}
th{font-weight:600;font-size:12px;color:var(--soft);text-align:right;padding:6px 5px;font-variant-numeric:tabular-nums;
border-bottom:1px solid var(--line);vertical-align:bottom}
td{padding:6px 5px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
tr:last-child td{border-bottom:0}th:first-child,td:first-child{text-align:left;white-space:normal;min-width:150px}
td small{display:block;color:var(--soft);overflow-wrap:anywhere}
td.c{text-align:center}.bad{color:var(--bad);font-weight:600}
.kept td{opacity:.65}svg text{fill:var(--soft);font:10px system-ui,sans-serif}
"""


def page(report: Report) -> str:
    """The text of the HTML file."""
    done = " and ".join(["pruning"] * report.pruned + ["quantization"] * (report.kind is not None))
    title = f"{done.capitalize()} of {escape(report.network)}"
    how = f"Quantization of kind “{escape(report.kind)}”, measured" if report.kind else "Measured"
    samples = f"the first {report.samples} samples" if report.samples > 1 else "one sample"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{_STYLE}</style><main><h1>{title}</h1>"
        f"<p>{how} on {samples}; latency with one thread, on the machine that converted it.</p>"
        f"{_cards(report)}{_outputs(report)}{_chart(report.rows)}{_table(report)}"
        "</main></html>\n"
    )


def _cards(report: Report) -> str:
    (before, after), (slow, fast) = report.nbytes, report.latency
    cards = [
        (f"{after / before:.0%}", f"of the size: {size(before)} to {size(after)}, both as .ms files"),
        (f"{slow / fast:.2f} ×", f"as fast: {duration(slow)} to {duration(fast)}"),
        (percent(report.error), "relative error of the worst output: root of noise over signal"),
    ]
    if report.pruned:
        had, has = (sum(row.weights[i] for row in report.rows) for i in (0, 1))
        cards.append((f"{has / max(had, 1):.0%}", f"of the weights are left: {has:,} of {had:,}"))
    if report.kind is not None:
        coded, moves, casts = (report.count(role) for role in (CODED, MOVE, CAST))
        beside = f"besides these, {moves} only move elements, and {casts} quantize or dequantize"
        about = f"operators that compute are quantized, or have compressed weights; {beside}"
        cards.append((f"{coded} of {coded + report.count(FLOAT)}", about))
    return f'<div class="cards">{"".join(f"<div class=card><b>{a}</b><span>{b}</span></div>" for a, b in cards)}</div>'


def _outputs(report: Report) -> str:
    rows = "".join(
        f"<tr><td>{escape(name)}<td>{_decibels(n)}<td>{n.cosine:.6f}<td>{percent(n.error)}"
        for name, n in report.outputs.items()
    )
    head = "<tr><th>output<th>SQNR<th>cosine<th>error"
    return f'<h2>Outputs of the network</h2><div class="panel"><table>{head}{rows}</table></div>'


def _chart(rows: Sequence[Row]) -> str:
    """Two bars for each quantized operator: its signal to noise ratio alone and accumulated."""
    coded = [(number, row) for number, row in enumerate(rows, 1) if row.alone and row.accumulated]
    if not coded:
        return ""
    step, height, left = max(9.0, min(34.0, 1080 / len(coded))), 190, 34
    width = left + step * len(coded) + 4
    parts = [
        f'<line x1="{left}" x2="{width}" y1="{_y(d, height)}" y2="{_y(d, height)}" stroke="var(--line)"/>'
        f'<text x="{left - 6}" y="{_y(d, height) + 3}" text-anchor="end">{d}</text>'
        for d in range(0, 61, 10)
    ]
    for index, (number, row) in enumerate(coded):
        assert row.alone is not None
        assert row.accumulated is not None
        x = left + index * step
        middle = f"{x + 0.5 * step:.1f}"
        parts.append(f'<text x="{middle}" y="{height + 22}" text-anchor="end" '
                     f'transform="rotate(-90 {middle} {height + 19})">{number}</text>')  # fmt: skip
        parts.append(f"<g><title>{number} {escape(row.name)} ({row.op}): {_decibels(row.alone)} alone, "
                     f"{_decibels(row.accumulated)} accumulated</title>")  # fmt: skip
        for shift, numbers, color in ((0.08, row.alone, "alone"), (0.5, row.accumulated, "all")):
            top = _y(min(max(numbers.sqnr, 0.0), _MOST_DECIBELS), height)
            parts.append(f'<rect x="{x + shift * step:.1f}" y="{top:.1f}" width="{0.42 * step:.1f}" '
                         f'height="{max(height + 8 - top, 0.5):.1f}" fill="var(--{color})" rx="1"/>')  # fmt: skip
        parts.append("</g>")
    key = (
        '<svg width="300" height="14"><rect width="12" height="12" fill="var(--alone)"/>'
        '<text x="18" y="10">alone</text><rect x="70" width="12" height="12" fill="var(--all)"/>'
        '<text x="88" y="10">accumulated</text></svg>'
    )
    return (
        "<h2>Signal to noise ratio by layer, in decibels</h2><p>Alone: only this layer is quantized. Accumulated: the "
        "whole network is, so errors of the layers before it add to its own. 20 dB is an error of 10 %, 40 dB of 1 %. "
        "Layers are in the order of the network and have their numbers in the table below; the pointer over a bar "
        f'shows its name.</p><div class="panel">{key}<br>'
        f'<svg width="{width:.0f}" height="{height + 44}">{"".join(parts)}</svg></div>'
    )


class _Column(NamedTuple):
    """A column of the table.

    text: of its cell. of: "pruned" or "coded" where the column is for such networks only. kind: the style of its cells.
    """

    head: str
    text: Callable[[Row], str]
    of: str = ""
    kind: str = ""


def _pair(cell: Callable[[Any], str], pair: Sequence[Any]) -> str:
    """Two lines: before, and below it after."""
    return "<br>".join(map(cell, pair))


_COLUMNS = (
    _Column("channels", lambda row: _pair("{:,}".format, row.channels), "pruned"),
    _Column("weights<br>not 0", lambda row: _pair("{:,}".format, row.weights) if row.weights[0] else "–", "pruned"),
    _Column("bits<br>w / a", lambda row: f"{row.weight_bits or '–'} / {row.activation_bits}", "coded"),
    _Column(
        "range of<br>outputs", lambda row: _pair("{:.4g}".format, (row.output.low, row.output.high)) if row.output
        else "–", "coded",
    ),
    _Column(
        "scale,<br>zero point", lambda row: f"{row.scale:.4g}<br>{row.zero_point}" if row.scale is not None else "–",
        "coded",
    ),
    _Column("outputs", lambda row: _bars(row.output, "all"), "coded", "c"),
    _Column("weights", lambda row: _bars(row.histogram, "alone"), "", "c"),
    _Column("SQNR<br>alone", lambda row: _decibels(row.alone) if row.alone else "–", "coded", "worst"),
    _Column("SQNR<br>accum.", lambda row: _decibels(row.accumulated) if row.accumulated else "–", "coded"),
    _Column("cosine<br>alone", lambda row: f"{row.alone.cosine:.5f}" if row.alone else "–", "coded"),
    _Column("cosine<br>accum.", lambda row: f"{row.accumulated.cosine:.5f}" if row.accumulated else "–", "coded"),
    _Column("constants", lambda row: _pair(size, row.nbytes)),
    _Column("measured", lambda row: "<br>".join(map(_time, row.seconds, row.merged))),
    _Column("run by", lambda row: _pair(lambda name: name or "–", row.delegates)),
    _Column("floor", lambda row: _seconds(row.predicted)),
)  # fmt: skip


def _table(report: Report) -> str:
    coded = sorted(row.alone.sqnr for row in report.rows if row.alone)
    least = coded[max(1, len(coded) // 10) - 1] if coded else -math.inf
    shown = {"": True, "pruned": report.pruned, "coded": report.kind is not None}
    columns = [column for column in _COLUMNS if shown[column.of]]
    about = "Where there are two numbers, the upper one is from before. "
    if report.kind is not None:
        about += (
            "Histograms of outputs span the range that the codes represent; the outermost bars include what is beyond. "
            "The height of a bar is the square root of its count. The worst ratios are red; faint rows are not "
            "quantized. "
        )
    about += (
        "Times are the least of each operator, measured by itself. The floor is the time of its float32 arithmetic or "
        "of reading its bytes at this machine’s best rate; int8 and Winograd kernels can be below it. The time of a "
        "“merged” operator is part of another’s, whose name shows where the pointer is over it; a “view” does no work. "
        "“cpu” are kernels; “reference” is numpy, which is slower. "
        f"{_remainder(report)}"
    )
    body = "".join(_line(number, row, columns, least) for number, row in enumerate(report.rows, 1))
    return (
        f'<h2>Operators</h2><p>{about}</p><div class="panel"><table><tr><th>#, operator'
        f"{''.join(f'<th>{column.head}' for column in columns)}{body}</table></div>"
    )


def _line(number: int, row: Row, columns: Sequence[_Column], least: float) -> str:
    """A row of the table. number: in the order of the network. least: ratios up to this one are marked as the worst."""
    shape = " × ".join(map(str, row.shape))
    faint = " class=kept" if row.alone is None and any(column.of == "coded" for column in columns) else ""
    cells = []
    for column in columns:
        bad = column.kind == "worst" and row.alone is not None and row.alone.sqnr <= least
        style = " class=bad" if bad else " class=c" if column.kind == "c" else ""
        cells.append(f"<td{style}>{column.text(row)}")
    return f"<tr{faint}><td>{number} {row.op} <span>{shape}</span><small>{escape(row.name)}</small>{''.join(cells)}"


def _remainder(report: Report) -> str:
    """A sentence on the sums of the operators' times, and how they compare with the latencies."""
    sums = " and ".join(map(duration, report.seconds))
    pairs = zip(report.latency, report.seconds, strict=True)
    rest = " and ".join(f"{(whole - part) / whole:.0%}" for whole, part in pairs)
    return (
        f"All operators together take {sums}, before and after. Of the latencies, which are medians of whole runs, "
        f"{rest} are spent outside of operators, on inputs, outputs and calls; this is below 0 where timing each "
        "operator by itself took longer than that."
    )


def _time(seconds: float | None, merged: str | None) -> str:
    if merged is not None:
        return f'<span title="into {escape(merged)}">merged</span>'
    return "view" if seconds == 0 else _seconds(seconds)


def _seconds(seconds: float | None) -> str:
    return "–" if seconds is None else duration(seconds)


def _bars(histogram: Histogram | None, color: str) -> str:
    if histogram is None or not any(histogram.counts):
        return "–"
    most = math.sqrt(max(histogram.counts))
    bars = "".join(
        f"M{2 * x} 26v-{max(24 * math.sqrt(n) / most, 0.6):.1f}h1.7V26z" for x, n in enumerate(histogram.counts) if n
    )
    label = f"{histogram.low:.4g} to {histogram.high:.4g}"
    return (
        f'<svg width="{2 * len(histogram.counts)}" height="27" role="img" aria-label="{label}"><title>{label}</title>'
        f'<path d="{bars}" fill="var(--{color})"/></svg>'
    )


def _decibels(numbers: Numbers) -> str:
    return f"{numbers.sqnr:.1f} dB" if math.isfinite(numbers.sqnr) else ("exact" if numbers.sqnr > 0 else "lost")


def _y(decibels: float, height: int) -> float:
    return 8 + height * (1 - decibels / _MOST_DECIBELS)
