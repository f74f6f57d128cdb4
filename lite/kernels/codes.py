"""Numbers by which kernels and their callers name a function: plain data, importable without a compiler."""
from __future__ import annotations

# unary_f32: the functions of one float32, of parameters a and b where noted. See elementwise.py for what they compute.
UNARY = (
    "clamp",  # a, b: bounds
    "leaky_relu",  # a: slope
    "threshold_relu",  # a: threshold
    "elu",  # a: scale
    "selu",
    "abs",
    "sign",
    "softsign",
    "softplus",
    "sigmoid",
    "tanh",
    "hsigmoid",
    "hswish",
    "swish",  # a: x is multiplied by it inside the sigmoid
    "gelu",
    "gelu_tanh",
    "exp",  # a, b: e^(a x + b)
    "log",
    "log1p",
    "erf",
    "sqrt",
    "rsqrt",
    "square",
    "reciprocal",
    "negate",
    "floor",
    "ceil",
    "round",
    "trunc",
    "expm1",
    "sinh",
    "cosh",
    "asinh",
    "acosh",
    "atanh",
    "atan",
    "asin",
    "acos",
)

# binary_f32: the functions of two float32.
BINARY = (
    "add",
    "sub",
    "mul",
    "div",
    "max",
    "min",
    "squared_difference",
    "prelu",  # y is the slope
    "power",
    "atan2",
)

# binary_f32: which operand is one number for a whole row.
ROWS, LEFT_SCALAR, RIGHT_SCALAR = range(3)

# reduce_f32: what is combined over the reduced elements.
REDUCE = ("sum", "max", "min", "prod", "sum_square", "sum_abs")

# pool2d_f32
POOL = ("max", "mean")

# The element types that kernels of any type take, floating-point ones first. See elements.py.
TYPES = (
    "float16",
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "bool",
)

# Kernels of any type compute on blocks of that many elements, widened to 8 bytes each.
BLOCK = 256  # three of them stay in the first cache
BLOCK_BYTES = 8 * BLOCK

# typed: the functions of one tensor, then those of two. What else there is follows from these (delegates/cpu/typed.py).
TYPED_UNARY = ("abs", "is_finite", "sin", "cos", "tan")
TYPED_PLAIN = ("add", "sub", "mul", "max", "min", "equal", "not_equal", "greater", "greater_equal")  # of any type alike
TYPED = (
    *TYPED_UNARY,
    *TYPED_PLAIN,
    "div",
    "floor_div",
    "floor_mod",
    "mod",
    "bit_and",
    "bit_or",
    "bit_xor",
)

# row_chain: words of its scratch for the copy of a stage's argument block, and for what is between two: the first row
# that is there, the end of them, and from which to which they are computed for this unit.
CHAIN_ARGUMENTS = 32
CHAIN_STATE = 4
