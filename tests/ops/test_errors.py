"""Attributes and inputs that make no sense are refused with a typed error that says what was expected, quickly."""
from __future__ import annotations

import contextlib
import dataclasses
from typing import Any

import numpy as np
import pytest

from lite import ops
from lite.errors import DTypeError, ShapeError
from lite.ops.custom import OPERATORS
from lite.ops.registry import Attributes
from lite.records import defaults
from lite.schema.layout import TABLES
from lite.types import DType, TensorSpec
from tests.ops.cases import CASES

HUGE = 2**62
CONV: dict[str, Any] = {"stride": [1, 1], "dilation": [1, 1], "group": 1}
POOL: dict[str, Any] = {"kernel_size": [2, 2], "strides": [2, 2]}

# operator, schema field values, a part of the message
BAD_ATTRIBUTES: list[tuple[str, dict[str, Any], str]] = [
    ("Conv2DFusion", {}, "Conv2DFusion.stride is ()"),
    ("Conv2DFusion", {**CONV, "stride": [0, 1]}, "stride is (0, 1): expected 1 <= value"),
    ("Conv2DFusion", {**CONV, "stride": [1, 1, 1]}, "expected 2 elements, got 3"),
    ("Conv2DFusion", {**CONV, "group": 0}, "group is 0"),
    ("Conv2DFusion", {**CONV, "group": -HUGE}, "group is"),
    ("Conv2DFusion", {**CONV, "dilation": [HUGE, 1]}, "dilation is"),
    ("Conv2DFusion", {**CONV, "pad_list": [0, -1, 0, 0]}, "pad_list is (0, -1, 0, 0)"),
    ("Conv2DFusion", {**CONV, "pad_list": [1, 1]}, "expected 0 or 4 elements"),
    ("Conv2DFusion", {**CONV, "kernel_size": [3, 0]}, "kernel_size is (3, 0)"),
    ("Conv2DFusion", {**CONV, "pad_mode": 9}, "9 is not a valid PadMode"),
    ("Conv2DFusion", {**CONV, "activation_type": 10}, "activation_type is TANH: only NO_ACTIVATION, RELU, RELU6"),
    ("Conv2dTransposeFusion", {**CONV, "output_paddings": [-1, 0]}, "output_paddings is (-1, 0)"),
    ("MaxPoolFusion", {}, "kernel_size is ()"),
    ("MaxPoolFusion", {**POOL, "strides": [0, 0]}, "strides is (0, 0)"),
    ("AvgPoolFusion", {**POOL, "pad": [2, 0, 0, 0]}, "expected less than kernel_size"),
    ("Activation", {"activation_type": 15}, "LINEAR: it has no formula"),
    ("Activation", {"activation_type": 16, "min_val": 2.0, "max_val": 1.0}, "expected at most max_val"),
    ("Activation", {"activation_type": -1}, "-1 is not a valid ActivationType"),
    ("AddFusion", {"activation_type": 2}, "SIGMOID"),
    ("BatchNorm", {"epsilon": float("nan")}, "epsilon is nan"),
    ("LayerNormFusion", {"epsilon": -1.0}, "epsilon is -1.0"),
    ("Clip", {"min": 1.0, "max": 0.0}, "min is 1.0"),
    ("Eltwise", {"mode": 3}, "UNKNOWN"),
    ("ExpFusion", {"base": 0.0}, "base is 0.0"),
    ("Split", {"output_num": HUGE}, "output_num is"),
    ("Split", {}, "output_num is 0"),
    ("Split", {"output_num": 2, "size_splits": [-1, -1]}, "one -1 at most"),
    ("Split", {"output_num": 2, "size_splits": [1, 2, 3]}, "expected 2 elements"),
    ("PadFusion", {"padding_mode": 3}, "MODE_RESERVED"),
    ("PadFusion", {"paddings": [[1, -1]]}, "paddings is ((1, -1),)"),
    ("Resize", {"method": -1}, "UNKNOWN"),
    ("Resize", {"method": 0, "new_height": -4}, "new_height is -4"),
    ("Resize", {"method": 0, "preserve_aspect_ratio": True}, "preserve_aspect_ratio is True"),
    ("DepthToSpace", {"block_size": 0}, "block_size is 0"),
    ("DepthToSpace", {"block_size": 2, "mode": "X"}, "expected DCR or CRD"),
    ("SpaceToBatchND", {"block_shape": [2, 2]}, "paddings is ()"),
    ("BatchToSpaceND", {"block_shape": [2], "crops": [[0, 0], [0, 0]]}, "expected 2 elements"),
    ("LpNormalization", {"p": 3}, "p is 3"),
    ("LRN", {"norm_region": "WITHIN_CHANNEL"}, "expected ACROSS_CHANNELS"),
    ("GroupNormFusion", {}, "num_groups is 0"),
    ("LSTM", {"input_size": 1, "hidden_size": 1, "bidirectional": True}, "use two nodes"),
    ("Softmax", {"axis": [0, 1]}, "expected one axis"),
    ("ArgMaxFusion", {"top_k": -1}, "top_k is -1"),
    ("ConstantOfShape", {"data_type": 99}, "data_type is 99"),
    ("FormatTranspose", {"src_format": 0, "dst_format": 11}, "expected NHWC and NCHW"),
    ("NonMaxSuppression", {"center_point_box": 2}, "center_point_box is 2"),
]


@pytest.mark.parametrize(("op", "values", "message"), BAD_ATTRIBUTES)
def test_bad_attributes_are_refused(op: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the message is compared below, without regular expressions
        ops.attributes(op, values)
    assert message in str(caught.value)


def f32(*shape: int) -> TensorSpec:
    return TensorSpec(DType.FLOAT32, shape)


def i32(*values: int) -> TensorSpec:
    return TensorSpec.of(np.array(values, np.int32))


def one(value: int) -> TensorSpec:
    return TensorSpec.of(np.array(value, np.int32))


I64 = TensorSpec(DType.INT64, (3,))

# operator, schema field values, inputs, error, a part of the message
BAD_INPUTS: list[tuple[str, dict[str, Any], list[TensorSpec], type[Exception], str]] = [
    ("Conv2DFusion", CONV, [f32(1, 4, 4, 3)], ShapeError, "expects 2 to 3 inputs, got 1"),
    ("Conv2DFusion", CONV, [f32(1, 4, 4, 3), f32(8, 3, 3, 4)], ShapeError, "of shape [8,?,?,3], got float32[8,3,3,4]"),
    ("Conv2DFusion", CONV, [f32(1, 2, 2, 3), f32(8, 3, 3, 3)], ShapeError, "window of 3 rows"),
    ("Conv2DFusion", CONV, [f32(4, 4, 3), f32(8, 3, 3, 3)], ShapeError, "rank 4, got float32[4,4,3]"),
    ("Conv2DFusion", CONV, [f32(1, 4, 4, 3), f32(0, 3, 3, 3)], ShapeError, "without empty dimensions"),
    ("Conv2DFusion", CONV, [f32(1, 4, 4, 3), f32(8, 3, 3, 3), f32(7)], ShapeError, "bias of shape [8], got float32[7]"),
    ("Conv2DFusion", {**CONV, "group": 2}, [f32(1, 4, 4, 3), f32(8, 3, 3, 3)], ShapeError, "into 2 groups"),
    ("Conv2DFusion", {**CONV, "group": 3}, [f32(1, 4, 4, 3), f32(8, 3, 3, 1)], ShapeError, "outputs of weights"),
    ("Conv2DFusion", {**CONV, "kernel_size": [1, 1]}, [f32(1, 4, 4, 3), f32(8, 3, 3, 3)], ShapeError, "[8,1,1,3]"),
    ("Conv2DFusion", CONV, [I64, I64], DTypeError, "expects float16, float32, float64, got int64[3]"),
    ("Conv2dTransposeFusion", {**CONV, "pad_list": [3] * 4}, [f32(1, 4, 4, 3), f32(3, 1, 1, 2)], ShapeError, "nothing"),
    ("MaxPoolFusion", POOL, [f32(1, 1, 4, 3)], ShapeError, "does not fit"),
    ("MaxPoolFusion", {"global": True}, [f32(1, 0, 4, 3)], ShapeError, "at least one pixel"),
    ("MatMulFusion", {}, [f32(2, 3), f32(4, 5)], ShapeError, "inner dimensions 3 and 4 differ"),
    ("MatMulFusion", {}, [f32(2, 2, 3), f32(3, 3, 5)], ShapeError, "broadcast"),
    ("MatMulFusion", {}, [f32(3), f32(3, 5)], ShapeError, "rank 2 or more"),
    ("FullConnection", {}, [f32(2, 5), f32(4, 3)], ShapeError, "do not divide"),
    ("FullConnection", {"use_axis": True, "axis": 5}, [f32(2, 3), f32(4, 3)], ShapeError, "axis 5 is outside [-2, 2)"),
    ("AddFusion", {}, [f32(2, 3), f32(4)], ShapeError, "cannot broadcast float32[2,3] with float32[4]"),
    ("AddFusion", {}, [f32(3), I64], DTypeError, "one dtype, got float32[3] and int64[3]"),
    ("LogicalAnd", {}, [f32(3), f32(3)], DTypeError, "expects bool"),
    ("Reshape", {}, [f32(2, 3), i32(4, -1)], ShapeError, "4 must divide"),
    ("Reshape", {}, [f32(2, 3), i32(-1, -1)], ShapeError, "one -1 at most"),
    ("Reshape", {}, [f32(2, 3), i32(7)], ShapeError, "with 6 elements into [7]"),
    ("Reshape", {}, [f32(2, 3), i32(6, 1, 0)], ShapeError, "does not have"),
    ("Reshape", {}, [f32(1), i32(*[1] * 9)], ShapeError, "more than 8 dimensions"),
    ("Reshape", {}, [f32(6), f32(1)], DTypeError, "expects int32, int64"),
    ("Transpose", {}, [f32(2, 3), i32(0, 0)], ShapeError, "name an axis twice"),
    ("Transpose", {}, [f32(2, 3), i32(0)], ShapeError, "expects 2 axes"),
    ("Concat", {"axis": 1}, [f32(2, 3), f32(3, 3)], ShapeError, "cannot join"),
    ("Concat", {}, [], ShapeError, "expects 1 to more inputs"),
    ("Squeeze", {"axis": [0]}, [f32(2, 1)], ShapeError, "other than 1"),
    ("Unsqueeze", {"axis": [0, 0]}, [f32(2)], ShapeError, "twice"),
    ("Unstack", {}, [f32(2**20, 1)], ShapeError, "at most 65536 outputs"),
    ("Split", {"output_num": 2, "axis": 1}, [f32(2, 3)], ShapeError, "2 equal pieces"),
    ("Split", {"size_splits": [1, 1], "axis": 1}, [f32(2, 3)], ShapeError, "do not add up"),
    ("ReduceFusion", {"mode": 1}, [f32(2, 0), i32(1)], ShapeError, "the max of nothing"),
    ("ReduceFusion", {}, [f32(2, 3), i32(2)], ShapeError, "axis 2 is outside"),
    ("ReduceFusion", {"reduce_to_end": True}, [f32(2, 3)], ShapeError, "expects one axis"),
    ("BiasAdd", {}, [f32(2, 3), f32(2)], ShapeError, "[3], got float32[2]"),
    ("LayerNormFusion", {"begin_norm_axis": 1, "begin_params_axis": 1}, [f32(2, 3), f32(3)], ShapeError, "both"),
    ("Softmax", {"axis": [3]}, [f32(2, 3)], ShapeError, "axis 3 is outside [-2, 2)"),
    ("Cast", {}, [f32(3), one(99)], DTypeError, "no number type of that id"),
    ("Cast", {}, [f32(3), TensorSpec(DType.INT32, ())], DTypeError, "as a constant"),
    ("SliceFusion", {}, [f32(4), i32(2), i32(3)], ShapeError, "outside axis 0"),
    ("SliceFusion", {}, [f32(4), i32(-1), i32(1)], ShapeError, "outside axis 0"),
    ("SliceFusion", {}, [f32(4), i32(0, 0), i32(1, 1)], ShapeError, "2 axes"),
    ("StridedSlice", {}, [f32(4), i32(0), i32(1), i32(0)], ShapeError, "stride of axis 0 is 0"),
    ("StridedSlice", {"shrink_axis_mask": 1}, [f32(4), i32(4), i32(5), i32(1)], ShapeError, "index 4 is outside"),
    ("StridedSlice", {}, [f32(4), i32(0, 0), i32(1, 1), i32(1, 1)], ShapeError, "too many for"),
    ("StridedSlice", {"ellipsis_mask": 3}, [f32(4), i32(0, 0), i32(1, 1), i32(1, 1)], ShapeError, "2 ellipses"),
    ("Gather", {}, [f32(4), f32(1), one(0)], DTypeError, "expects int32, int64"),
    ("Gather", {}, [f32(4), i32(1), one(1)], ShapeError, "axis 1 is outside"),
    ("TileFusion", {}, [f32(2, 3), i32(2)], ShapeError, "2 multiples >= 0 or more"),
    ("TileFusion", {}, [f32(2), i32(-1)], ShapeError, ">= 0"),
    ("TileFusion", {}, [f32(2**20), i32(2**30)], ShapeError, "more than 8 dimensions or 1099511627776 elements"),
    ("BroadcastTo", {"shape": [2, 4]}, [f32(3)], ShapeError, "cannot broadcast float32[3] to [2, 4]"),
    ("PadFusion", {}, [f32(3), i32(1)], ShapeError, "2 paddings >= 0"),
    ("PadFusion", {"padding_mode": 1}, [f32(3), i32(3, 0)], ShapeError, "more elements than"),
    ("Resize", {"method": 0}, [f32(1, 2, 2, 1)], ShapeError, "into 0 x 0 pixels"),
    ("Resize", {"method": 0}, [f32(1, 2, 2, 1), i32(1, 2, 3)], ShapeError, "2 or 4 numbers"),
    ("DepthToSpace", {"block_size": 2}, [f32(1, 2, 2, 3)], ShapeError, "cannot divide 3 by 4"),
    ("Fill", {}, [f32(), i32(-1)], ShapeError, "shape >= 0"),
    ("Range", {"limit": HUGE}, [], ShapeError, "int32"),
    ("Range", {"limit": 5, "delta": 0}, [], ShapeError, "has no end"),
    ("TopKFusion", {"axis": -1}, [f32(3), one(4)], ShapeError, "cannot find 4 elements"),
    ("OneHot", {}, [i32(1), one(-1), f32(2)], ShapeError, "depth >= 0"),
    ("ScatterNd", {}, [TensorSpec(DType.INT32, (2, 3)), f32(2), i32(4)], ShapeError, "1 to 1 numbers"),
    ("LSTM", {"input_size": 3, "hidden_size": 4}, [f32(5, 2, 3), *[f32(1, 2, 4)] * 2, f32(9)], ShapeError, "[112]"),
]


@pytest.mark.parametrize(("op", "values", "inputs", "error", "message"), BAD_INPUTS)
def test_bad_inputs_are_refused(
    op: str, values: dict[str, Any], inputs: list[TensorSpec], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        ops.infer(ops.attributes(op, values), inputs)
    assert message in str(caught.value)


BAD_INDICES: list[tuple[str, dict[str, Any], list[np.ndarray], str]] = [
    ("InvertPermutation", {}, [np.array([0, 0])], "each of 0..1 once"),
]


@pytest.mark.parametrize(("op", "values", "inputs", "message"), BAD_INDICES)
def test_bad_index_values_are_refused(op: str, values: dict[str, Any], inputs: list[np.ndarray], message: str) -> None:
    with pytest.raises(ShapeError) as caught:
        ops.evaluate(ops.attributes(op, values), inputs)
    assert message in str(caught.value)


WILD_VALUES = {
    "long": (-(2**63), -1, 0, 1, 2**31, 2**63 - 1),
    "float": (float("nan"), float("inf"), -1e38, 0.0),
    "bool": (True,),
    "string": ("", "\0"),
    "[long]": ((), (0,), (-1, -1), (HUGE, HUGE), (1,) * 4, (-(2**63),) * 4, (1, 2) * 40),
    "[float]": ((), (float("nan"),), (1.0, 2.0)),
    "Vec2D": ((), ((),), ((1, 2), (3, 4)), ((-1, HUGE),) * 2, ((HUGE, HUGE),) * 2),
}
WILD_SHAPES = ((), (0,), (-1,), (1, 1), (2**31 - 1,) * 2, (1, 2**31 - 1, 2**31 - 1, 2), (0, 3, 3, 0), (1,) * 8)


@pytest.mark.parametrize("op", ops.known_ops())
def test_hostile_attributes_and_shapes_give_typed_errors(op: str) -> None:
    """Each field takes wild values, each input wild shapes, dtypes and values: typed errors or an answer, at once.

    What inference accepts can be computed.
    """
    row = next(case for case in CASES if case.op == op)
    known = [TensorSpec.of(x) for x in row.inputs()]
    specs = [spec if i in row.constant else spec.like() for i, spec in enumerate(known)]
    for attrs in wild_attributes(row.attrs):
        infer_or_refuse(attrs, specs)
    for i, spec in enumerate(specs):
        for wild in wild_specs(spec):
            infer_or_refuse(row.attrs, [*specs[:i], wild, *specs[i + 1 :]])
    for count in range(8):
        infer_or_refuse(row.attrs, (specs * 8)[:count])


def infer_or_refuse(attrs: Attributes, specs: list[TensorSpec]) -> None:
    with contextlib.suppress(ShapeError, DTypeError):
        outputs = ops.infer(attrs, specs)
        if all(x.is_static for x in (*specs, *outputs)) and sum(x.size for x in (*specs, *outputs)) < 10_000:
            ops.evaluate(attrs, [np.zeros(x.shape, x.dtype) if x.value is None else x.value for x in specs])


def wild_specs(spec: TensorSpec) -> list[TensorSpec]:
    wild = [TensorSpec(spec.dtype, shape) for shape in WILD_SHAPES]
    wild += [TensorSpec(dtype, spec.shape) for dtype in (DType.STRING, DType.BOOL, DType.UINT64)]
    if spec.value is not None and spec.value.dtype.kind == "i":
        numbers = (-(2**31), -1, 0, 2**31 - 1)
        wild += [TensorSpec.of(np.full(spec.shape, number, spec.value.dtype)) for number in numbers]
    return wild


def wild_attributes(attrs: Attributes) -> list[Attributes]:
    """The attributes with one field after another replaced, as far as they are accepted."""
    kinds = dict(text.partition("=")[0].split(":") for text in schema_fields(attrs.op))
    own = {field.name: getattr(attrs, field.name) for field in dataclasses.fields(attrs)}  # type: ignore[arg-type]
    made: list[Attributes] = []
    for name in own:
        for value in WILD_VALUES.get(kinds[name.rstrip("_")], (-128, 0, 1, 127)):
            with contextlib.suppress(ValueError):
                fields = {n.rstrip("_"): value if n == name else v for n, v in own.items()}
                made.append(ops.attributes(attrs.op, fields))
    return made


def schema_fields(op: str) -> list[str]:
    if op in OPERATORS:
        known = defaults(ops.definition(op).attrs).items()
        return [f"{name}:{'float' if isinstance(default, float) else 'long'}" for name, default in known]
    return next(line.split()[1:] for line in TABLES.splitlines() if line.split()[0] == op)
