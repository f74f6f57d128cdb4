"""Values of a function that is being emitted: integers, addresses, floats and vectors, with Python's operators.

A Python number as the other operand becomes a constant of the value's type. Comparisons are ordered. There are no
fast-math flags.
"""
from __future__ import annotations

import math
import struct
from functools import cache as once
from typing import TypeAlias, cast

from llvmlite import ir

I8, I32, I64, F32 = ir.IntType(8), ir.IntType(32), ir.IntType(64), ir.FloatType()

Operand: TypeAlias = "Value | int | float"


class Value:
    """An SSA value of the function being emitted; operators emit instructions."""

    __slots__ = ("builder", "ir")

    def __init__(self, builder: ir.IRBuilder, value: ir.Value) -> None:
        self.builder = builder
        self.ir = value

    @property
    def is_float(self) -> bool:
        """True for a float and a vector of floats."""
        return bool(_element(self.ir.type) == F32)

    def like(self, x: Operand) -> Value:
        """x itself, or the Python number x as a constant of this value's type."""
        return x if isinstance(x, Value) else Value(self.builder, constant(self.ir.type, x))

    def _binary(self, other: Operand, on_float: str, on_int: str, swap: bool = False) -> Value:
        a, b = self.ir, self.like(other).ir
        emit = getattr(self.builder, on_float if self.is_float else on_int)
        return Value(self.builder, emit(b, a) if swap else emit(a, b))

    def __add__(self, other: Operand) -> Value:
        return self if isinstance(other, int) and other == 0 else self._binary(other, "fadd", "add")

    __radd__ = __add__

    def __sub__(self, other: Operand) -> Value:
        return self._binary(other, "fsub", "sub")

    def __rsub__(self, other: Operand) -> Value:
        return self._binary(other, "fsub", "sub", swap=True)

    def __mul__(self, other: Operand) -> Value:
        return self if isinstance(other, int) and other == 1 else self._binary(other, "fmul", "mul")

    __rmul__ = __mul__

    def __truediv__(self, other: Operand) -> Value:
        return self._binary(other, "fdiv", "sdiv")

    def __rtruediv__(self, other: Operand) -> Value:
        return self._binary(other, "fdiv", "sdiv", swap=True)

    def __and__(self, other: Operand) -> Value:
        return self._binary(other, "and_", "and_")

    def __or__(self, other: Operand) -> Value:
        return self._binary(other, "or_", "or_")

    def __xor__(self, other: Operand) -> Value:
        return self._binary(other, "xor", "xor")

    def __lshift__(self, other: Operand) -> Value:
        return self._binary(other, "shl", "shl")

    def __rshift__(self, other: Operand) -> Value:
        return self._binary(other, "ashr", "ashr")

    def __neg__(self) -> Value:
        return Value(self.builder, self.builder.fneg(self.ir) if self.is_float else self.builder.neg(self.ir))

    def _compare(self, other: Operand, sign: str) -> Value:
        compare = self.builder.fcmp_ordered if self.is_float else self.builder.icmp_signed
        return Value(self.builder, compare(sign, self.ir, self.like(other).ir))

    def __lt__(self, other: Operand) -> Value:
        return self._compare(other, "<")

    def __le__(self, other: Operand) -> Value:
        return self._compare(other, "<=")

    def __gt__(self, other: Operand) -> Value:
        return self._compare(other, ">")

    def __ge__(self, other: Operand) -> Value:
        return self._compare(other, ">=")

    def equals(self, other: Operand) -> Value:
        """self == other; `==` itself keeps its Python meaning."""
        return self._compare(other, "==")

    def is_nan(self, other: Value | None = None) -> Value:
        """True in the lanes that hold NaN, here or in the other."""
        return Value(self.builder, self.builder.fcmp_unordered("uno", self.ir, (other or self).ir))

    def bitcast(self, kind: ir.Type) -> Value:
        """The same bits as a value of another type."""
        return Value(self.builder, self.builder.bitcast(self.ir, kind))

    def extended(self, kind: ir.Type) -> Value:
        """Integers as wider ones, with their signs."""
        return Value(self.builder, self.builder.sext(self.ir, kind))

    def rounded_to_zero(self, kind: ir.Type) -> Value:
        """Floats as signed integers; each has to fit one."""
        return Value(self.builder, self.builder.fptosi(self.ir, kind))

    def truncated(self, kind: ir.Type) -> Value:
        """The low bits of integers, as narrower ones."""
        return Value(self.builder, self.builder.trunc(self.ir, kind))


def _element(kind: ir.Type) -> ir.Type:
    return kind.element if isinstance(kind, ir.VectorType) else kind


@once
def integers(element: ir.IntType, numbers: tuple[int, ...]) -> ir.Constant:
    """A vector of integers; each is made once, since it takes as long as many instructions."""
    return ir.Constant(ir.VectorType(element, len(numbers)), list(numbers))


def constant(kind: ir.Type, x: float) -> ir.Constant:
    """x as a constant of that type, in every lane; floats are rounded to float32 first, as LLVM demands."""
    return _equal_constant(kind, x, math.copysign(1.0, x))


@once
def _equal_constant(kind: ir.Type, x: float, sign: float) -> ir.Constant:
    """The same for all equal x; zeros of either sign are."""
    element = _element(kind)
    value = cast(float, struct.unpack("f", struct.pack("f", x))[0]) if element == F32 else int(x)
    return ir.Constant(kind, [value] * kind.count if isinstance(kind, ir.VectorType) else value)
