"""From declared kernels to a freestanding object file: with the kernel sources, all that meets numba and LLVM.

    kernels --numba, once--> target-neutral LLVM IR        lower()
    IR + wrappers + micro-kernels of a target --LLVM O3--> object file        assemble()

numba must leave its IR unoptimized and for no cpu in particular, which the environment variable NUMBA_OPT=0 tells it at
import: so this module runs in a process of its own, see lite.native.build. What numba compiles for the host besides is
thrown away. Its own function, `i32 symbol(result*, exception*, arguments...)`, is what the exported wrapper calls; the
Python-facing code around it is dropped, so nothing refers to the interpreter.
"""
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import llvmlite.binding as llvm
from llvmlite import ir
from numba import cfunc
from numba.core import config
from numba.core.errors import NumbaError

from lite.errors import KernelBuildError
from lite.kernels.declare import KERNELS, MICROKERNELS, Kernel, Target

_I64 = ir.IntType(64)
_UNITS = 3  # begin, end, scratch


@dataclass(frozen=True)
class Lowered:
    """A kernel in LLVM IR that fits any 64-bit target. symbol: numba's name of the function."""

    kernel: Kernel
    text: str
    symbol: str


def declared_in(module: str) -> tuple[Kernel, ...]:
    """The kernels a module declares, once it is imported."""
    return tuple(kernel for kernel in KERNELS.values() if kernel.function.__module__ == module)


def lower(kernels: Iterable[Kernel]) -> tuple[Lowered, ...]:
    """Compiles kernels to target-neutral IR. Raises KernelBuildError with numba's reason where one does not compile."""
    if config.OPT != 0:  # type: ignore[attr-defined]  # set from the environment
        raise KernelBuildError("numba was imported with optimization on: build packs with python -m lite.native.build")
    for name in MICROKERNELS:
        llvm.add_symbol(name, 1)  # never called; without an address numba's host code would not link
    lowered = []
    for kernel in kernels:
        try:
            compile_ = cfunc(kernel.signature, error_model="numpy", fastmath=set(kernel.fastmath))
            compiled = compile_(kernel.function)
        except NumbaError as error:
            raise KernelBuildError(f"kernel {kernel.name} does not compile: {error}") from error
        text = re.sub(r"(?m)^target (triple|datalayout).*$", "", compiled.inspect_llvm())
        text = re.sub(r"\bnoinline\b", "nounwind", text)
        lowered.append(Lowered(kernel, text, compiled.native_name.removeprefix("cfunc.")))
    return tuple(lowered)


def assemble(lowered: Iterable[Lowered], target: Target) -> bytes:
    """The ELF object of the kernels for `target`, exporting one wrapper a kernel and nothing else.

    Raises KernelBuildError where LLVM refuses the code.
    """
    lowered = tuple(lowered)
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple(target.triple).create_target_machine(
        cpu=target.cpu, features=target.features, opt=3, reloc="pic", codemodel="default"
    )
    try:
        module = llvm.parse_assembly(str(_wrappers(lowered)))
        for part in lowered:
            module.link_in(llvm.parse_assembly(part.text))
        needed = {function.name for function in module.functions if function.is_declaration} & MICROKERNELS.keys()
        module.link_in(llvm.parse_assembly(str(_microkernels(needed, target))))
        module.triple, module.data_layout = target.triple, str(machine.target_data)
        _hide_all_but(module, {part.kernel.name for part in lowered})
        options = llvm.create_pipeline_tuning_options(speed_level=3)
        options.loop_vectorization = options.slp_vectorization = True
        builder = llvm.create_pass_builder(machine, options)
        builder.getModulePassManager().run(module, builder)
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


def _microkernels(needed: set[str], target: Target) -> ir.Module:
    """The named micro-kernels for `target`, and those that they call."""
    module = ir.Module("microkernels")
    while needed:
        for name in sorted(needed):
            micro = MICROKERNELS[name]
            function = module.globals.get(name) or ir.Function(module, micro.type, name)
            function.attributes.add("nounwind")
            builder = ir.IRBuilder(function.append_basic_block())
            try:
                result = micro.emit(target, builder, *function.args)
            except Exception as error:
                raise KernelBuildError(f"micro-kernel {name} cannot be emitted for {target.name}: {error!r}") from error
            builder.ret(_I64(0) if result is None else result)
        needed = {function.name for function in module.functions if function.is_declaration} & MICROKERNELS.keys()
    return module


def _hide_all_but(module: llvm.ModuleRef, exported: set[str]) -> None:
    """Makes every definition internal, so that LLVM inlines or drops it, except the exported ones."""
    for value in (*module.functions, *module.global_variables):
        if not value.is_declaration and value.name not in exported:
            value.linkage = "internal"
