"""Layers that were exported step by step: what rolls up, and what does not."""
from __future__ import annotations

from collections.abc import Callable, Sequence

from converter.passes.fuse_recurrent import fuse_recurrent
from tests.converter.passes.case import PassCase

_STEPS, _HIDDEN = 3, 5
_MASK = "; ".join((
    "input %n: int32[2]",
    "%n1 = Cast(%n, 43)",
    "%n2 = BroadcastTo(%n1, [5, -1]) {shape=[5, -1]}",
    "%n3 = Cast(%n2, 34)",
    "%n4 = Transpose(%n3, [1, 0])",
))  # fmt: skip


def _gru(t: int) -> list[str]:
    return [
        *_linear(t, "i", "x"),
        *_linear(t, "j", "h"),
        f"%i0_{t}, %i1_{t}, %i2_{t} = Split(%ib{t}) {{output_num=3, axis=1}}",
        f"%j0_{t}, %j1_{t}, %j2_{t} = Split(%jb{t}) {{output_num=3, axis=1}}",
        f"%r1_{t} = AddFusion(%i0_{t}, %j0_{t})",
        f"%r{t} = Activation(%r1_{t}) {{activation_type=SIGMOID}}",
        f"%g1_{t} = MulFusion(%r{t}, %j2_{t})",
        f"%g2_{t} = AddFusion(%i2_{t}, %g1_{t})",
        f"%g{t} = Activation(%g2_{t}) {{activation_type=TANH}}",
        f"%z1_{t} = AddFusion(%j1_{t}, %i1_{t})",
        f"%z{t} = Activation(%z1_{t}) {{activation_type=SIGMOID}}",
        f"%d{t} = SubFusion(%h{t}, %g{t})",
        f"%e{t} = MulFusion(%z{t}, %d{t})",
        f"%new{t} = AddFusion(%g{t}, %e{t})",
    ]


def _rnn(t: int) -> list[str]:
    return [
        *_linear(t, "i", "x"),
        *_linear(t, "j", "h"),
        f"%s{t} = AddFusion(%ib{t}, %jb{t})",
        f"%new{t} = Activation(%s{t}) {{activation_type=TANH}}",
    ]


def _lstm(t: int) -> list[str]:
    return [
        f"%i{t} = MatMulFusion(%x{t}, %wx) {{transpose_b=true}}",
        f"%j{t} = MatMulFusion(%h{t}, %wh) {{transpose_b=true}}",
        f"%s{t} = AddFusion(%i{t}, %j{t})",
        f"%u{t} = AddFusion(%s{t}, %bx)",
        f"%v{t} = AddFusion(%u{t}, %bh)",
        f"%i0_{t}, %i1_{t}, %i2_{t}, %i3_{t} = Split(%v{t}) {{output_num=4, axis=1}}",
        f"%enter{t} = Activation(%i0_{t}) {{activation_type=SIGMOID}}",
        f"%forget{t} = Activation(%i1_{t}) {{activation_type=SIGMOID}}",
        f"%cell{t} = Activation(%i2_{t}) {{activation_type=TANH}}",
        f"%open{t} = Activation(%i3_{t}) {{activation_type=SIGMOID}}",
        f"%kept{t} = MulFusion(%forget{t}, %c{t})",
        f"%added{t} = MulFusion(%enter{t}, %cell{t})",
        f"%c{t + 1} = AddFusion(%kept{t}, %added{t})",
        f"%shown{t} = Activation(%c{t + 1}) {{activation_type=TANH}}",
        f"%new{t} = MulFusion(%open{t}, %shown{t})",
    ]


def _kept(t: int) -> list[str]:
    """The same, where what a step reads is not the c of the one before, but what lengths choose."""
    return [line.replace(f"%c{t})", f"%k{t})") for line in _lstm(t)]


def _linear(t: int, name: str, x: str) -> list[str]:
    w = "wx" if x == "x" else "wh"
    b = "bx" if x == "x" else "bh"
    product = f"%{name}{t} = MatMulFusion(%{x}{t}, %{w}) {{transpose_b=true}}"
    return [product, f"%{name}b{t} = AddFusion(%{name}{t}, %{b})"]


def _head(gates: int, *more: str) -> list[str]:
    rows = gates * _HIDDEN
    shapes = {"wx": f"{rows},4", "wh": f"{rows},{_HIDDEN}", "bx": rows, "bh": rows}
    consts = [f"const %{name}: float32[{shape}] = seed {i}" for i, (name, shape) in enumerate(shapes.items())]
    return ["input %x: float32[3,2,4]", "input %h0: float32[2,5]", *more, *consts]


def _unrolled(
    head: Sequence[str],
    cell: Callable[[int], list[str]],
    *end: str,
    order: Sequence[int] = range(_STEPS),
    state: str = "",
) -> str:
    """The steps, then the last lines. state: what makes a step's new state the one that the next reads, if anything."""
    lines = list(head)
    for t, index in enumerate(order):
        lines += [f"%x{t} = StridedSlice(%x, [{index}], [{index + 1}], [1]) {{shrink_axis_mask=1}}", *cell(t)]
        lines += [state.format(t=t, u=t + 1)] if state else []
    text = "; ".join([*lines, *end])
    return text if state else _named(text)


def _rolled(gates: int, op: str) -> str:
    return "; ".join([*_head(gates), f"%y, %h3 = {op}(%x, %h0, %wx, %wh, %bx, %bh)", "output %y, %h3"])


def _named(text: str) -> str:
    """The new state of a step is the state of the next."""
    for t in range(_STEPS):
        text = text.replace(f"%new{t}", f"%h{t + 1}")
    return text


_STACK = ("%y = Stack(%h1, %h2, %h3)", "output %y, %h3")
_SELECTS = (
    "%m{t} = Greater(%n4, {t}); %h{u} = Select(%m{t}, %new{t}, %h{t}); %o{t} = Select(%m{t}, %new{t}, %zero)"
)  # fmt: skip
_ZERO = "const %zero: float32[2,5] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]"
_KEPT = "; %k{u} = Select(%m{t}, %c{u}, %k{t})"
_SHORT = [*_head(4, _MASK, "input %k0: float32[2,5]"), _ZERO]

CASES = [
    PassCase("GRU", fuse_recurrent, _unrolled(_head(3), _gru, *_STACK), _rolled(3, "GRULayer")),
    PassCase("RNN", fuse_recurrent, _unrolled(_head(1), _rnn, *_STACK), _rolled(1, "RNNLayer")),
    PassCase(
        "backwards, stacked backwards along the second axis, and one read alone",
        fuse_recurrent,
        _unrolled(_head(3), _gru, "%y = Stack(%h3, %h2, %h1) {axis=1}", "output %y, %h2", order=(2, 1, 0)),
        "; ".join(
            [
                *_head(3),
                "%r = ReverseV2(%x) {axis=[0]}; %a, %b = GRULayer(%r, %h0, %wx, %wh, %bx, %bh)",
                "%c = ReverseV2(%a) {axis=[0]}; %y = Transpose(%c, [1, 0, 2])",
                "%h2 = StridedSlice(%a, [1], [2], [1]) {shrink_axis_mask=1}; output %y, %h2",
            ]
        ),
    ),
    PassCase(
        "lengths",
        fuse_recurrent,
        _unrolled([*_head(3, _MASK), _ZERO], _gru, "%y = Stack(%o0, %o1, %o2)", "output %y, %h3", state=_SELECTS),
        "; ".join(
            [*_head(3, "input %n: int32[2]"), "%y, %h3 = GRULayer(%x, %h0, %wx, %wh, %bx, %bh, %n); output %y, %h3"]
        ),
    ),
    PassCase(
        "a state between steps that lengths would hide",
        fuse_recurrent,
        _unrolled([*_head(1, _MASK), _ZERO], _rnn, "%y = Stack(%o0, %o1, %o2)", "output %y, %h2", state=_SELECTS),
    ),
    PassCase(
        "LSTM",
        fuse_recurrent,
        _unrolled(_head(4, "input %c0: float32[2,5]"), _lstm, "%y = Stack(%h1, %h2, %h3)", "output %y, %c3"),
        "; ".join(
            [
                *_head(4, "input %c0: float32[2,5]"),
                "const %w: float32[200] = seed 1",
                "%a = Unsqueeze(%h0) {axis=[0]}; %b = Unsqueeze(%c0) {axis=[0]}",
                "%y, %d, %e = LSTM(%x, %a, %b, %w) "
                "{has_bias=true, input_size=4, hidden_size=5, num_layers=1, num_directions=1}",
                "%f = Squeeze(%d) {axis=[0]}; %c3 = Squeeze(%e) {axis=[0]}; output %y, %c3",
            ]
        ),
    ),
    PassCase(
        "lengths of an LSTM",
        fuse_recurrent,
        _unrolled(_SHORT, _kept, "%y = Stack(%o0, %o1, %o2)", "output %y, %h3", state=_SELECTS + _KEPT),
        "; ".join(
            [
                *_head(4, "input %n: int32[2]", "input %k0: float32[2,5]"),
                "const %w: float32[200] = seed 1",
                "%a = Unsqueeze(%h0) {axis=[0]}; %b = Unsqueeze(%k0) {axis=[0]}",
                "%l, %d, %e = LSTM(%x, %a, %b, %w) "
                "{has_bias=true, input_size=4, hidden_size=5, num_layers=1, num_directions=1}",
                "const %t: int32[3,1,1] = [0, 1, 2]; const %i: int32[2] = [0, 1]; const %zeros: float32[] = 0",
                "%f = Unsqueeze(%n) {axis=[1]}; %g = Greater(%f, %t)",
                "%m = Minimum(%n, 3); %p = SubFusion(%m, 1); %q = Stack(%p, %i) {axis=-1}; %r = GatherNd(%l, %q)",
                "%s = Greater(%f, 0); %y = Select(%g, %l, %zeros); %h3 = Select(%s, %r, %h0); output %y, %h3",
            ]
        ),
    ),
    PassCase(
        "the memory of an LSTM with lengths",
        fuse_recurrent,
        _unrolled(_SHORT, _kept, "%y = Stack(%o0, %o1, %o2)", "output %y, %k3", state=_SELECTS + _KEPT),
    ),
    PassCase(
        "the memory of an LSTM between its steps",
        fuse_recurrent,
        _unrolled(_head(4, "input %c0: float32[2,5]"), _lstm, "output %h3, %c2"),
    ),
    PassCase(
        "a gate that is read outside",
        fuse_recurrent,
        _unrolled(_head(3), _gru, "output %h3, %r0, %r1, %r2"),
    ),
    PassCase(
        "one input for all sequences",
        fuse_recurrent,
        _unrolled(_head(1), _rnn, *_STACK).replace("float32[3,2,4]", "float32[3,1,4]"),
    ),
    PassCase("one step of an RNN", fuse_recurrent, _unrolled(_head(1), _rnn, "output %h1", order=(0,))),
]
