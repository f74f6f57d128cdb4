"""Mistakes in declarations are named. In a process of its own: importing numba here would slow every test."""
from __future__ import annotations

import subprocess
from collections.abc import Callable

CODE = """
from lite.kernels.declare import Float, Int, Pointer, constant, kernel, microkernel

def no_units(x: Pointer, begin: Int, end: Int) -> None: ...
def no_kind(x: int, n, begin: Int, end: Int, scratch: Pointer) -> None: ...
def twice(x: Pointer, begin: Int, end: Int, scratch: Pointer) -> None: ...

constant("twice", lambda target: 1)
for function in (no_units, no_kind, twice):
    try:
        kernel(function)
    except (TypeError, ValueError) as error:
        print(error)
"""


def test_mistakes_are_named(run_python: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    assert run_python(CODE).stdout.splitlines() == [
        "kernel no_units: the last parameters must be begin, end, scratch",
        "kernel no_kind: annotate x, n as Pointer, Int or Float",
        "twice is declared twice",
    ]
