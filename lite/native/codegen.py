"""From declared kernels to a freestanding object file: with the kernel sources, all that meets numba and LLVM.

    kernels --numba, once--> target-neutral LLVM IR        lower()
    IR + wrappers + micro-kernels of a target --LLVM--> object file        assemble()

What numba would do with its IR, optimize it and compile it for this host, takes as long as typing and is left out; the
environment variable NUMBA_OPT=0, read at import, does so for what it compiles for itself. That changes numba for the
whole process: so this module runs in one of its own, see lite.native.build. numba's own function, `i32 symbol(result*,
exception*, arguments...)`, is what the exported wrapper calls; it comes without the Python-facing code around it, so
nothing refers to the interpreter.

A module of kernels becomes one object. Large micro-kernels that kernels of many modules call are in one object only.
Large ones are called, not inlined, and emitted much as they should be: LLVM optimizes each by itself only.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba.core import config, types
from numba.core.codegen import JITCodeLibrary, JITCPUCodegen
from numba.core.errors import NumbaError
from numba.core.registry import cpu_target

from lite.errors import KernelBuildError
from lite.kernels.declare import KERNELS, MICROKERNELS, Kernel, Target, routine

_I64 = ir.IntType(64)
_UNITS = 3  # begin, end, scratch
_LARGE = 800  # instructions; LLVM would not inline more either


@dataclass(frozen=True)
class Lowered:
    """A kernel in LLVM IR that fits any 64-bit target.

    symbol: numba's name of the function. texts: modules with it and the routines that it calls.
    """

    kernel: Kernel
    symbol: str
    texts: tuple[str, ...]


def declared_in(module: str) -> tuple[Kernel, ...]:
    """The kernels a module declares, once it is imported."""
    return tuple(kernel for kernel in KERNELS.values() if kernel.function.__module__ == module)


def lower(kernels: Iterable[Kernel]) -> tuple[Lowered, ...]:
    """Compiles kernels to target-neutral IR. Raises KernelBuildError with numba's reason where one does not compile."""
    if config.OPT != 0:  # type: ignore[attr-defined]  # set from the environment
        raise KernelBuildError("numba was imported with optimization on: build packs with python -m lite.native.build")
    prepare()
    lowered = []
    for kernel in kernels:
        try:
            compiled = routine(kernel.function, kernel.fastmath).get_compile_result(kernel.signature)
        except NumbaError as error:
            raise KernelBuildError(f"kernel {kernel.name} does not compile: {error}") from error
        libraries: dict[_Library, None] = {}
        compiled.library.collect(libraries)
        texts = tuple(text for library in libraries for text in library.texts)
        lowered.append(Lowered(kernel, compiled.fndesc.llvm_func_name, texts))
    return tuple(lowered)


class _Library(JITCodeLibrary):
    """A function as numba gives it to LLVM: its text is kept, and nothing is compiled for the host."""

    def __init__(self, codegen: JITCPUCodegen, name: str) -> None:
        super().__init__(codegen, name)
        self.texts: list[str] = []
        self._called: list[_Library] = []

    def add_ir_module(self, ir_module: ir.Module) -> None:
        if ir_module.name != "cfunc_wrapper":  # of what numba itself has in Python, such as min
            self.texts.append(re.sub(r"(?m)^target (triple|datalayout).*$", "", str(ir_module)))

    def add_linking_library(self, library: JITCodeLibrary) -> None:
        if isinstance(library, _Library):  # numba's runtime is none: kernels allocate nothing
            self._called.append(library)

    def finalize(self) -> None:
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        return 0

    def collect(self, libraries: dict[_Library, None]) -> None:
        """Adds itself and all that it calls, in a fixed order."""
        if self not in libraries:
            libraries[self] = None
            for library in self._called:
                library.collect(libraries)


class _Codegen(JITCPUCodegen):
    """numba's code generator with such libraries."""

    _library_class = _Library

    def set_env(self, env_name: str, env: object) -> None:
        """Functions that are not compiled have no place for their environment."""


def prepare() -> None:
    """Has numba stop where it would compile for the host, and type an operator or a routine on the same types once."""
    context = cpu_target.target_context
    if not isinstance(context.codegen(), _Codegen):
        context.refresh()  # compiles numba's runtime, which its own library must do
        context._internal_codegen = _Codegen("kernels")
        typing = cpu_target.typing_context
        typing.resolve_function_type = _once(typing.resolve_function_type)


def _once(resolve: Callable[..., Any]) -> Callable[..., Any]:
    """resolve(function, argument types, keywords), which gives a signature, with a memory for numba's own functions.

    A routine that is given a literal is the one for its type: LLVM finds out where the number matters.
    """
    known: dict[Any, Any] = {}

    def remembered(function: Any, arguments: Sequence[Any], keywords: Any) -> Any:
        if isinstance(function, types.Dispatcher):
            arguments = [types.unliteral(argument) for argument in arguments]
        if keywords or not isinstance(function, types.Function):
            return resolve(function, arguments, keywords)
        key = (function, tuple(arguments))
        signature = known.get(key)
        if signature is None:
            signature = known[key] = resolve(function, arguments, keywords)
        return signature

    return remembered


def assemble(lowered: Iterable[Lowered], target: Target, home: str = "") -> bytes:
    """The ELF object for `target` of the kernels of the module `home`, and of the micro-kernels that have it as home.

    It exports one wrapper a kernel, and to the other objects of a pack these micro-kernels; b"" where there are none of
    either. Raises KernelBuildError where LLVM refuses the code.
    """
    lowered = tuple(lowered)
    at_home = {name for name, micro in MICROKERNELS.items() if micro.home and micro.home == home}
    if not lowered and not at_home:
        return b""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple(target.triple).create_target_machine(
        cpu=target.cpu, features=target.features, opt=3, reloc="pic", codemodel="default"
    )
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = options.slp_vectorization = True
    passes = llvm.create_pass_builder(machine, options)
    exported = {part.kernel.name for part in lowered}
    try:
        module = llvm.parse_assembly(str(_wrappers(lowered)))
        for text in dict.fromkeys(text for part in lowered for text in part.texts):
            module.link_in(llvm.parse_assembly(text))
        large = []
        for micro in _microkernels(_to_inline(module) | at_home, target):
            parsed = llvm.parse_assembly(str(micro))
            if _instructions(micro) > _LARGE:
                large.append(parsed)
            else:
                module.link_in(parsed)
        for part in (module, *large):
            part.triple, part.data_layout = target.triple, str(machine.target_data)
        _hide_all_but(module, exported, at_home)
        passes.getModulePassManager().run(module, passes)
        for part in large:
            for function in part.functions:
                if not function.is_declaration:
                    passes.getFunctionPassManager().run(function, passes)
            module.link_in(part)
        _hide_all_but(module, exported, at_home)
        return bytes(machine.emit_object(module))
    except RuntimeError as error:  # llvmlite's only error
        raise KernelBuildError(f"LLVM refuses the kernels for {target.name}: {error}") from error


def constants(module: str, target: Target) -> dict[str, int]:
    """What the constants that a module declares are on `target`."""
    declared = ((name, micro.value) for name, micro in sorted(MICROKERNELS.items()))
    return {name: value(target) for name, value in declared if value is not None and value.__module__ == module}


def _wrappers(lowered: Iterable[Lowered]) -> ir.Module:
    """`int64 name(const int64 *args, int64 begin, int64 end, int64 scratch)` for every kernel."""
    module = ir.Module("wrappers")
    types = {"pointer": _I64, "int": _I64, "float": ir.DoubleType()}
    opaque = ir.IntType(8).as_pointer()
    for part in lowered:
        kernel = part.kernel
        wrapper = ir.Function(module, ir.FunctionType(_I64, [_I64] * (1 + _UNITS)), kernel.name)
        builder = ir.IRBuilder(wrapper.append_basic_block())
        block, *units = wrapper.args
        arguments = [block] if kernel.entry else []
        if kernel.parameters:
            words = builder.inttoptr(block, _I64.as_pointer())
            for index, (_, kind) in enumerate(kernel.parameters):
                word = builder.load(builder.gep(words, [_I64(index)]))
                arguments.append(builder.bitcast(word, types[kind]))
        arguments += units
        result, exception = builder.alloca(opaque), builder.alloca(opaque)
        signature = [result.type, exception.type, *(argument.type for argument in arguments)]
        function = ir.Function(module, ir.FunctionType(ir.IntType(32), signature), part.symbol)
        builder.call(function, [result, exception, *arguments])
        builder.ret(_I64(0))
    return module


def _microkernels(needed: set[str], target: Target) -> Iterator[ir.Module]:
    """The named micro-kernels for `target`, and those that they call, each in a module of its own."""
    emitted: set[str] = set()
    while needed:
        called: set[str] = set()
        for name in sorted(needed):
            module, micro = ir.Module(name), MICROKERNELS[name]
            function = ir.Function(module, micro.type, name)
            function.attributes.add("nounwind")
            builder = ir.IRBuilder(function.append_basic_block())
            try:
                result = micro.emit(target, builder, *function.args)
            except Exception as error:
                raise KernelBuildError(f"micro-kernel {name} cannot be emitted for {target.name}: {error!r}") from error
            builder.ret(_I64(0) if result is None else result)
            called |= _to_inline(module)
            yield module
        emitted |= needed
        needed = called - emitted


def _instructions(module: ir.Module) -> int:
    return sum(len(block.instructions) for function in module.functions for block in function.blocks)


def _to_inline(module: llvm.ModuleRef | ir.Module) -> set[str]:
    """The micro-kernels that a module calls, does not have and should."""
    declared = {function.name for function in module.functions if function.is_declaration}
    return {name for name in declared & MICROKERNELS.keys() if not MICROKERNELS[name].home}


def _hide_all_but(module: llvm.ModuleRef, exported: set[str], at_home: set[str]) -> None:
    """Makes every definition internal, so that LLVM inlines or drops it, except the exported ones.

    What objects of a pack have for each other is hidden from others.
    """
    for value in (*module.functions, *module.global_variables):
        if value.name in MICROKERNELS and (value.is_declaration or value.name in at_home):
            value.visibility = "hidden"
        elif not value.is_declaration and value.name not in exported:
            value.linkage = "internal"
