"""Passes that remove what is not needed or known already."""
from __future__ import annotations

from converter.passes.common_subexpressions import common_subexpressions
from converter.passes.eliminate_dead_code import eliminate_dead_code
from converter.passes.fold_constants import fold_constants
from converter.passes.simplify_identities import simplify_identities
from tests.converter.passes.case import PassCase

X = "input %x: float32[2,3]; "


def _identity(name: str, line: str) -> PassCase:
    """A node that returns %a, between two that do not."""
    before = f"{X}%a = Neg(%x); {line}; %y = Neg(%b); output %y"
    return PassCase(name, simplify_identities, before, f"{X}%a = Neg(%x); %y = Neg(%a); output %y")


def _kept(name: str, line: str) -> PassCase:
    return PassCase(f"not {name}", simplify_identities, f"{X}%a = Neg(%x); {line}; %y = Neg(%b); output %y")


CASES = [
    PassCase(
        "a dead chain",
        eliminate_dead_code,
        X + "%a = Neg(%x); %b = Neg(%a); %c = Neg(%b); %y = Neg(%x); output %y",
        X + "%y = Neg(%x); output %y",
    ),
    PassCase(
        "half of what a dead node reads",
        eliminate_dead_code,
        X + "%a = Neg(%x); %b = AddFusion(%a, %x); output %a",
        X + "%a = Neg(%x); output %a",
    ),
    PassCase("one of two results", eliminate_dead_code, X + "%l, %r = Split(%x) {output_num=2}; output %r"),
    PassCase(
        "constants in a chain",
        fold_constants,
        X + "const %c: float32[3] = seed 1; %a = Neg(%c); %b = AddFusion(%a, %c); %y = AddFusion(%x, %b); output %y",
        X + "const %c: float32[3] = seed 1; %y = AddFusion(%x, %c); output %y",
    ),
    PassCase(
        "an output",
        fold_constants,
        X + "const %c: float32[3] = seed 1; %y = Neg(%c); %z = Neg(%x); output %y, %z",
        X + "const %y: float32[3] = seed 1; %z = Neg(%x); output %y, %z",
    ),
    PassCase(
        "a large broadcast",
        fold_constants,
        "input %x: float32[600,600]; const %c: float32[600] = seed 1; "
        "%b = BroadcastTo(%c, [600, 600]); %y = AddFusion(%x, %b); output %y",
    ),
    PassCase(
        "a chain computed twice",
        common_subexpressions,
        X + "%a = Neg(%x); %b = Neg(%a); %c = Neg(%x); %d = Neg(%c); %y = AddFusion(%b, %d); output %y",
        X + "%a = Neg(%x); %b = Neg(%a); %y = AddFusion(%b, %b); output %y",
    ),
    PassCase(
        "equal constants",
        common_subexpressions,
        X + "%a = AddFusion(%x, [1.0, 2.0, 3.0]); %b = AddFusion(%x, [1.0, 2.0, 3.0]); %y = MulFusion(%a, %b); "
        "output %y",
        X + "%a = AddFusion(%x, [1.0, 2.0, 3.0]); %y = MulFusion(%a, %a); output %y",
    ),
    PassCase(
        "different attributes",
        common_subexpressions,
        X + "%a = Softmax(%x); %b = Softmax(%x) {axis=[0]}; %y = AddFusion(%a, %b); output %y",
    ),
    PassCase(
        "constants that differ late",
        common_subexpressions,
        "input %x: float32[20]; const %a: float32[20] = [" + "0, " * 19 + "1]; const %b: float32[20] = ["
        + "0, " * 19 + "2]; %c = AddFusion(%x, %a); %y = AddFusion(%c, %b); output %y",
    ),
    PassCase("two outputs", common_subexpressions, X + "%a = Neg(%x); %b = Neg(%x); output %a, %b"),
    _identity("plus 0", "%b = AddFusion(%a, [0.0, 0.0, 0.0])"),
    _identity("0 plus", "%b = AddFusion(0.0, %a)"),
    _identity("minus 0", "%b = SubFusion(%a, 0.0)"),
    _identity("times 1", "%b = MulFusion(%a, [1.0])"),
    _identity("1 times", "%b = MulFusion(1.0, %a)"),
    _identity("over 1", "%b = DivFusion(%a, 1.0)"),
    _identity("really over 1", "%b = RealDiv(%a, 1.0)"),
    _identity("to the 1", "%b = PowFusion(%a, 1.0)"),
    _identity("cast", "%b = Cast(%a, 43)"),
    _identity("no activation", "%b = Activation(%a)"),
    _identity("transpose", "%b = Transpose(%a, [0, -1])"),
    _identity("pad", "%b = PadFusion(%a, [0, 0, 0, 0])"),
    _identity("tile", "%b = TileFusion(%a, [1, 1])"),
    _identity("broadcast", "%b = BroadcastTo(%a, [2, 3])"),
    _identity("concat", "%b = Concat(%a) {axis=1}"),
    _identity("add", "%b = AddN(%a)"),
    _identity("split", "%b = Split(%a) {output_num=1}"),
    _identity("slice", "%b = SliceFusion(%a, [0, 0], [2, -1])"),
    PassCase(
        "relu twice",
        simplify_identities,
        X + "%a = Activation(%x) {activation_type=RELU}; %y = Activation(%a) {activation_type=RELU}; output %y",
        X + "%y = Activation(%x) {activation_type=RELU}; output %y",
    ),
    PassCase(
        "a chain down to an input",
        simplify_identities,
        X + "%a = AddFusion(%x, 0.0); %b = MulFusion(%a, 1.0); %y = Neg(%b); output %y",
        X + "%y = Neg(%x); output %y",
    ),
    _kept("0 minus", "%b = SubFusion(0.0, %a)"),
    _kept("1 over", "%b = DivFusion(1.0, %a)"),
    _kept("1 to the", "%b = PowFusion(1.0, %a)"),
    _kept("plus 0 with relu", "%b = AddFusion(%a, 0.0) {activation_type=RELU}"),
    _kept("power with a shift", "%b = PowFusion(%a, 1.0) {shift=1.0}"),
    _kept("broadcasting 0", "const %c: float32[4,2,3] = [" + "0, " * 24 + "]; %b = AddFusion(%a, %c)"),
    _kept("another type", "%h = Cast(%a, 42); %b = Cast(%h, 43)"),
    _kept("tanh twice", "%h = Activation(%a) {activation_type=TANH}; %b = Activation(%h) {activation_type=TANH}"),
    PassCase("an input that is an output", simplify_identities, X + "%y = AddFusion(%x, 0.0); output %y"),
]
