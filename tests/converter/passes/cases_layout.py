"""Passes about the order of dimensions."""
from __future__ import annotations

from converter.passes.merge_reshapes import merge_reshapes
from converter.passes.sink_reshapes import sink_reshapes
from converter.passes.sink_transposes import sink_transposes
from tests.converter.passes.case import PassCase

X = "input %x: float32[2,4,5,3]; "  # NHWC
TO_NCHW, TO_NHWC = "[0, 3, 1, 2]", "[0, 2, 3, 1]"
NCHW = f"{X}%t = Transpose(%x, {TO_NCHW}); "


def _sinks(name: str, lines: str, after: str) -> PassCase:
    """`lines` compute %a on %t, the NCHW view of %x; `after` computes %y, which is %a in NHWC."""
    before = f"{NCHW}{lines}; %y = Transpose(%a, {TO_NHWC}); output %y"
    return PassCase(name, sink_transposes, before, f"{X}{after}; output %y")


def _keeps(name: str, text: str) -> PassCase:
    return PassCase(name, sink_transposes, text)


CASES = [
    _sinks("a chain", "%b = Neg(%t); %a = Activation(%b) {activation_type=RELU}",
           "%b = Neg(%x); %y = Activation(%b) {activation_type=RELU}"),
    _sinks("cast and clip", "%b = Clip(%t) {max=1.0}; %h = Cast(%b, 42); %a = Cast(%h, 43)",
           "%b = Clip(%x) {max=1.0}; %h = Cast(%b, 42); %y = Cast(%h, 43)"),
    _sinks("two operands", "%b = Neg(%t); %a = MulFusion(%t, %b)", "%b = Neg(%x); %y = MulFusion(%x, %b)"),
    _sinks("a constant", "const %c: float32[2,3,4,5] = seed 1; %a = AddFusion(%t, %c)",
           "const %c: float32[2,4,5,3] = seed 1; %y = AddFusion(%x, %c)"),
    _sinks("a constant of lower rank", "const %c: float32[3,1,1] = seed 1; %a = SubFusion(%c, %t)",
           "const %c: float32[1,1,1,3] = seed 1; %y = SubFusion(%c, %x)"),
    _sinks("a scalar", "%a = AddFusion(%t, 0.5)", "%y = AddFusion(%x, 0.5)"),
    _sinks("concat", "%b = Neg(%t); %a = Concat(%t, %b) {axis=1}", "%b = Neg(%x); %y = Concat(%x, %b) {axis=3}"),
    _sinks("concat, negative axis", "%b = Neg(%t); %a = Concat(%t, %b) {axis=-1}",
           "%b = Neg(%x); %y = Concat(%x, %b) {axis=2}"),
    _sinks("split", "%l, %m, %r = Split(%t) {output_num=3, axis=1}; %a = Concat(%r, %m, %l) {axis=1}",
           "%l, %m, %r = Split(%x) {output_num=3, axis=3}; %y = Concat(%r, %m, %l) {axis=3}"),
    _sinks("softmax", "%a = Softmax(%t) {axis=[1]}", "%y = Softmax(%x) {axis=[3]}"),
    _sinks("log softmax", "%a = LogSoftmax(%t) {axis=-1}", "%y = LogSoftmax(%x) {axis=2}"),
    _sinks("reverse", "%a = ReverseV2(%t) {axis=[1, -1]}", "%y = ReverseV2(%x) {axis=[3, 2]}"),
    _sinks("normalize", "%a = L2NormalizeFusion(%t) {axis=[1], epsilon=0.001}",
           "%y = L2NormalizeFusion(%x) {axis=[3], epsilon=0.001}"),
    _sinks("tile", "%a = TileFusion(%t, [1, 2, 1, 3])", "%y = TileFusion(%x, [1, 1, 3, 2])"),
    _sinks("tile by attributes", "%a = TileFusion(%t) {dims=[1, 2, 1, 3]}", "%y = TileFusion(%x, [1, 1, 3, 2])"),
    PassCase("the best class", sink_transposes,
             f"{NCHW}%y = ArgMaxFusion(%t) {{axis=1}}; output %y", f"{X}%y = ArgMaxFusion(%x) {{axis=3}}; output %y"),
    _sinks("the best class, dimension kept", "%a = ArgMinFusion(%t) {axis=-3, keep_dims=true}",
           "%y = ArgMinFusion(%x) {axis=3, keep_dims=true}"),
    _sinks("reduce, dimensions kept", "%r = ReduceFusion(%t, [2, 3]) {keep_dims=true}; %a = MulFusion(%t, %r)",
           "%r = ReduceFusion(%x, [1, 2]) {keep_dims=true}; %y = MulFusion(%x, %r)"),
    _sinks("pad", "%a = PadFusion(%t, [0, 0, 0, 0, 1, 2, 3, 4])", "%y = PadFusion(%x, [0, 0, 1, 2, 3, 4, 0, 0])"),
    _sinks("pad by attributes", "%a = PadFusion(%t) {paddings=[[0, 0], [0, 0], [1, 2], [3, 4]]}",
           "%y = PadFusion(%x) {paddings=[[0, 0], [1, 2], [3, 4], [0, 0]]}"),
    _sinks("slice", "%a = SliceFusion(%t, [0, 1, 2], [-1, 1, 2])",
           "%y = SliceFusion(%x, [0, 1, 2], [-1, 1, 2]) {axes=[0, 3, 1]}"),
    _sinks("slice of named axes", "%a = SliceFusion(%t, [1], [2]) {axes=[3]}",
           "%y = SliceFusion(%x, [1], [2]) {axes=[2]}"),
    _sinks("strided slice", "%a = StridedSlice(%t, [0, 1, 0], [9, 3, -1], [1, 1, 2]) {begin_mask=1, end_mask=4}",
           "%y = StridedSlice(%x, [0, 0, 0, 1], [9, -1, 0, 3], [1, 2, 1, 1]) {begin_mask=5, end_mask=6}"),
    _sinks("scale", "%a = ScaleFusion(%t, [1.0, 2.0, 3.0]) {axis=1}", "%y = ScaleFusion(%x, [1.0, 2.0, 3.0]) {axis=3}"),
    PassCase("reduce, dimensions dropped", sink_transposes,
             f"{NCHW}%y = ReduceFusion(%t, [2, 3]); output %y", f"{X}%y = ReduceFusion(%x, [1, 2]); output %y"),
    PassCase("reduce, order left", sink_transposes,
             f"{NCHW}%r = ReduceFusion(%t, [-1]); %y = Transpose(%r, [0, 2, 1]); output %y",
             f"{X}%y = ReduceFusion(%x, [2]); output %y"),
    PassCase("a value of one place", sink_transposes,
             "input %x: float32[2,1,1,8]; %t = Transpose(%x, [0, 3, 1, 2]); %y = Reshape(%t, [2, 8]); output %y",
             "input %x: float32[2,1,1,8]; %y = Reshape(%x, [-1, 8]); output %y"),
    PassCase("squeeze and excite", sink_transposes,
             f"{X}input %s: float32[2,3,1,1]; %t = Transpose(%x, {TO_NCHW}); %m = MulFusion(%t, %s); "
             f"%y = Transpose(%m, {TO_NHWC}); output %y",
             f"{X}input %s: float32[2,3,1,1]; %n = Reshape(%s, [-1, 1, 1, 3]); %y = MulFusion(%x, %n); output %y"),
    PassCase("channel shuffle", sink_transposes,
             "input %x: float32[1,4,4,6]; %t = Transpose(%x, [0, 3, 1, 2]); %g = Reshape(%t, [1, 2, 3, 4, 4]); "
             "%s = Transpose(%g, [0, 2, 1, 3, 4]); %f = Reshape(%s, [1, 6, 4, 4]); "
             "%y = Transpose(%f, [0, 2, 3, 1]); output %y",
             "input %x: float32[1,4,4,6]; %g = Reshape(%x, [-1, 4, 4, 2, 3]); %s = Transpose(%g, [0, 1, 2, 4, 3]); "
             "%y = Reshape(%s, [-1, 4, 4, 6]); output %y"),
    PassCase("image patches", sink_transposes,
             "input %x: float32[1,4,4,6]; %t = Transpose(%x, [0, 3, 1, 2]); %f = Reshape(%t, [1, 6, 16]); "
             "%y = Transpose(%f, [0, 2, 1]); output %y",
             "input %x: float32[1,4,4,6]; %y = Reshape(%x, [-1, 16, 6]); output %y"),
    PassCase("expanded dimension", sink_transposes,
             f"{NCHW}%e = ExpandDims(%t, 2); %n = Neg(%e); %s = Squeeze(%n) {{axis=[2]}}; "
             f"%y = Transpose(%s, {TO_NHWC}); output %y",
             f"{X}%e = Reshape(%x, [-1, 4, 5, 3, 1]); %n = Neg(%e); %y = Reshape(%n, [-1, 4, 5, 3]); output %y"),
    PassCase("matrix operands", sink_transposes,
             "input %x: float32[2,3,4]; input %z: float32[2,3,5]; %t = Transpose(%x, [0, 2, 1]); "
             "%y = MatMulFusion(%t, %z); output %y",
             "input %x: float32[2,3,4]; input %z: float32[2,3,5]; %y = MatMulFusion(%x, %z) {transpose_a=true}; "
             "output %y"),
    PassCase("keys of attention", sink_transposes,
             "input %q: float32[2,4,3,6]; input %k: float32[2,3,4,6]; %t = Transpose(%k, [0, 2, 3, 1]); "
             "%y = MatMulFusion(%q, %t); output %y",
             "input %q: float32[2,4,3,6]; input %k: float32[2,3,4,6]; %t = Transpose(%k, [0, 2, 1, 3]); "
             "%y = MatMulFusion(%q, %t) {transpose_b=true}; output %y"),
    PassCase("time before batch", sink_transposes,
             "input %x: float32[5,2,4]; %t = Transpose(%x, [1, 0, 2]); "
             "%n = LayerNormFusion(%t, [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]) {begin_norm_axis=2, "
             "begin_params_axis=2}; "
             "%b = BiasAdd(%n, [1.0, 2.0, 3.0, 4.0]); %y = Transpose(%b, [1, 0, 2]); output %y",
             "input %x: float32[5,2,4]; "
             "%n = LayerNormFusion(%x, [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]) {begin_norm_axis=2, "
             "begin_params_axis=2}; "
             "%y = BiasAdd(%n, [1.0, 2.0, 3.0, 4.0]); output %y"),
    PassCase("the cheaper of two orders", sink_transposes,
             "input %x: float32[2,4,5,3]; input %z: float32[2,3,4,1]; %t = Transpose(%x, [0, 3, 1, 2]); "
             "%m = AddFusion(%t, %z); "
             "%y = Transpose(%m, [0, 2, 3, 1]); output %y",
             "input %x: float32[2,4,5,3]; input %z: float32[2,3,4,1]; %u = Transpose(%z, [0, 2, 3, 1]); "
             "%y = AddFusion(%x, %u); output %y"),
    PassCase("outputs keep their names", sink_transposes,
             f"{NCHW}%y = Neg(%t); %z = Transpose(%y, {TO_NHWC}); output %y, %z",
             f"{X}%z = Neg(%x); %y = Transpose(%z, {TO_NCHW}); output %y, %z"),
    PassCase("an output that is an input", sink_transposes,
             f"{NCHW}%y = Transpose(%t, {TO_NHWC}); %z = Neg(%y); output %y, %z",
             f"{X}%y = Reshape(%x, [-1, 4, 5, 3]); %z = Neg(%y); output %y, %z"),
    PassCase("unknown sizes", sink_transposes,
             f"input %x: float32[?,?,?,3]; %t = Transpose(%x, {TO_NCHW}); %n = Neg(%t); "
             f"%y = Transpose(%n, {TO_NHWC}); output %y",
             "input %x: float32[?,?,?,3]; %y = Neg(%x); output %y"),
    _keeps("a transpose at each end", f"{X}%t = Transpose(%x, {TO_NHWC}); "
           "const %w: float32[2,1,1,4] = seed 1; %c = Conv2DFusion(%t, %w) {$1x1}; "
           f"%y = Transpose(%c, {TO_NCHW}); output %y"),
    _keeps("a computed permutation", f"{X}input %p: int32[4]; %t = Transpose(%x, %p); %y = Neg(%t); output %y"),
    _keeps("a layer norm across", f"{NCHW}%y = LayerNormFusion(%t) {{begin_norm_axis=2, begin_params_axis=2}}; "
           f"output %y"),
    _keeps("a slice that drops a dimension",
           f"{NCHW}%y = StridedSlice(%t, [0], [1], [1]) {{shrink_axis_mask=1}}; output %y"),
    PassCase("chains of all kinds", merge_reshapes,
             "input %x: float32[2,3,4]; %a = Unsqueeze(%x) {axis=[0]}; %b = ExpandDims(%a, 4); "
             "%c = Squeeze(%b) {axis=[0]}; "
             "%d = Flatten(%c); %y = Reshape(%d, [6, 4]); output %y",
             "input %x: float32[2,3,4]; %y = Reshape(%x, [6, 4]); output %y"),
    PassCase("back to the start", merge_reshapes,
             "input %x: float32[2,3,4]; %a = Flatten(%x); %b = Reshape(%a, [2, 3, 4]); %y = Neg(%b); output %y",
             "input %x: float32[2,3,4]; %y = Neg(%x); output %y"),
    PassCase("a transpose that moves nothing", merge_reshapes,
             "input %x: float32[2,1,1,4]; %a = Transpose(%x, [0, 3, 1, 2]); %y = Squeeze(%a); output %y",
             "input %x: float32[2,1,1,4]; %y = Reshape(%x, [-1, 4]); output %y"),
    PassCase("a value with another user", merge_reshapes,
             "input %x: float32[2,3,4]; %a = Flatten(%x); %y = Reshape(%a, [6, 4]); output %y, %a",
             "input %x: float32[2,3,4]; %a = Flatten(%x); %y = Reshape(%x, [6, 4]); output %y, %a"),
    PassCase("a batch of unknown size", merge_reshapes,
             "input %x: float32[?,3,4]; %a = Reshape(%x, [0, 12]); %y = Reshape(%a, [0, 4, 3]); output %y",
             "input %x: float32[?,3,4]; %y = Reshape(%x, [-1, 4, 3]); output %y"),
    PassCase("sizes that are not known", merge_reshapes,
             "input %x: float32[?,?,4]; %a = Reshape(%x, [-1, 2]); %y = Reshape(%a, [4, -1]); output %y"),
    PassCase("one reshape", merge_reshapes, "input %x: float32[2,3,4]; %y = Flatten(%x); output %y"),
    PassCase("copy of an input", merge_reshapes, "input %x: float32[2,3]; %y = Reshape(%x, [2, 3]); output %y"),
    PassCase("dense on a sequence", sink_reshapes,
             "input %x: float32[6,4]; %r = Reshape(%x, [2, 3, 4]); %a = Activation(%r) {activation_type=RELU}; "
             "%b = DivFusion(%a, 8.0); %y = Cast(%b, 42); output %y",
             "input %x: float32[6,4]; %a = Activation(%x) {activation_type=RELU}; %b = DivFusion(%a, 8.0); "
             "%c = Cast(%b, 42); "
             "%y = Reshape(%c, [2, 3, 4]); output %y"),
    PassCase("a vector", sink_reshapes,
             "input %x: float32[6,4]; %r = Reshape(%x, [2, 3, 4]); %y = AddFusion(%r, [1.0, 2.0, 3.0, 4.0]); "
             "output %y"),
    PassCase("two users", sink_reshapes,
             "input %x: float32[6,4]; %r = Reshape(%x, [2, 3, 4]); %y = Neg(%r); output %y, %r"),
]  # fmt: skip
