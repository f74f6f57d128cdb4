"""The table: for every MindIR primitive that computes something, how it becomes operators of the `.ms` schema.

A row is a name and a lowering (see converter.mindir.lowering). Primitives that only arrange values are in
converter.mindir.structure. Every row is compared with MindSpore itself in tests/conformance/test_ops.py.
"""
from __future__ import annotations

from converter.mindir.lowering import Lower
from converter.mindir.primitives import convolution, elementwise, matrix, normalization, shape
from converter.mindir.primitives.elementwise import activation, binary
from converter.mindir.primitives.normalization import reduce
from lite.ops.enums import ActivationType, ReduceMode

PRIMITIVES: dict[str, Lower] = {
    "Add": binary("AddFusion"),
    "AvgPool": convolution.pool("AvgPoolFusion"),
    "BatchMatMul": matrix.matmul,
    "BatchNorm": normalization.batch_norm,
    "BiasAdd": matrix.bias_add,
    "Concat": shape.concat,
    "Conv2D": convolution.conv2d,
    "Dense": matrix.dense,
    "Div": binary("DivFusion"),
    "Divs": binary("DivFusion"),
    "Elu": elementwise.elu,
    "Equal": binary("Equal"),
    "ExpandDims": shape.expand_dims,
    "Flatten": shape.flatten,
    "GeLU": activation(ActivationType.GELU, approximate=True),
    "Greater": binary("Greater"),
    "GreaterEqual": binary("GreaterEqual"),
    "HSigmoid": activation(ActivationType.HSIGMOID),
    "HSwish": activation(ActivationType.HSWISH),
    "LayerNorm": normalization.layer_norm,
    "Less": binary("Less"),
    "LessEqual": binary("LessEqual"),
    "LogicalAnd": binary("LogicalAnd"),
    "LogicalOr": binary("LogicalOr"),
    "MatMul": matrix.matmul,
    "MaxPool": convolution.pool("MaxPoolFusion"),
    "Maximum": binary("Maximum"),
    "Minimum": binary("Minimum"),
    "Mul": binary("MulFusion"),
    "Muls": binary("MulFusion"),
    "NotEqual": binary("NotEqual"),
    "ReLU": activation(ActivationType.RELU),
    "ReLU6": activation(ActivationType.RELU6),
    "RealDiv": binary("RealDiv"),
    "ReduceMax": reduce(ReduceMode.ReduceMax),
    "ReduceMean": reduce(ReduceMode.ReduceMean),
    "ReduceMin": reduce(ReduceMode.ReduceMin),
    "ReduceSum": reduce(ReduceMode.ReduceSum),
    "Reshape": shape.reshape,
    "SiLU": activation(ActivationType.SWISH),
    "Sigmoid": activation(ActivationType.SIGMOID),
    "Softmax": normalization.softmax,
    "Softplus": activation(ActivationType.SOFTPLUS),
    "Squeeze": shape.squeeze,
    "Stack": shape.stack,
    "Sub": binary("SubFusion"),
    "Tanh": activation(ActivationType.TANH),
    "Transpose": shape.transpose,
}

_TRAINING = "only training needs it: call network.set_train(False) before exporting"
_STATE = "changes a parameter while the network runs: compute the new value and return it instead"
_BRANCH = "branches and loops on tensor values are not supported yet: choose with ops.select, or unroll"

# Primitives that have no row, and what to do about the ones a user can avoid.
WAYS_OUT: dict[str, str] = {
    "Assign": _STATE,
    "AssignAdd": _STATE,
    "AssignSub": _STATE,
    "Dropout": _TRAINING,
    "InplaceAddExt": "changes its input: write x = x + y instead of x += y",
    "Print": "prints while the network runs: remove the print from construct",
    "Switch": _BRANCH,
    "switch_layer": _BRANCH,
}
