"""Cases for less usual functions of each element; see cases.py."""
from __future__ import annotations

from tests.conformance.case import Case, family

_X = "x=normal(2, 3, 5)"
_XY = "x=normal(2, 3, 5), y=normal(3, 1)"
_UNIT = "x=rng.uniform(-0.9, 0.9, (2, 3, 5)).astype(np.float32)"
_ABOVE = "x=rng.uniform(1, 9, (2, 3, 5)).astype(np.float32)"
_INTS = "x=integers(-7, 8, 3, 4), y=integers(1, 4, 3, 4)"
_ODD = "x=np.array([1, np.inf, -np.inf, np.nan, 0, -2], np.float32)"

FUNCTIONS = [
    *family("Tan:tan Atan:atan Sinh:sinh Cosh:cosh Asinh:asinh Expm1:expm1 Erfc:erfc", "{}(x)", _X),
    *family("Sign:sign Trunc:trunc Sinc:sinc HShrink:hardshrink SoftShrink:softshrink CeLU:celu", "{}(x)", _X),
    *family("ACos:acos Asin:asin Atanh:atanh", "{}(x)", _UNIT),
    *family("Acosh:acosh Inv:inv", "{}(x)", _ABOVE),
    *family("IsNan:isnan IsInf:isinf NanToNum:nan_to_num", "{}(x)", _ODD),
    *family("Atan2:atan2 Hypot:hypot Xlogy:xlogy Xdivy:xdivy Heaviside:heaviside", "{}(x * x, y * y)", _XY),
    *family("TruncateDiv:truncate_div TruncateMod:truncate_mod IsClose:isclose", "{}(x, y)", _XY),
    *family("TruncateDiv:truncate_div BitwiseAnd:bitwise_and BitwiseOr:bitwise_or", "{}(x, y)", _INTS),
    *family("BitwiseXor:bitwise_xor DivMod:fmod", "{}(x, y)", _INTS),
    Case("Sign", "ops.sign(x)", "x=integers(-3, 4, 9)"),
    Case("Mod", "ops.frac(x * 3)", _X),
    Case("CeLU", "ops.celu(x, 2.0)", _X),
    Case("SoftplusExt", "ms.mint.nn.functional.softplus(x, 2, 3)", _X),
    Case("GLU", "ms.mint.nn.functional.glu(x, 1)", "x=normal(2, 4, 5)"),
    Case("Logit", "ops.logit(ops.sigmoid(x), 0.25)", _X),
    Case("Invert", "ops.invert(x)", "x=integers(-7, 8, 12)"),
    Case("LogicalNot", "~x", "x=integers(-1, 2, 12)"),
    Case("Pow", "x ** 3", "x=integers(-7, 8, 12)"),
    Case("Sqrt", "ops.sqrt(x)", "x=integers(0, 9, 12)"),
    Case("LeftShift", "ops.bitwise_left_shift(x, self.op)", "x=integers(-7, 8, 12)", "Tensor(3, ms.int32)"),
    Case("RightShift", "ops.bitwise_right_shift(x, self.op)", "x=integers(-70, 80, 12)", "Tensor(3, ms.int32)"),
    *(
        Case("DivMod", f"ops.div(x, y, rounding_mode='{mode}')", operands)
        for mode in ("floor", "trunc")
        for operands in (_INTS, _XY)
    ),
    Case("Fmax", "ops.fmax(x, y)", f"{_ODD}, y=np.array([np.nan, 1, 1, 1, -1, np.nan], np.float32)"),
    Case("IsClose", "ops.isclose(x, y, 0.1, 0.1, True)", f"{_ODD}, y=np.array([1.1, 1, 1, np.nan, 0, -3], np.float32)"),
    Case("Lerp", "ops.lerp(x, x * 2, y)", _XY),
    Case("Lerp", "ops.lerp(x, x * 2, 0.3)", _X),
    Case("Addcmul", "ops.addcmul(x, x, y, 0.5)", _XY),
    Case("Addcdiv", "ops.addcdiv(x, x, y * y + 1, 0.5)", _XY),
    Case("ClampTensor", "ops.clamp(x, y, y + 1)", _XY),
    Case("ClampTensor", "ops.clamp(x, Tensor(-1.0), Tensor(1.0))", _X),
    Case("MaskedFillScalar", "x.masked_fill(x > 0, -1e9)", _X),
    Case("CumProd", "ops.cumprod(x, 1)", _X),
    Case("CumProd", "self.op(x, -1)", _X, "ops.CumProd(True, True)"),
]
