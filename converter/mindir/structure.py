"""Primitives that only arrange values: tuples, the order of side effects, references to parameters. None computes.

Side effects are not supported, so their order is not needed: a Load is its parameter, a Depend its first input.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence

from converter.errors import ParseError
from converter.mindir.operands import Missing, Monad, Operand, describe


def _first(inputs: Sequence[Operand]) -> Operand:
    if not inputs:
        raise ParseError("has no inputs; expected the value it stands for")
    return inputs[0]


def _item(inputs: Sequence[Operand]) -> Operand:
    if len(inputs) != 2:
        raise ParseError(f"has {len(inputs)} inputs; expected a tuple and an index")
    items, index = inputs
    if isinstance(items, Missing):
        return items
    if not isinstance(items, tuple) or not isinstance(index, int):
        raise ParseError(f"expected a tuple and a constant index, not {describe(items)} and {describe(index)}")
    if not -len(items) <= index < len(items):
        raise ParseError(f"takes item {index} of a tuple of {len(items)}")
    return items[index]


def _tuple(inputs: Sequence[Operand]) -> Operand:
    return tuple(inputs)


def _monad(inputs: Sequence[Operand]) -> Operand:
    return Monad()


def _closure(inputs: Sequence[Operand]) -> Operand:
    return Missing()  # only Switch calls it, and reports itself


STRUCTURE: dict[str, Callable[[Sequence[Operand]], Operand]] = {
    "Load": _first,
    "Depend": _first,
    "UpdateState": _monad,
    "MakeTuple": _tuple,
    "make_list": _tuple,
    "TupleGetItem": _item,
    "list_getitem": _item,
    "Partial": _closure,
}
