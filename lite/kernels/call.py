"""Calling a kernel by its address, as the driver does with each row of the op table."""
from __future__ import annotations

from llvmlite import ir

from lite.kernels.declare import Int, Pointer, Target, microkernel

_I64 = ir.IntType(64)


def call_address(target: Target, builder: ir.IRBuilder, function: ir.Value, *words: ir.Value) -> ir.Value:
    """function(*words), the address of a function of 64-bit words that gives one."""
    kind = ir.FunctionType(_I64, [_I64] * len(words))
    return builder.call(builder.inttoptr(function, kind.as_pointer()), words)


call_kernel = microkernel("call_kernel", (Pointer, Pointer, Int, Int, Pointer), call_address)
