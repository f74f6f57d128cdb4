"""How a kernel is declared. Imported by kernel sources only, and those only while a pack is built.

A kernel is a Python function that numba compiles; it sees addresses and numbers, never arrays:

    @kernel
    def scale_f32(x: Pointer, y: Pointer, n: Int, alpha: Float, begin: Int, end: Int, scratch: Pointer) -> None:
        \"\"\"y = alpha * x for rows [begin, end) of n float32 elements.\"\"\"
        a = np.float32(alpha)
        for i in range(begin * n, end * n):
            f32(y)[i] = a * f32(x)[i]

- The name is the symbol in the pack; the parameters before `begin, end, scratch` become the manifest's, in this order,
  with the kind their annotation names. `begin, end` are the units of work to do; any split of the units over any
  threads must give the same bytes. `scratch` is the address of this thread's scratch bytes, 64-byte aligned.
- Pointer and Int are int64 inside, Float is float64. A float literal is float64 too, and one of them turns float32
  arithmetic into float64: write `np.float32(0.5)`, or keep constants as module-level np.float32.
- `f32(address)[i]` reads and writes element i; likewise f64, i8, u8, i16, u16, i32, u32, i64. No bounds, no negative
  indices. An int stored is truncated to the element type.
- No arrays, strings, exceptions, closures or allocation. Integer division by zero gives 0. `math.sqrt`, `abs`, `min`
  and `max` are single instructions; `math.exp` and friends call libm and are refused: use a polynomial.
- Plain functions that kernels share are decorated `@routine`; they take and return any scalars and are inlined.

What the pack exports follows the C ABI `int64 name(const int64 *args, int64 begin, int64 end, int64 scratch)` and
returns 0; `args` are 8-byte words: an address, an int64 or the bits of a float64. The build generates that wrapper.

Explicit vectors are micro-kernels: LLVM IR emitted per target with llvmlite, linked to the kernels that call them, and
inlined unless large.

    def _axpy(target: Target, builder: ir.IRBuilder, x: ir.Value, y: ir.Value, n: ir.Value, a: ir.Value) -> None: ...

    axpy_f32 = microkernel("axpy_f32", (Pointer, Pointer, Int, Float32), _axpy)     # in a kernel: axpy_f32(x, y, n, a)
    LANES = constant("lanes", lambda target: target.lanes)                          # in a kernel: LANES()

A micro-kernel's `emit` is called once per target, positioned in the entry block of a function of its own. It may add
blocks, leaves the builder where the function should return, and returns an i64 value or None (the function then
returns 0). It may call another micro-kernel through `call(builder, name, arguments)`. Parameters have the IR types i64
(Pointer, Int), double (Float) and float (Float32). A micro-kernel that no kernel calls is not emitted; a large one that
many call has a `home`, the module that it is compiled in, once, while the kernels of others call it. A constant is
what kernels and, through `KernelPack.constants`, weight packing must know of a target: panel widths, tile heights.
"""
from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar, cast, get_args, get_type_hints, overload

from llvmlite import ir
from numba import njit, types
from numba.core import typed_passes, untyped_passes
from numba.core.compiler import CompilerBase
from numba.core.compiler_machinery import PassManager
from numba.core.types import ExternalFunction
from numba.extending import intrinsic

from lite.kernels.target import Target
from lite.records import dataclass

__all__ = [
    "KERNELS",
    "MICROKERNELS",
    "Float",
    "Float32",
    "Int",
    "Kernel",
    "MicroKernel",
    "Pointer",
    "Target",
    "call",
    "constant",
    "entry",
    "f32",
    "f64",
    "i8",
    "i16",
    "i32",
    "i64",
    "kernel",
    "microkernel",
    "routine",
    "u8",
    "u16",
    "u32",
]

Pointer = Annotated[int, "pointer"]
Int = Annotated[int, "int"]
Float = Annotated[float, "float"]
Float32 = Annotated[float, "float32"]  # parameters of micro-kernels only

_NUMBA = {"pointer": types.int64, "int": types.int64, "float": types.float64, "float32": types.float32}
_LLVM = {"pointer": ir.IntType(64), "int": ir.IntType(64), "float": ir.DoubleType(), "float32": ir.FloatType()}
_UNITS = ("begin", "end", "scratch")

# a * b + c may become one fused operation; sums keep their order.
_FASTMATH = frozenset({"contract"})

Fastmath = frozenset[str]
Emit = Callable[..., "ir.Value | None"]
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Kernel:
    """A declared kernel. parameters: (name, "pointer" | "int" | "float") of those before begin, end, scratch.

    entry: the function takes the C ABI's four words as they are, so parameters is empty.
    """

    name: str
    function: Callable[..., None]
    parameters: tuple[tuple[str, str], ...]
    fastmath: Fastmath
    entry: bool = False

    @property
    def signature(self) -> Any:
        """The numba signature of the function."""
        words = (*(_NUMBA[kind] for _, kind in self.parameters), *(types.int64,) * (len(_UNITS) + self.entry))
        return types.void(*words)


@dataclass(frozen=True, slots=True)
class MicroKernel:
    """A declared micro-kernel. kinds: of its parameters. value: for a constant, its value on a target.

    home: the module that has it, for all others to call; "" where each that calls it has a copy to inline.
    """

    name: str
    kinds: tuple[str, ...]
    emit: Emit
    value: Callable[[Target], int] | None = None
    home: str = ""

    @property
    def type(self) -> ir.FunctionType:
        """The LLVM type: int64 of the parameters (numba's void would be a pointer)."""
        return ir.FunctionType(ir.IntType(64), [_LLVM[kind] for kind in self.kinds])


KERNELS: dict[str, Kernel] = {}
MICROKERNELS: dict[str, MicroKernel] = {}


@overload
def kernel(function: F) -> F: ...
@overload
def kernel(*, fastmath: Fastmath) -> Callable[[F], F]: ...
def kernel(function: F | None = None, *, fastmath: Fastmath = _FASTMATH) -> F | Callable[[F], F]:
    """Decorator: declares a kernel. fastmath: LLVM flags, e.g. frozenset({"contract", "reassoc", "nsz"})."""

    def declare(source: F) -> F:
        kinds = {name: get_args(hint)[1:] for name, hint in get_type_hints(source, include_extras=True).items()}
        names = tuple(inspect.signature(source).parameters)
        if names[-3:] != _UNITS:
            raise TypeError(f"kernel {source.__name__}: the last parameters must be {', '.join(_UNITS)}")
        if wrong := [name for name in names if kinds.get(name) not in (("pointer",), ("int",), ("float",))]:
            raise TypeError(f"kernel {source.__name__}: annotate {', '.join(wrong)} as Pointer, Int or Float")
        parameters = tuple((name, kinds[name][0]) for name in names[:-3])
        _register(KERNELS, source.__name__, Kernel(source.__name__, source, parameters, fastmath))
        return source

    return declare if function is None else declare(function)


def entry(function: F) -> F:
    """Decorator: declares a function of four words with the C ABI itself, e.g. the driver that walks the op table."""
    _register(KERNELS, function.__name__, Kernel(function.__name__, function, (), _FASTMATH, entry=True))
    return function


def routine(function: Callable[..., Any], fastmath: Fastmath = _FASTMATH) -> Any:
    """Decorator: a plain function that kernels and other routines call."""
    wrappers: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return njit(error_model="numpy", fastmath=set(fastmath), pipeline_class=_Compiler, **wrappers)(function)


class _Compiler(CompilerBase):
    """numba's, without what kernels do not need: closures, arrays, literal types, lifetimes, inlining before LLVM's."""

    def define_pipelines(self) -> list[PassManager]:
        passes = PassManager("kernels")
        for step in (
            untyped_passes.TranslateByteCode,
            untyped_passes.FixupArgs,
            untyped_passes.IRProcessing,
            untyped_passes.ReconstructSSA,
            typed_passes.NopythonTypeInference,
            typed_passes.PreLowerStripPhis,
            typed_passes.NativeLowering,
            typed_passes.NoPythonBackend,
        ):
            passes.add_pass(step, "")
        passes.finalize()
        return [passes]


def microkernel(name: str, parameters: Sequence[Any], emit: Emit, home: str = "") -> Any:
    """Declares a micro-kernel and returns what kernels call. parameters: Pointer, Int, Float or Float32 each.

    home: `__name__` of the module, where it is to be compiled once.
    """
    kinds = tuple(get_args(parameter)[1] for parameter in parameters)
    _register(MICROKERNELS, name, MicroKernel(name, kinds, emit, home=home))
    return ExternalFunction(name, types.int64(*(_NUMBA[kind] for kind in kinds)))


def constant(name: str, value: Callable[[Target], int]) -> Any:
    """Declares an integer that depends on the target and returns what kernels call, without arguments, to have it."""

    def emit(target: Target, builder: ir.IRBuilder) -> ir.Value:
        return ir.Constant(ir.IntType(64), value(target))

    _register(MICROKERNELS, name, MicroKernel(name, (), emit, value))
    return ExternalFunction(name, types.int64())


def call(builder: ir.IRBuilder, name: str, arguments: Sequence[ir.Value]) -> ir.Value:
    """Emits a call of micro-kernel `name` from within another; gives its int64 result."""
    declared = builder.module.globals.get(name) or ir.Function(builder.module, MICROKERNELS[name].type, name)
    return builder.call(declared, arguments)


def _register(table: dict[str, Any], name: str, entry: Any) -> None:
    if name in KERNELS or name in MICROKERNELS:
        raise ValueError(f"{name} is declared twice")
    table[name] = entry


def _elements(element: Any) -> Callable[[int], Any]:
    """The intrinsic that views an address as a pointer to elements of one type."""
    pointer = types.CPointer(element)

    def lower(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Sequence[ir.Value]) -> ir.Value:
        return builder.inttoptr(arguments[0], context.get_value_type(pointer))

    def view(context: Any, address: Any) -> Any:
        return pointer(types.int64), lower

    return cast("Callable[[int], Any]", intrinsic(view))


f32 = _elements(types.float32)
f64 = _elements(types.float64)
i8 = _elements(types.int8)
u8 = _elements(types.uint8)
i16 = _elements(types.int16)
u16 = _elements(types.uint16)
i32 = _elements(types.int32)
u32 = _elements(types.uint32)
i64 = _elements(types.int64)
