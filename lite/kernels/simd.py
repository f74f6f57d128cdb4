"""The explicit-vector layer: a micro-kernel is written once and emitted as LLVM IR for any described target.

    @micro("axpy_f32", Pointer, Pointer, Int, Float32)
    def axpy_f32(s: Simd, x: Value, y: Value, n: Value, a: Value) -> None:
        scale = s.splat(a)

        def body(i: Value, lanes: Value | None) -> None:
            s.store(s.fma(s.load(x + 4 * i, lanes), scale, s.load(y + 4 * i, lanes)), y + 4 * i, lanes)

        s.span(n, body)

- A Value is an SSA value with operators: i64 for integers and addresses (in bytes), float, or a vector of
  `target.lanes` floats or int32. Python numbers become constants of the other operand's type.
- `loop` keeps what it carries in phis, that is in registers: an accumulator never touches memory.
- `span` walks n elements in whole vectors and then once with `lanes` = the number of elements left (None before): loads
  and stores given `lanes` touch only that many elements, so nothing outside [0, n) is read or written. `cover` is half
  the code, where there is a whole vector and it does no harm to compute an element twice.
- There are no fast-math flags and every order of additions is fixed: one source, one result. Where the target has no
  fused multiply-add, `fma` rounds twice. Comparisons are ordered; what that makes of NaN is said at `max` and `min`.
- Nothing may become a library call: no llvm.rint, floor, exp (libm on some target); `round` adds and subtracts 2^23.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir

from lite.kernels.declare import Target, microkernel
from lite.kernels.value import F32, I8, I32, I64, Operand, Value, constant, integers

__all__ = ["Combine", "Simd", "micro"]

Combine = Callable[[Value, Value], Value]
Body = Callable[..., tuple[Value, ...] | None]  # takes what is carried, gives what is carried next


class Simd:
    """Emits into one function for one target. Vectors have `lanes` elements of 4 bytes."""

    def __init__(self, target: Target, builder: ir.IRBuilder) -> None:
        self.target = target
        self.builder = builder
        self.lanes = target.lanes
        self.vector_bytes = target.vector_bytes

    # Constants and conversions

    def constant(self, value: int) -> Value:
        """An i64 constant."""
        return Value(self.builder, ir.Constant(I64, value))

    def constants(self, element: ir.IntType, numbers: tuple[int, ...]) -> Value:
        """A vector of constant integers."""
        return Value(self.builder, integers(element, numbers))

    def splat(self, x: Operand, count: int = 0) -> Value:
        """A vector with x in every element. A Python number and a double become float32.

        count: of elements, where these are not `lanes`.
        """
        count = count or self.lanes
        if not isinstance(x, Value):
            return Value(self.builder, constant(ir.VectorType(F32, count), x))
        scalar = self.builder.fptrunc(x.ir, F32) if x.ir.type == ir.DoubleType() else x.ir
        kind = ir.VectorType(scalar.type, count)
        first = self.builder.insert_element(ir.Constant(kind, ir.Undefined), scalar, ir.Constant(I32, 0))
        zeros = integers(I32, (0,) * count)
        return Value(self.builder, self.builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), zeros))

    def bits(self, x: Value) -> Value:
        """The int32 vector with the bits of a float vector."""
        return x.bitcast(ir.VectorType(I32, self.lanes))

    def from_bits(self, x: Value) -> Value:
        """The float vector with the bits of an int32 vector."""
        return x.bitcast(ir.VectorType(F32, self.lanes))

    def to_float(self, x: Value) -> Value:
        """An int32 vector converted to float; an i64 number converted to a float in every lane."""
        if x.ir.type == I64:
            return self.splat(Value(self.builder, self.builder.sitofp(x.ir, F32)))
        return Value(self.builder, self.builder.sitofp(x.ir, ir.VectorType(F32, self.lanes)))

    # Memory

    def _pointer(self, address: Value, kind: ir.Type) -> ir.Value:
        return self.builder.inttoptr(address.ir, kind.as_pointer())

    def load_as(self, kind: ir.Type, address: Value, align: int = 1) -> Value:
        """The value of any type at an address that is a multiple of `align`."""
        return Value(self.builder, self.builder.load(self._pointer(address, kind), align=align))

    def store_as(self, x: Value, address: Value, align: int = 1) -> None:
        """Writes a value of any type to an address that is a multiple of `align`."""
        self.builder.store(x.ir, self._pointer(address, x.ir.type), align=align)

    def store_first(self, x: Value, address: Value, lanes: Value) -> None:
        """Writes the first `lanes` elements of a vector of any type to an address of any alignment."""
        element, count = x.ir.type.element, x.ir.type.count
        name = f"llvm.masked.store.v{count}{'f32' if element == F32 else f'i{element.width}'}.p0"
        arguments = [self._pointer(address, x.ir.type), ir.Constant(I32, 1), self.mask(lanes, count).ir]
        self.intrinsic(name, ir.VoidType(), [x.ir, *arguments])

    def load(self, address: Value, lanes: Value | None = None, fill: float = 0.0) -> Value:
        """The float vector at an address, of any alignment; with `lanes`, the others hold `fill` and are not read."""
        kind = ir.VectorType(F32, self.lanes)
        if lanes is None:
            return self.load_as(kind, address)
        arguments = [self._pointer(address, kind), ir.Constant(I32, 1), self.mask(lanes).ir, constant(kind, fill)]
        return Value(self.builder, self.intrinsic(f"llvm.masked.load.v{self.lanes}f32.p0", kind, arguments))

    def store(self, x: Value, address: Value, lanes: Value | None = None) -> None:
        """Writes a float vector, or its first `lanes` elements, to an address of any alignment."""
        if lanes is None:
            self.store_as(x, address)
        else:
            self.store_first(x, address, lanes)

    def store_part(self, x: Value, first: int, count: int, address: Value) -> None:
        """Writes `count` elements of a float vector from element `first` on to an address of any alignment."""
        self.store_as(self.shuffle(x, x, range(first, first + count)), address)

    def memory(self, vectors: int) -> Value:
        """The address of room for as many vectors, on the stack."""
        with self.builder.goto_entry_block():
            room = self.builder.alloca(ir.ArrayType(ir.VectorType(F32, self.lanes), vectors))
        room.align = 16  # a stack is: more would take a register
        return Value(self.builder, self.builder.ptrtoint(room, I64))

    def broadcast(self, address: Value) -> Value:
        """The float at an address, in every lane."""
        return self.splat(self.load_as(F32, address, align=4))

    def load_int(self, address: Value) -> Value:
        """The int64 at an address that is a multiple of 8."""
        return self.load_as(I64, address, align=8)

    def prefetch(self, address: Value) -> None:
        """Asks for the cache line at an address that need not exist."""
        arguments = [self._pointer(address, I8), *(ir.Constant(I32, k) for k in (0, 3, 1))]
        self.intrinsic("llvm.prefetch.p0", ir.VoidType(), arguments)

    def mask(self, lanes: Value, count: int = 0) -> Value:
        """True in the first `lanes` elements. count: of elements, where these are not `lanes` of the target."""
        return self.constants(I32, tuple(range(count or self.lanes))) < self.splat(lanes.truncated(I32), count)

    def keep(self, x: Value, lanes: Value, other: Value) -> Value:
        """x in the first `lanes` lanes, other in the rest."""
        return self.select(self.mask(lanes), x, other)

    def everywhere(self, condition: Value) -> Value:
        """A condition on numbers as one on every lane."""
        return self.splat(condition)

    # Arithmetic

    def fma(self, a: Value, b: Value, c: Value | float) -> Value:
        """a * b + c: rounded once where the target can, else twice."""
        addend = a.like(c)
        if not self.target.fma:
            return a * b + addend
        suffix = f"v{self.lanes}f32" if isinstance(a.ir.type, ir.VectorType) else "f32"
        return self.call(f"llvm.fma.{suffix}", a.ir.type, a, b, addend)

    def select(self, condition: Value, yes: Value, no: Value | float) -> Value:
        """yes where the condition holds, else no."""
        return Value(self.builder, self.builder.select(condition.ir, yes.ir, yes.like(no).ir))

    def max(self, x: Value, bound: Value | float) -> Value:
        """The larger; x where either is NaN (so a NaN in x survives a constant bound)."""
        limit = x.like(bound)
        return self.select(limit > x, limit, x)

    def min(self, x: Value, bound: Value | float) -> Value:
        """The smaller; x where either is NaN."""
        limit = x.like(bound)
        return self.select(limit < x, limit, x)

    def max_nan(self, a: Value, b: Value) -> Value:
        """The larger; NaN where either is NaN."""
        return self.select(a.is_nan(), a, self.max(b, a))

    def min_nan(self, a: Value, b: Value) -> Value:
        """The smaller; NaN where either is NaN."""
        return self.select(a.is_nan(), a, self.min(b, a))

    def sqrt(self, x: Value) -> Value:
        """The correctly rounded square root."""
        return self.call(f"llvm.sqrt.v{self.lanes}f32", x.ir.type, x)

    def abs(self, x: Value) -> Value:
        """x without its sign."""
        return self.from_bits(self.bits(x) & 0x7FFFFFFF)

    def copysign(self, magnitude: Value, sign: Value) -> Value:
        """A non-negative magnitude with the sign of another vector."""
        return self.from_bits(self.bits(magnitude) | (self.bits(sign) & -0x80000000))

    def round(self, x: Value) -> Value:
        """To the nearest integer, halves to the even one; keeps NaN, infinities and the sign of zero."""
        size = self.abs(x)
        integer = self.select(size < 8388608.0, (size + 8388608.0) - 8388608.0, size)
        return self.copysign(integer, x)

    def polynomial(self, x: Value, *coefficients: float) -> Value:
        """Horner's scheme, the highest power first."""
        y = self.splat(coefficients[0])
        for c in coefficients[1:]:
            y = self.fma(y, x, c)
        return y

    def across(self, x: Value, combine: Combine) -> Value:
        """All lanes combined, in every lane: halves, quarters, ... , neighbors."""
        distance = self.lanes // 2
        while distance:
            x = combine(x, self.shuffle(x, x, [lane ^ distance for lane in range(self.lanes)]))
            distance //= 2
        return x

    def transpose(self, rows: Sequence[Value]) -> list[Value]:
        """The columns of a square of row vectors; each round exchanges blocks of half the size across the diagonal.

        Fewer rows than lanes, a power of two, are squares side by side, each transposed in its place.
        """
        columns = list(rows)
        distance = len(columns) // 2
        while distance:
            low = [lane if not lane & distance else self.lanes + lane - distance for lane in range(self.lanes)]
            high = [lane + distance if not lane & distance else self.lanes + lane for lane in range(self.lanes)]
            for r in range(len(columns)):
                if not r & distance:
                    a, b = columns[r], columns[r + distance]
                    columns[r], columns[r + distance] = self.shuffle(a, b, low), self.shuffle(a, b, high)
            distance //= 2
        return columns

    def interleave(self, planes: Sequence[Value]) -> list[Value]:
        """As many vectors: the first elements of all planes, then the second ones, and so on.

        Planes are joined in pairs as long as their number is even, so that fewer and broader units remain.
        """
        streams, unit = [[plane] for plane in planes], 1  # vectors of units that stay together
        while len(streams) > 1:
            group = 2 if len(streams) % 2 == 0 else len(streams)
            streams = [self._zip(streams[i : i + group], unit) for i in range(0, len(streams), group)]
            unit *= group
        return streams[0]

    def _zip(self, streams: Sequence[list[Value]], unit: int) -> list[Value]:
        """One stream: the first `unit` elements of each stream, then the second ones, and so on."""
        joined = []
        for vector in range(len(streams) * len(streams[0])):
            places = []  # of each lane: the vector it comes from, and its lane there
            for element in range(vector * self.lanes, (vector + 1) * self.lanes):
                turn, stream = divmod(element // unit, len(streams))
                number, lane = divmod(turn * unit + element % unit, self.lanes)
                places.append((streams[stream][number], lane))
            filled, *others = dict.fromkeys(source for source, _ in places)
            order = [lane for _, lane in places]
            for other in others:
                moved = [self.lanes + lane if source is other else None for source, lane in places]
                order = [at if lane is None else lane for at, lane in zip(order, moved, strict=True)]
                filled, order = self.shuffle(filled, other, order), list(range(self.lanes))
            joined.append(filled)
        return joined

    # Control

    def loop(
        self, stop: Value, body: Body, *carried: Value, start: Value | int = 0, step: int = 1
    ) -> tuple[Value, ...]:
        """for i in range(start, stop, step): carried = body(i, *carried); gives what was carried last."""
        b = self.builder
        first = stop.like(start)
        before, head, done = b.block, b.append_basic_block("loop"), b.append_basic_block("done")
        b.cbranch((first < stop).ir, head, done)
        b.position_at_end(head)
        phis = [b.phi(value.ir.type) for value in (first, *carried)]
        for phi, value in zip(phis, (first, *carried), strict=True):
            phi.add_incoming(value.ir, before)
        i, *now = (Value(self.builder, phi) for phi in phis)
        result = body(i, *now) or ()
        following = i + step
        end = b.block
        for phi, value in zip(phis, (following, *result), strict=True):
            phi.add_incoming(value.ir, end)
        b.cbranch((following < stop).ir, head, done)
        b.position_at_end(done)
        return tuple(self._merge([(value, before), (new, end)]) for value, new in zip(carried, result, strict=True))

    def either(self, condition: Value, yes: Callable[[], object], no: Callable[[], object]) -> None:
        """Runs one of two bodies."""
        with self.builder.if_else(condition.ir) as (then, otherwise):
            with then:
                yes()
            with otherwise:
                no()

    def switch(self, selector: Value, cases: Sequence[Callable[[], object]], first: int = 0) -> None:
        """Runs cases[selector - first]; nothing where there is none."""
        b = self.builder
        done = b.append_basic_block("done")
        choice = b.switch(selector.ir, done)
        for number, case in enumerate(cases, first):
            block = b.append_basic_block("case")
            choice.add_case(ir.Constant(I64, number), block)
            b.position_at_end(block)
            case()
            b.branch(done)
        b.position_at_end(done)

    def span(self, n: Value, body: Body, *carried: Value) -> tuple[Value, ...]:
        """body(i, lanes, *carried) for each vector of n elements from element i on; lanes: see the module's text."""

        def one(i: Value, vectors: int, lanes: Value | None, *now: Value) -> tuple[Value, ...] | None:
            return body(i, lanes, *now)

        return self.blocks(n, 1, one, *carried)

    def cover(self, n: Value, body: Callable[[Value], object]) -> None:
        """body(i) for vectors that cover n >= `lanes` elements: the last may overlap the one before it."""
        last = n - self.lanes

        def one(i: Value) -> None:
            body(self.select(i < last, i, last))

        self.loop(n, one, step=self.lanes)

    def blocks(self, n: Value, vectors: int, body: Body, *carried: Value) -> tuple[Value, ...]:
        """body(i, k, lanes, *carried) for k vectors from element i: `vectors` of them while they last, 1, the tail."""
        start: Value | int = 0
        for k in sorted({vectors, 1}, reverse=True):
            width = k * self.lanes

            def whole(i: Value, *now: Value, k: int = k) -> tuple[Value, ...] | None:
                return body(i, k, None, *now)

            carried = self.loop(n & -width, whole, *carried, start=start, step=width)
            start = n & -width

        done_so_far = n & -self.lanes
        before = self.builder.block
        tail, done = self.builder.append_basic_block("tail"), self.builder.append_basic_block("done")
        self.builder.cbranch((done_so_far < n).ir, tail, done)
        self.builder.position_at_end(tail)
        last = body(done_so_far, 1, n - done_so_far, *carried) or ()
        end = self.builder.block
        self.builder.branch(done)
        self.builder.position_at_end(done)
        return tuple(self._merge([(value, before), (new, end)]) for value, new in zip(carried, last, strict=True))

    def reduce(self, n: Value, term: Callable[[Value, Value | None], Value], combine: Combine, start: Value) -> Value:
        """combine of start and term(i, lanes) over the vectors of n elements, in every lane, in a fixed order.

        start, and term in the lanes beyond the last element, must be what leaves combine's other operand as it is.
        """
        streams = 4  # enough to hide the latency of an addition

        def block(i: Value, vectors: int, lanes: Value | None, *totals: Value) -> tuple[Value, ...]:
            new = [combine(totals[v], term(i + v * self.lanes, lanes)) for v in range(vectors)]
            return *new, *totals[vectors:]

        a, b, c, d = self.blocks(n, streams, block, *[start] * streams)
        return self.across(combine(combine(a, b), combine(c, d)), combine)

    def shuffle(self, a: Value, b: Value, order: Sequence[int]) -> Value:
        """Lane i is lane order[i] of a followed by b; as many lanes as there are numbers."""
        return Value(self.builder, self.builder.shuffle_vector(a.ir, b.ir, integers(I32, tuple(order))))

    def _merge(self, incoming: Sequence[tuple[Value, ir.Block]]) -> Value:
        phi = self.builder.phi(incoming[0][0].ir.type)
        for value, block in incoming:
            phi.add_incoming(value.ir, block)
        return Value(self.builder, phi)

    def call(self, name: str, result: ir.Type, *arguments: Value) -> Value:
        """Calls an LLVM intrinsic, which gives a value of type `result`."""
        return Value(self.builder, self.intrinsic(name, result, [argument.ir for argument in arguments]))

    def intrinsic(self, name: str, result: ir.Type, arguments: Sequence[ir.Value]) -> ir.Value:
        """Calls an LLVM intrinsic on arguments that need not be Values."""
        functions = self.builder.module.globals
        kind = ir.FunctionType(result, [argument.type for argument in arguments])
        return self.builder.call(functions.get(name) or ir.Function(self.builder.module, kind, name), arguments)


def micro(name: str, *parameters: Any, home: str = "") -> Callable[[Callable[..., None]], Any]:
    """Decorator: declares the micro-kernel `name` whose body is emitted by `generate(simd, *parameters)`.

    home: see `microkernel`.
    """

    def declare(generate: Callable[..., None]) -> Any:
        def emit(target: Target, builder: ir.IRBuilder, *arguments: ir.Value) -> None:
            simd = Simd(target, builder)
            generate(simd, *(Value(builder, argument) for argument in arguments))

        return microkernel(name, parameters, emit, home)

    return declare
