"""A report as the text of a file: HTML for people, JSON and CSV for programs."""
from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from converter.errors import OptionError
from converter.reports.page import page
from converter.reports.report import Report

_COLUMNS = (
    "name", "op", "role", "channels_before", "channels_after", "weights_before", "weights_after", "weight_bits",
    "activation_bits", "low", "high", "scale", "zero_point", "sqnr_alone", "cosine_alone",
    "sqnr_accumulated", "cosine_accumulated", "bytes_before", "bytes_after", "seconds_before", "seconds_after",
    "seconds_predicted", "delegate_before", "delegate_after", "merged_before", "merged_after",
)  # fmt: skip


def check_format(path: Path) -> str:
    """The suffix of a report's file. Raises OptionError for one that no report can have."""
    suffix = path.suffix.lower()
    if suffix not in _TEXTS:
        raise OptionError(f"the report {path} should end in {', '.join(_TEXTS)}")
    return suffix


def as_text(report: Report, suffix: str) -> str:
    """The text of the report in the format of this suffix, which check_format has given."""
    return _TEXTS[suffix](report)


def _json(report: Report) -> str:
    """One JSON document, in which infinities are null."""
    return json.dumps(_finite({**asdict(report), "error": report.error, "seconds": report.seconds}), indent=1) + "\n"


def _csv(report: Report) -> str:
    """A line for each operator."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(_COLUMNS)
    for row in report.rows:
        ends = (row.output.low, row.output.high) if row.output else (None, None)
        far = [x for n in (row.alone, row.accumulated) for x in ((n.sqnr, n.cosine) if n else (None, None))]
        lines.writerow(
            [row.name, row.op, row.role, *row.channels, *row.weights, row.weight_bits, row.activation_bits, *ends,
             row.scale, row.zero_point, *far, *row.nbytes, *row.seconds, row.predicted,
             *row.delegates, *row.merged]
        )  # fmt: skip
    return text.getvalue()


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, (list, tuple)) else value


_TEXTS: Mapping[str, Callable[[Report], str]] = {".html": page, ".json": _json, ".csv": _csv}
