"""A report as one HTML file: no script, no font and no picture from elsewhere; charts are inline SVG."""
from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from converter.reports.report import Histogram, Numbers, Report, Row
from lite.commands.show import duration, size

_MOST_DECIBELS = 60.0  # that a bar goes up to
_STYLE = """
:root{--ink:#1c2430;--soft:#5c6878;--line:#e3e8ef;--back:#f6f8fb;--card:#fff;--alone:#8fb4e8;--all:#1f5fbf;--bad:#c8452f}
@media (prefers-color-scheme:dark){:root{--ink:#e6ebf2;--soft:#9aa7b8;--line:#2c3644;--back:#12171f;--card:#1a212c;
--alone:#3d5f92;--all:#7fb0f5;--bad:#f08a76}}
*{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--ink);font:14px/1.5 system-ui,sans-serif}
main{max-width:1400px;margin:0 auto;padding:32px 24px 64px}h1{font-size:24px;margin:0 0 4px}
h2{font-size:16px;margin:36px 0 10px}p{color:var(--soft);margin:0 0 12px;max-width:80ch}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:14px;margin-top:22px}
.card,.panel{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
.card b{display:block;font-size:22px;font-weight:600}
.card span{color:var(--soft);font-size:12px}
.panel{overflow-x:auto}table{border-collapse:collapse;width:100%}
th{font-weight:600;font-size:12px;color:var(--soft);text-align:right;padding:6px 9px;font-variant-numeric:tabular-nums;
border-bottom:1px solid var(--line);vertical-align:bottom}
td{padding:6px 9px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
tr:last-child td{border-bottom:0}th:first-child,td:first-child{text-align:left;white-space:normal;min-width:210px}
td small{display:block;color:var(--soft);overflow-wrap:anywhere}
td.c{text-align:center}.bad{color:var(--bad);font-weight:600}
.kept td{opacity:.65}svg text{fill:var(--soft);font:10px system-ui,sans-serif}
"""


def page(report: Report) -> str:
    """The whole file."""
    title = f"Quantization of {escape(report.network)}"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{_STYLE}</style><main><h1>{title}</h1>"
        f"<p>kind “{escape(report.kind)}”, measured on {report.samples} samples; latency with one thread, on the "
        f"machine that converted it.</p>{_cards(report)}{_outputs(report)}{_chart(report.rows)}{_table(report.rows)}"
        "</main></html>\n"
    )


def _cards(report: Report) -> str:
    (before, after), (slow, fast) = report.nbytes, report.latency
    kept = sum(row.alone is None for row in report.rows)
    cards = [
        (f"{after / before:.0%}", f"of the size: {size(before)} to {size(after)}"),
        (f"{slow / fast:.2f} ×", f"as fast: {duration(slow)} to {duration(fast)}"),
        (f"{report.error:.2%}", "error of the worst output: root of noise over signal"),
        (f"{len(report.rows) - kept} of {len(report.rows)}", "layers compute with, or are stored as, codes"),
    ]
    return f'<div class="cards">{"".join(f"<div class=card><b>{a}</b><span>{b}</span></div>" for a, b in cards)}</div>'


def _outputs(report: Report) -> str:
    rows = "".join(
        f"<tr><td>{escape(name)}<td>{_decibels(n)}<td>{n.cosine:.6f}<td>{n.error:.3%}"
        for name, n in report.outputs.items()
    )
    head = "<tr><th>output<th>SQNR<th>cosine<th>error"
    return f'<h2>Outputs of the network</h2><div class="panel"><table>{head}{rows}</table></div>'


def _chart(rows: Sequence[Row]) -> str:
    """Two bars a layer: signal over noise alone and accumulated."""
    coded = [row for row in rows if row.alone and row.accumulated]
    if not coded:
        return ""
    step, height, left = max(9.0, min(34.0, 1080 / len(coded))), 190, 34
    width = left + step * len(coded) + 4
    parts = [
        f'<line x1="{left}" x2="{width}" y1="{_y(d, height)}" y2="{_y(d, height)}" stroke="var(--line)"/>'
        f'<text x="{left - 6}" y="{_y(d, height) + 3}" text-anchor="end">{d}</text>'
        for d in range(0, 61, 10)
    ]
    for index, row in enumerate(coded):
        assert row.alone is not None
        assert row.accumulated is not None
        x = left + index * step
        parts.append(f"<g><title>{escape(row.name)} ({row.op}): {_decibels(row.alone)} alone, "
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
        "<h2>Signal over noise by layer, in decibels</h2><p>Alone: this layer quantized and given what float32 "
        "computes before it. Accumulated: in the quantized network, with the errors of all before it. 20 dB is an "
        f'error of 10 %, 40 dB of 1 %. In the order of the network.</p><div class="panel">{key}<br>'
        f'<svg width="{width:.0f}" height="{height + 12}">{"".join(parts)}</svg></div>'
    )


def _table(rows: Sequence[Row]) -> str:
    worst = sorted(row.alone.sqnr for row in rows if row.alone)[: max(1, len(rows) // 10)]
    heads = (
        "layer", "bits<br>w / a", "range of<br>outputs", "scale,<br>zero point", "outputs", "weights", "SQNR<br>alone",
        "SQNR<br>accum.", "cosine<br>alone", "cosine<br>accum.", "constants", "measured", "at least",
    )  # fmt: skip
    body = "".join(_line(row, bool(row.alone and row.alone.sqnr in worst)) for row in rows)
    return (
        "<h2>Layers</h2><p>Histograms of outputs go over the numbers that codes stand for; what is beyond is in the "
        "outermost bars, and bars are roots of counts. Times: float32, quantized, and what this machine's limits for "
        "float32 arithmetic and for memory say the quantized layer takes at least; none where it is merged into "
        "another. The worst layers are red, faint ones stay float32.</p>"
        f'<div class="panel"><table><tr>{"".join(f"<th>{head}" for head in heads)}{body}</table></div>'
    )


def _line(row: Row, bad: bool) -> str:
    ends = f"{row.output.low:.4g}<br>{row.output.high:.4g}" if row.output else "–"
    stored = f"{row.scale:.4g}<br>{row.zero_point}" if row.scale is not None else "–"
    far = "".join(
        f"<td{' class=bad' if bad and what == 'sqnr' and n is row.alone else ''}>"
        f"{(_decibels(n) if what == 'sqnr' else f'{n.cosine:.5f}') if n else '–'}"
        for what in ("sqnr", "cosine")
        for n in (row.alone, row.accumulated)
    )
    shape = " × ".join(map(str, row.shape))
    times = "<br>".join("–" if s is None else duration(s) for s in row.seconds)
    return (
        f"<tr{'' if row.alone else ' class=kept'}><td>{row.op} <span>{shape}</span><small>{escape(row.name)}</small>"
        f"<td>{row.weight_bits} / {row.activation_bits}<td>{ends}<td>{stored}"
        f"<td class=c>{_bars(row.output, 'all')}<td class=c>{_bars(row.weights, 'alone')}{far}"
        f"<td>{size(row.nbytes[0])}<br>{size(row.nbytes[1])}<td>{times}"
        f"<td>{'–' if row.predicted is None else duration(row.predicted)}"
    )


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
