"""Passes that fold operators into the one before them."""
from __future__ import annotations

from converter.passes.fold_batch_norm import fold_batch_norm
from converter.passes.fold_bias import fold_bias
from converter.passes.fold_flatten import fold_flatten
from converter.passes.fold_scalar import fold_scalar
from converter.passes.fuse_activation import fuse_activation
from converter.passes.recognize_activations import recognize_activations
from converter.passes.recognize_leaky_relu import recognize_leaky_relu
from tests.converter.passes.case import PassCase

X = "input %x: float32[1,5,5,3]; const %w: float32[4,3,3,3] = seed 1; const %c: float32[4] = seed 2; "
CONV = X + "%a = Conv2DFusion(%x, %w) {$3x3}; "
BIASED = X + "%y = Conv2DFusion(%x, %w, %c) {$3x3}; output %y"
MOMENTS = "const %m: float32[4] = seed 3; const %v: float32[4] = [0.5, 1, 1.5, 0]; "
NORM = "%y = FusedBatchNorm(%a, %c, %c, %m, %v) {epsilon=0.001}; "
SCALED = "%y = ScaleFusion(%a, %c, %c) {axis=3}; "
GROUPED = """
input %x: float32[1,5,5,2]
const %w: float32[2,3,3,2] = seed 1
%a = Conv2dTransposeFusion(%x, %w) {kernel_size=[3, 3], stride=[2, 2], dilation=[1, 1], group=2}
"""
MATMUL = "input %x: float32[2,3]; const %w: float32[3,4] = seed 1; const %c: float32[4] = seed 2; "
DENSE = MATMUL.replace("[3,4]", "[4,3]")
DECONV = X.replace("[4,3,3,3]", "[3,3,3,4]")
TRANSPOSED = "%a = Conv2dTransposeFusion(%x, %w) {$3x3}; "
NCHW = "input %x: float32[2,3,3,4]; const %w: float32[36,5] = seed 1; const %v: float32[5,36] = seed 2; "
ATTENTION = """
input %x: float32[6,8]
input %k: float32[2,4,3,2]
const %w: float32[8,8] = seed 1
const %b: float32[8] = seed 2
%q = MatMulFusion(%x, %w, %b)
%h = Reshape(%q, [2, 3, 4, 2])
%t = Transpose(%h, [0, 2, 1, 3])
"""


def _folds(name: str, line: str) -> PassCase:
    return PassCase(name, fold_bias, f"{CONV}{line}; output %y", BIASED)


def _keeps(name: str, text: str) -> PassCase:
    return PassCase(name, fold_bias, text)


def _gelu(name: str, lines: str, attributes: str = "activation_type=GELU") -> PassCase:
    head = "input %x: float32[2,3]; "
    return PassCase(
        name, recognize_activations, f"{head}{lines}; output %y", f"{head}%y = Activation(%x) {{{attributes}}}; "
        f"output %y"
    )


CASES = [
    PassCase("convolution", fold_batch_norm, f"{MOMENTS}{CONV}{NORM}output %y", BIASED),
    PassCase(
        "convolution with bias",
        fold_batch_norm,
        f"{MOMENTS}{CONV.replace('%w)', '%w, %c)')}{NORM}output %y",
        BIASED,
    ),
    PassCase(
        "depthwise convolution",
        fold_batch_norm,
        (MOMENTS + CONV + NORM + "output %y").replace("[1,5,5,3]", "[1,5,5,4]").replace("[4,3,3,3]", "[4,3,3,1]")
        .replace("$3x3", "kernel_size=[3, 3], stride=[1, 1], dilation=[1, 1], pad_mode=SAME, group=4"),
        BIASED.replace("[1,5,5,3]", "[1,5,5,4]").replace("[4,3,3,3]", "[4,3,3,1]")
        .replace("$3x3", "kernel_size=[3, 3], stride=[1, 1], dilation=[1, 1], pad_mode=SAME, group=4"),
    ),
    PassCase(
        "without gamma and beta",
        fold_batch_norm,
        f"{MOMENTS}{CONV}%y = BatchNorm(%a, %m, %v) {{epsilon=0.001}}; output %y",
        BIASED,
    ),
    PassCase(
        "transposed convolution",
        fold_batch_norm,
        f"{MOMENTS}{DECONV}{TRANSPOSED}{NORM}output %y",
        DECONV + "%y = Conv2dTransposeFusion(%x, %w, %c) {$3x3}; output %y",
    ),
    PassCase(
        "matrix product",
        fold_batch_norm,
        f"{MOMENTS}{MATMUL}%a = MatMulFusion(%x, %w); {NORM}output %y",
        MATMUL + "%y = MatMulFusion(%x, %w, %c); output %y",
    ),
    PassCase(
        "matrix product, transposed weights",
        fold_batch_norm,
        f"{MOMENTS}{DENSE}%a = MatMulFusion(%x, %w) {{transpose_b=true}}; {NORM}output %y",
        DENSE + "%y = MatMulFusion(%x, %w, %c) {transpose_b=true}; output %y",
    ),
    PassCase(
        "full connection",
        fold_batch_norm,
        f"{MOMENTS}{DENSE}%a = FullConnection(%x, %w); {NORM}output %y",
        DENSE + "%y = FullConnection(%x, %w, %c) {has_bias=true}; output %y",
    ),
    PassCase(
        "on its own",
        fold_batch_norm,
        f"{MOMENTS}{X}%a = PadFusion(%x, [0, 0, 0, 0, 0, 0, 0, 1]); {NORM}output %y",
        f"{X}%a = PadFusion(%x, [0, 0, 0, 0, 0, 0, 0, 1]); {SCALED}output %y",
    ),
    PassCase(
        "convolution with another user",
        fold_batch_norm,
        f"{MOMENTS}{CONV}{NORM}%z = Neg(%a); output %y, %z",
        f"{CONV}%z = Neg(%a); {SCALED}output %y, %z",
    ),
    PassCase(
        "convolution that is an output",
        fold_batch_norm,
        f"{MOMENTS}{CONV}{NORM}output %y, %a",
        f"{CONV}{SCALED}output %y, %a",
    ),
    PassCase(
        "convolution with an activation",
        fold_batch_norm,
        f"{MOMENTS}{CONV}{NORM}output %y".replace("$3x3", "$3x3, activation_type=RELU"),
        f"{CONV}{SCALED}output %y".replace("$3x3", "$3x3, activation_type=RELU"),
    ),
    PassCase(
        "shared weights",
        fold_batch_norm,
        f"{MOMENTS}{CONV}%z = Conv2DFusion(%x, %w) {{$1x1}}; {NORM}output %y, %z".replace("$1x1", "$3x3, in_channel=3"),
        f"{CONV}%z = Conv2DFusion(%x, %w) {{$3x3, in_channel=3}}; {SCALED}output %y, %z",
    ),
    PassCase(
        "computed statistics",
        fold_batch_norm,
        f"input %m: float32[4]; const %v: float32[4] = [1, 1, 1, 1]; {CONV}{NORM}output %y",
    ),
    PassCase(
        "training",
        fold_batch_norm,
        f"{MOMENTS}{CONV}%y = BatchNorm(%a, %m, %v) {{is_training=true, epsilon=0.1}}; output %y",
    ),
    _keeps("an activation between", f"{CONV}%y = AddFusion(%a, %c); "
        f"output %y".replace("$3x3", "$3x3, activation_type=RELU")),
    _keeps("grouped transposed convolution", f"{GROUPED}%y = MulFusion(%a, [1.0, 2.0, 3.0, 4.0]); output %y"),
    _folds("bias add", "%y = BiasAdd(%a, %c)"),
    _folds("plus", "%y = AddFusion(%a, %c)"),
    _folds("plus before", "%y = AddFusion(%c, %a)"),
    _folds("plus one for all", "%y = AddFusion(%a, 0.5)"),
    _folds("minus", "%y = SubFusion(%a, %c)"),
    _folds("minus before", "%y = SubFusion(%c, %a)"),
    _folds("times", "%y = MulFusion(%a, %c)"),
    _folds("times before", "%y = MulFusion(%c, %a)"),
    _folds("over", "%y = DivFusion(%a, %c)"),
    _folds("really over", "%y = RealDiv(%a, %c)"),
    _folds("scale", "%y = ScaleFusion(%a, %c) {axis=3}"),
    _folds("scale and shift", "%y = ScaleFusion(%a, %c, %c) {axis=-1}"),
    _folds("three in a row", "%b = BiasAdd(%a, %c); %d = ScaleFusion(%b, %c, %c) {axis=3}; %y = MulFusion(%d, 2.0)"),
    _folds("a constant of full rank", "const %f: float32[1,1,1,4] = seed 5; %y = AddFusion(%a, %f)"),
    PassCase(
        "an activation moves along",
        fold_bias,
        f"{CONV}%y = AddFusion(%a, %c) {{activation_type=RELU6}}; output %y",
        BIASED.replace("$3x3", "$3x3, activation_type=RELU6"),
    ),
    _keeps("one a row", f"{CONV}const %f: float32[5,1] = seed 5; %y = AddFusion(%a, %f); output %y"),
    _keeps("over zero", f"{CONV}%y = DivFusion(%a, [1.0, 0.0, 1.0, 1.0]); output %y"),
    _keeps("divided", f"{CONV}%y = DivFusion(%c, %a); output %y"),
    _keeps("scale along another axis", f"{CONV}const %f: float32[5] = seed 5; "
        f"%y = ScaleFusion(%a, %f) {{axis=1}}; output %y"),
    _keeps("two users", f"{CONV}%y = BiasAdd(%a, %c); %z = Neg(%a); output %y, %z"),
    _keeps("squared", f"{CONV}%y = AddFusion(%a, %a); output %y"),
    _keeps("computed weights", MATMUL + "input %b: float32[3,4]; %a = MatMulFusion(%x, %b); "
        "%y = BiasAdd(%a, %c); output %y"),
    _keeps("computed bias", CONV.replace("%w)", "%w, %b)").replace("const %c", "input %b: float32[4]; const %c")
           + "%y = BiasAdd(%a, %c); output %y"),
    _keeps(
        "batched weights",
        "input %x: float32[2,3,3]; const %w: float32[2,3,4] = seed 1; %a = MatMulFusion(%x, %w); "
        "%y = BiasAdd(%a, [1.0, 2.0, 3.0, 4.0]); output %y",
    ),
    PassCase(
        "a batch of unknown size",
        fold_bias,
        MATMUL.replace("[2,3]", "[?,3]") + "%a = MatMulFusion(%x, %w); %y = BiasAdd(%a, %c); output %y",
        MATMUL.replace("[2,3]", "[?,3]") + "%y = MatMulFusion(%x, %w, %c); output %y",
    ),
    PassCase(
        "convolution",
        fuse_activation,
        f"{CONV}%y = Activation(%a) {{activation_type=RELU6}}; output %y",
        f"{X}%y = Conv2DFusion(%x, %w) {{$3x3, activation_type=RELU6}}; output %y",
    ),
    PassCase(
        "pool",
        fuse_activation,
        f"{X}%a = MaxPoolFusion(%x) {{global=true}}; %y = Activation(%a) {{activation_type=RELU}}; output %y",
        f"{X}%y = MaxPoolFusion(%x) {{global=true, activation_type=RELU}}; output %y",
    ),
    PassCase(
        "two in a row",
        fuse_activation,
        f"{X}%a = AddFusion(%x, %x); %b = Activation(%a) {{activation_type=RELU}}; "
        "%y = Activation(%b) {activation_type=RELU6}; output %y",
        f"{X}%y = AddFusion(%x, %x) {{activation_type=RELU6}}; output %y",
    ),
    PassCase("another activation", fuse_activation, f"{CONV}%y = Activation(%a) {{activation_type=TANH}}; output %y"),
    PassCase(
        "two users", fuse_activation, f"{CONV}%y = Activation(%a) {{activation_type=RELU}}; %z = Neg(%a); output %y, %z"
    ),
    PassCase("an output", fuse_activation, f"{CONV}%y = Activation(%a) {{activation_type=RELU}}; output %y, %a"),
    PassCase(
        "an operator without activation",
        fuse_activation,
        f"{X}%a = Maximum(%x, 0.5); %y = Activation(%a) {{activation_type=RELU}}; output %y",
    ),
    PassCase(
        "queries",
        fold_scalar,
        f"{ATTENTION}%s = MatMulFusion(%t, %k) {{transpose_b=true}}; %y = DivFusion(%s, 8.0); output %y",
        f"{ATTENTION}%y = MatMulFusion(%t, %k) {{transpose_b=true}}; output %y",
    ),
    PassCase(
        "second operand",
        fold_scalar,
        f"{ATTENTION}%s = MatMulFusion(%k, %t) {{transpose_b=true}}; %y = MulFusion(0.125, %s); output %y",
        f"{ATTENTION}%y = MatMulFusion(%k, %t) {{transpose_b=true}}; output %y",
    ),
    PassCase(
        "a value on the way with another user",
        fold_scalar,
        f"{ATTENTION}%s = MatMulFusion(%t, %k) {{transpose_b=true}}; %y = DivFusion(%s, 8.0); output %y, %h",
    ),
    PassCase(
        "computed operands",
        fold_scalar,
        "input %x: float32[4,4]; %a = MatMulFusion(%x, %x); %y = DivFusion(%a, 8.0); output %y",
    ),
    PassCase(
        "a vector",
        fold_scalar,
        f"{ATTENTION}%s = MatMulFusion(%t, %k) {{transpose_b=true}}; %y = MulFusion(%s, [1.0, 2.0, 3.0]); output %y",
    ),
    PassCase(
        "matrix product",
        fold_flatten,
        f"{NCHW}%t = Transpose(%x, [0, 3, 1, 2]); %f = Flatten(%t); %y = MatMulFusion(%f, %w); output %y",
        f"{NCHW}%f = Reshape(%x, [-1, 36]); %y = MatMulFusion(%f, %w); output %y",
    ),
    PassCase(
        "transposed weights",
        fold_flatten,
        f"{NCHW}%t = Transpose(%x, [0, 3, 1, 2]); %f = Reshape(%t, [2, 36]); "
        "%y = MatMulFusion(%f, %v) {transpose_b=true}; output %y",
        f"{NCHW}%f = Reshape(%x, [-1, 36]); %y = MatMulFusion(%f, %v) {{transpose_b=true}}; output %y",
    ),
    PassCase(
        "full connection",
        fold_flatten,
        f"{NCHW}%t = Transpose(%x, [0, 3, 2, 1]); %f = Flatten(%t); %y = FullConnection(%f, %v); output %y",
        f"{NCHW}%f = Reshape(%x, [-1, 36]); %y = FullConnection(%f, %v); output %y",
    ),
    PassCase(
        "a transpose that moves the batch",
        fold_flatten,
        f"{NCHW}%t = Transpose(%x, [3, 0, 1, 2]); %f = Reshape(%t, [-1, 36]); %y = MatMulFusion(%f, %w); output %y",
    ),
    PassCase(
        "a reshape that is no flatten",
        fold_flatten,
        f"{NCHW}%t = Transpose(%x, [0, 3, 1, 2]); %f = Reshape(%t, [4, 18]); %u = Reshape(%w, [18, 10]); "
        "%y = MatMulFusion(%f, %u); output %y",
    ),
    PassCase(
        "shared weights",
        fold_flatten,
        f"{NCHW}%t = Transpose(%x, [0, 3, 1, 2]); %f = Flatten(%t); %y = MatMulFusion(%f, %w); %z = Neg(%w); "
        f"output %y, %z",
    ),
    _gelu("swish", "%s = Activation(%x) {activation_type=SIGMOID}; %y = MulFusion(%s, %x)", "activation_type=SWISH"),
    _gelu(
        "hsigmoid",
        "%a = AddFusion(%x, 3.0); %r = Activation(%a) {activation_type=RELU6}; %y = DivFusion(%r, 6.0)",
        "activation_type=HSIGMOID",
    ),
    _gelu(
        "hswish by hsigmoid",
        "%h = Activation(%x) {activation_type=HSIGMOID}; %y = MulFusion(%x, %h)",
        "activation_type=HSWISH",
    ),
    _gelu(
        "hswish by hand",
        "%a = AddFusion(3.0, %x); %r = Activation(%a) {activation_type=RELU6}; %p = MulFusion(%x, %r); "
        "%y = MulFusion(%p, 0.16666667)",
        "activation_type=HSWISH",
    ),
    _gelu(
        "gelu",
        "%s = DivFusion(%x, 1.4142135); %e = Erf(%s); %p = AddFusion(%e, 1.0); %h = MulFusion(%x, 0.5); "
        "%y = MulFusion(%h, %p)",
    ),
    _gelu(
        "gelu, another order",
        "%s = MulFusion(%x, 0.70710677); %e = Erf(%s); %p = AddFusion(1.0, %e); %h = MulFusion(%p, %x); "
        "%y = MulFusion(%h, 0.5)",
    ),
    _gelu(
        "gelu by tanh",
        "%q = MulFusion(%x, %x); %c = MulFusion(%q, %x); %k = MulFusion(%c, 0.044715); %s = AddFusion(%x, %k); "
        "%z = MulFusion(%s, 0.7978846); %t = Activation(%z) {activation_type=TANH}; %p = AddFusion(%t, 1.0); "
        "%h = MulFusion(%x, 0.5); %y = MulFusion(%h, %p)",
        "activation_type=GELU, approximate=true",
    ),
    _gelu(
        "gelu by tanh and power",
        "%c = PowFusion(%x, 3.0); %k = MulFusion(0.044715, %c); %s = AddFusion(%k, %x); %z = MulFusion(0.7978846, %s); "
        "%t = Activation(%z) {activation_type=TANH}; %p = AddFusion(1.0, %t); %h = MulFusion(%x, %p); "
        "%y = MulFusion(0.5, %h)",
        "activation_type=GELU, approximate=true",
    ),
    PassCase(
        "another constant",
        recognize_activations,
        "input %x: float32[4]; %a = AddFusion(%x, 2.5); %r = Activation(%a) {activation_type=RELU6}; "
        "%y = DivFusion(%r, 6.0); output %y",
    ),
    PassCase(
        "another factor",
        recognize_activations,
        "input %x: float32[4]; input %z: float32[4]; %s = Activation(%x) {activation_type=SIGMOID}; "
        "%y = MulFusion(%s, %z); output %y",
    ),
    PassCase(
        "a gate with another user",
        recognize_activations,
        "input %x: float32[4]; %s = Activation(%x) {activation_type=SIGMOID}; %y = MulFusion(%s, %x); output %y, %s",
    ),
    PassCase(
        "maximum with the product second",
        recognize_leaky_relu,
        "input %x: float32[2,3]; %a = MulFusion(%x, 0.25); %y = Maximum(%x, %a); output %y",
        "input %x: float32[2,3]; %y = Activation(%x) {activation_type=LEAKY_RELU, alpha=0.25}; output %y",
    ),
    PassCase(
        "maximum with the product first",
        recognize_leaky_relu,
        "input %x: float32[2,3]; %a = MulFusion(0.25, %x); %y = Maximum(%a, %x); output %y",
        "input %x: float32[2,3]; %y = Activation(%x) {activation_type=LEAKY_RELU, alpha=0.25}; output %y",
    ),
    PassCase(
        "a steep slope",
        recognize_leaky_relu,
        "input %x: float32[2,3]; %a = MulFusion(%x, 1.5); %y = Maximum(%x, %a); output %y",
    ),
    PassCase(
        "the product of something else",
        recognize_leaky_relu,
        "input %x: float32[2,3]; input %z: float32[2,3]; %a = MulFusion(%z, 0.25); %y = Maximum(%x, %a); output %y",
    ),
    PassCase(
        "a product with another user",
        recognize_leaky_relu,
        "input %x: float32[2,3]; %a = MulFusion(%x, 0.25); %y = Maximum(%x, %a); output %y, %a",
    ),
    PassCase(
        "a product with an activation",
        recognize_leaky_relu,
        "input %x: float32[2,3]; %a = MulFusion(%x, 0.25) {activation_type=RELU}; %y = Maximum(%x, %a); output %y",
    ),
    PassCase(
        "a slope of more dimensions",
        recognize_leaky_relu,
        "input %x: float32[3]; const %s: float32[1,1] = [0.25]; %a = MulFusion(%x, %s); %y = Maximum(%x, %a); "
        "output %y",
    ),
]
