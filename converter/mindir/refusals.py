"""Collects every operator of a model that is not supported, and where the network can be cut before it."""
from __future__ import annotations

from collections.abc import Sequence

from converter.ir.graph import Graph, Value
from converter.ir.interface import named_tensors
from converter.mindir.operands import Missing, Operand, flatten
from converter.mindir.primitives import PRIMITIVES, WAYS_OUT
from converter.mindir.structure import STRUCTURE
from lite.errors import UnsupportedOp

CALL = "call"  # of a function, in place of a primitive's name


class Refusals:
    """The unsupported operators of one model.

    reported: a row for each place. missing: results that cannot be computed, by the place of their operator.
    """

    def __init__(self) -> None:
        self.reported: list[UnsupportedOp] = []
        self.missing: dict[str, Missing] = {}
        self._border: Value | None = None  # what the first unsupported operator reads

    def unknown(self, op: str, where: str) -> None:
        """Report a primitive that has no row."""
        self.reported.append(_unknown(op, where))

    def output(self, index: int, reason: str) -> None:
        """Report an output that cannot be given, for a reason of its own."""
        self.reported.append(UnsupportedOp("output", 1, f"output {index}", reason))

    def result(self, op: str, where: str, reason: str, inputs: Sequence[Operand]) -> Missing:
        """The result of an operator that is not supported, or (reason: "") whose inputs are missing."""
        operands = [leaf for operand in inputs for leaf in flatten(operand)]
        cause = None
        if op not in PRIMITIVES and op not in STRUCTURE and op != CALL:
            cause = _unknown(op, where)  # is reported already
        elif reason:
            cause = UnsupportedOp(op, 1, where, reason)
            self.reported.append(cause)
        if cause is not None and self._border is None:
            computed = (v for v in operands if isinstance(v, Value) and v.producer is not None and v.spec.rank > 0)
            self._border = next(computed, None)
        sources = dict.fromkeys(v for v in operands if isinstance(v, Missing))
        missing = Missing(cause=cause, sources=tuple(sources))
        self.missing.setdefault(where, missing)
        return missing

    def way_out(self, graph: Graph) -> str:
        """What users can do about them, as a sentence."""
        hint = "Export a network without these"
        if self._border is None or named_tensors(graph).get(self._border.name) is not self._border:
            return f"{hint}."
        name = self._border.name
        return f"{hint}, or cut it before them: --outputs {name} (in Python: options={{'outputs': [{name!r}]}})."


def rows(places: Sequence[UnsupportedOp]) -> list[UnsupportedOp]:
    """One row for all places of an operator that are refused for the same reason."""
    groups: dict[tuple[str, str], list[str]] = {}
    for place in places:
        groups.setdefault((place.op, place.reason), []).append(place.where)
    return [UnsupportedOp(op, len(where), where[0], reason) for (op, reason), where in groups.items()]


def is_unknown(place: UnsupportedOp) -> bool:
    """Whether it is a primitive that is not supported with any inputs."""
    return place == _unknown(place.op, place.where)


def _unknown(op: str, where: str) -> UnsupportedOp:
    return UnsupportedOp(op, 1, where, WAYS_OUT.get(op, "not supported yet"))
