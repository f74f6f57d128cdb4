"""A `.ms` model as a `.tflite` file, so that LiteRT runs the same network in `mlite bench --peers`.

Nothing exports MindSpore's networks in that format, so this module writes the operators that such networks have, for
known shapes; operators that it does not know are refused by name. The format's tables are those that LiteRT brings.
Paddings that TensorFlow cannot express are operators of their own, and so are activations that it does not fuse; layer
normalization is written as its formula. int8 codes mean the same in both formats; where TensorFlow wants those of an
operand or a result to have a certain scale, one more operator gives it. A row of _WRITERS is an operator; both formats
are NHWC.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ai_edge_litert.schema_py_generated as schema
import flatbuffers
import numpy as np

from lite.errors import UnsupportedOp, UnsupportedOpError
from lite.model import Model
from lite.ops.enums import ActivationType, PadMode
from lite.ops.quantized import Affine, Quantized
from lite.ops.reduce import ReduceMode
from lite.ops.registry import infer
from lite.ops.resize import CoordinateTransformMode, ResizeMethod
from lite.records import replace
from lite.types import Array, DType, TensorSpec

_VERSION, _IDENTIFIER = 3, b"TFL3"
_TYPES = {
    DType.FLOAT32: "FLOAT32", DType.INT8: "INT8", DType.INT32: "INT32", DType.INT64: "INT64", DType.BOOL: "BOOL"
}  # fmt: skip
_FUSED = {ActivationType.NO_ACTIVATION: "NONE", ActivationType.RELU: "RELU", ActivationType.RELU6: "RELU6"}
_ACTIVATIONS = {
    ActivationType.RELU: "RELU", ActivationType.RELU6: "RELU6", ActivationType.SIGMOID: "LOGISTIC",
    ActivationType.TANH: "TANH", ActivationType.HSWISH: "HARD_SWISH", ActivationType.GELU: "GELU",
    ActivationType.LEAKY_RELU: "LEAKY_RELU",
}  # fmt: skip
_FIXED = {ActivationType.SIGMOID: Affine((1 / 256,), (-128,)), ActivationType.TANH: Affine((1 / 128,))}  # of codes
_OPTIONS = {  # tables that are not called after their operator
    "CONV_2D": "Conv2DOptions", "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions", "MAX_POOL_2D": "Pool2DOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions", "MEAN": "ReducerOptions", "BATCH_MATMUL": "BatchMatMulOptions",
}  # fmt: skip


def write_tflite(model: Model) -> bytes:
    """The file. Raises UnsupportedOpError for a network that this cannot write."""
    file = _File()
    specs = {i: tensor.spec for i, tensor in enumerate(model.tensors)}
    for i in model.inputs:
        file.places[i] = file.tensor(specs[i])
    for node in model.nodes:
        made, writer = None, _WRITERS.get(node.op)
        if writer is not None and node.attrs is not None:
            inputs = [specs[i] for i in node.inputs]
            specs.update(zip(node.outputs, infer(node.attrs, inputs), strict=True))
            coded = node.attrs if isinstance(node.attrs, Quantized) else None
            forms = coded.inputs if coded else (None,) * len(inputs)
            file.form = coded.outputs[0] if coded else None
            places = [file.place(i, specs[i].value, form) for i, form in zip(node.inputs, forms, strict=True)]
            made = writer(file, coded.inner if coded else node.attrs, inputs, places, specs[node.outputs[0]])
        if made is None:
            rows = [UnsupportedOp(node.op, 1, node.name, "")]
            raise UnsupportedOpError(model.name, len(model.nodes), rows, verdict="not written as .tflite")
        file.places[node.outputs[0]] = made
    return file.finish([file.places[i] for i in model.inputs], [file.places[i] for i in model.outputs])


class _File:
    """What is written so far.

    places: the file's tensor for each of the model's that has one. forms: what codes in a tensor of the file stand for.
    form: that of the operator's result that is being written.
    """

    def __init__(self) -> None:
        self.places: dict[int, int] = {}
        self.forms: dict[int, Affine] = {}
        self.form: Affine | None = None
        self._tensors: list[Any] = []
        self._buffers: list[Any] = [schema.BufferT()]  # the first is that of all that is computed
        self._operators: list[Any] = []
        self._codes: dict[str, int] = {}

    def tensor(self, spec: TensorSpec, value: Array | None = None, form: Affine | None = None) -> int:
        tensor = schema.TensorT()
        tensor.shape, tensor.type = list(spec.shape), getattr(schema.TensorType, _TYPES[spec.dtype])
        tensor.name = f"t{len(self._tensors)}".encode()
        tensor.buffer = 0
        if value is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(value).tobytes(), np.uint8)
            tensor.buffer = len(self._buffers)
            self._buffers.append(buffer)
        if form is not None:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = list(form.scale)
            tensor.quantization.zeroPoint = list(form.zero_point) * (len(form.scale) // len(form.zero_point))
            tensor.quantization.quantizedDimension = form.axis
            self.forms[len(self._tensors)] = form
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def place(self, i: int, value: Array | None, form: Affine | None) -> int:
        """The file's tensor for the model's tensor `i`; -1 for one that nothing writes, as optional inputs are."""
        if i not in self.places and value is not None:
            self.places[i] = self.constant(value, form=form)
        return self.places.get(i, -1)

    def constant(self, value: Any, dtype: Any = None, form: Affine | None = None) -> int:
        array = np.asarray(value, dtype)
        return self.tensor(TensorSpec.of(array), array, form)

    def recoded(self, x: int, out: TensorSpec, form: Affine | None) -> int:
        """Tensor `x` with codes of this form."""
        return x if self.forms.get(x) == form else self.add("QUANTIZE", [x], out, form)

    def add(
        self, op: str, inputs: Sequence[int], out: TensorSpec, form: Affine | None = None, **options: Any
    ) -> int:
        """One more operator; the tensor that it writes. form: of other codes than the result's. options: its table."""
        operator = schema.OperatorT()
        operator.opcodeIndex = self._codes.setdefault(op, len(self._codes))
        result = self.tensor(out, form=(form or self.form) if out.dtype == DType.INT8 else None)
        operator.inputs, operator.outputs = list(inputs), [result]
        name = _OPTIONS.get(op, "".join(part.title() for part in op.split("_")) + "Options")
        if hasattr(schema, f"{name}T"):
            table = getattr(schema, f"{name}T")()
            for field, value in options.items():
                setattr(table, field, value)
            operator.builtinOptionsType, operator.builtinOptions = getattr(schema.BuiltinOptions, name), table
        self._operators.append(operator)
        return result

    def activated(self, x: int, kind: ActivationType, out: TensorSpec, **options: Any) -> int | None:
        """options: alpha of LEAKY_RELU, approximate of GELU; None where it has no operator."""
        if kind == ActivationType.NO_ACTIVATION:
            return x
        if kind not in _ACTIVATIONS:
            return None
        wanted = {ActivationType.LEAKY_RELU: "alpha", ActivationType.GELU: "approximate"}.get(kind)
        more = {wanted: options[wanted]} if wanted in options else {}
        y = self.add(_ACTIVATIONS[kind], [x], out, _FIXED.get(kind), **more)
        return self.recoded(y, out, self.form) if out.dtype == DType.INT8 else y

    def fused(
        self, op: str, inputs: Sequence[int], out: TensorSpec, kind: ActivationType, **options: Any
    ) -> int | None:
        """An operator that has a field for activations, and another where that cannot say this one."""
        known = kind if kind in _FUSED else ActivationType.NO_ACTIVATION
        function = getattr(schema.ActivationFunctionType, _FUSED[known])
        y = self.add(op, inputs, out, fusedActivationFunction=function, **options)
        return y if known == kind else self.activated(y, kind, out)

    def finish(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        graph, model = schema.SubGraphT(), schema.ModelT()
        graph.tensors, graph.operators = self._tensors, self._operators
        graph.inputs, graph.outputs = list(inputs), list(outputs)
        model.version, model.subgraphs, model.buffers = _VERSION, [graph], self._buffers
        model.operatorCodes = []
        for name in self._codes:
            code = schema.OperatorCodeT()
            code.builtinCode = getattr(schema.BuiltinOperator, name)
            code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 1
            model.operatorCodes.append(code)
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(model.Pack(builder), _IDENTIFIER)
        return bytes(builder.Output())


_Writer = Callable[[_File, Any, Sequence[TensorSpec], list[int], TensorSpec], "int | None"]


def _padded(file: _File, a: Any, pads: Sequence[int], x: TensorSpec, place: int, fill: float) -> tuple[int, int]:
    """The input with what TensorFlow's two modes cannot say around it, and the mode for what is left to pad."""
    if a.pad_mode == PadMode.SAME:
        return place, schema.Padding.SAME
    if a.pad_mode == PadMode.PAD and any(pads):
        top, bottom, left, right = pads
        amounts = file.constant([[0, 0], [top, bottom], [left, right], [0, 0]], np.int32)
        n, h, w, c = x.shape
        wide = x.like((n, h + top + bottom, w + left + right, c))
        form = file.forms.get(place)
        least = file.constant(form.low, np.int8, form) if form else file.constant(fill, np.float32)
        more = [] if fill == 0.0 else [least]
        place = file.add("PADV2" if more else "PAD", [place, amounts, *more], wide, form)
    return place, schema.Padding.VALID


def _conv2d(file: _File, a: Any, inputs: Sequence[TensorSpec], places: list[int], out: TensorSpec) -> int | None:
    x, w = inputs[:2]
    depthwise = a.group == x.shape[3] and w.shape[3] == 1 and a.group > 1
    if w.value is None or (a.group > 1 and not depthwise):
        return None
    place, padding = _padded(file, a, a.pad_list, x, places[0], 0.0)
    options = {"padding": padding, "strideH": a.stride[0], "strideW": a.stride[1]}
    options |= {"dilationHFactor": a.dilation[0], "dilationWFactor": a.dilation[1]}
    weights, op = places[1], "CONV_2D"
    if depthwise:
        form = file.forms.get(weights)
        form = replace(form, axis=3) if form else None
        op, weights = "DEPTHWISE_CONV_2D", file.constant(w.value[..., 0].transpose(1, 2, 0)[None], form=form)
        options["depthMultiplier"] = w.shape[0] // a.group
    bias = places[2] if len(places) > 2 else _no_bias(file, places, w.shape[0])
    return file.fused(op, [place, weights, bias], out, a.activation_type, **options)


def _no_bias(file: _File, places: Sequence[int], channels: int) -> int:
    x, w = (file.forms.get(place) for place in places)
    if x is None or w is None:
        return file.constant(np.zeros(channels, np.float32))
    form = Affine(tuple(x.scale[0] * scale for scale in w.scale), (0,), bits=32)
    return file.constant(np.zeros(channels, np.int32), form=form)


def _pool(op: str, fill: float) -> _Writer:
    def write(file: _File, a: Any, inputs: Sequence[TensorSpec], places: list[int], out: TensorSpec) -> int | None:
        x = inputs[0]
        if op == "AVERAGE_POOL_2D" and a.pad_mode == PadMode.PAD and any(a.pad):
            return None  # it would count what is around
        place, padding = _padded(file, a, a.pad, x, places[0], fill)
        window, strides = (x.shape[1:3], (1, 1)) if a.global_ else (a.kernel_size, a.strides)
        options = {"filterHeight": window[0], "filterWidth": window[1], "strideH": strides[0], "strideW": strides[1]}
        form = file.forms.get(place)
        y = file.fused(op, [place], out, a.activation_type, form=form, padding=padding, **options)
        return file.recoded(y, out, file.form) if form and y is not None else y

    return write


def _concat(file: _File, a: Any, inputs: Sequence[TensorSpec], places: list[int], out: TensorSpec) -> int | None:
    if file.form:
        places = [file.recoded(place, x, file.form) for place, x in zip(places, inputs, strict=True)]
    return file.add("CONCATENATION", places, out, axis=a.axis)


def _matmul(file: _File, a: Any, inputs: Sequence[TensorSpec], places: list[int], out: TensorSpec) -> int | None:
    w = inputs[1].value
    if w is not None and w.ndim == 2 and not a.transpose_a:
        form = file.forms.get(places[1])
        turned = replace(form, axis=1 - form.axis) if form else None
        weights = places[1] if a.transpose_b else file.constant(w.T, form=turned)
        more = [places[2] if len(places) > 2 else -1]
        return file.fused("FULLY_CONNECTED", [places[0], weights, *more], out, a.activation_type, keepNumDims=True)
    y = file.add("BATCH_MATMUL", places[:2], out, adjX=a.transpose_a, adjY=a.transpose_b)
    if len(places) > 2:
        return file.fused("ADD", [y, places[2]], out, a.activation_type)
    return file.activated(y, a.activation_type, out)


def _binary(op: str) -> _Writer:
    return lambda file, a, inputs, places, out: file.fused(op, places, out, a.activation_type)


def _scale(file: _File, a: Any, inputs: Sequence[TensorSpec], places: list[int], out: TensorSpec) -> int | None:
    if a.axis not in (-1, out.rank - 1):
        return None
    if len(places) == 2:
        return file.fused("MUL", places, out, a.activation_type)
    return file.fused("ADD", [file.add("MUL", places[:2], out), places[2]], out, a.activation_type)


def _layer_norm(file: _File, a: Any, inputs: Sequence[TensorSpec], places: list[int], out: TensorSpec) -> int | None:
    x, (place, gamma, beta) = inputs[0], places
    first = a.begin_norm_axis % x.rank
    few = x.like((*x.shape[:first], *(1 for _ in x.shape[first:])))
    axes = file.constant(list(range(first, x.rank)), np.int32)
    mean = file.add("MEAN", [place, axes], few, keepDims=True)
    squares = file.add("SQUARED_DIFFERENCE", [place, mean], out)
    variance = file.add("MEAN", [squares, axes], few, keepDims=True)
    stable = file.add("ADD", [variance, file.constant(a.epsilon, np.float32)], few)
    centered = file.add("SUB", [place, mean], out)
    normal = file.add("MUL", [centered, file.add("RSQRT", [stable], few)], out)
    return file.add("ADD", [file.add("MUL", [normal, gamma], out), beta], out)


def _reduce(file: _File, a: Any, inputs: Sequence[TensorSpec], places: list[int], out: TensorSpec) -> int | None:
    if a.mode != ReduceMode.ReduceMean or a.reduce_to_end or a.coeff not in (0.0, 1.0):
        return None
    return file.add("MEAN", places[:2], out, keepDims=a.keep_dims)


def _softmax(file: _File, a: Any, inputs: Sequence[TensorSpec], places: list[int], out: TensorSpec) -> int | None:
    return file.add("SOFTMAX", places, out, beta=1.0) if a.axis in ((-1,), (out.rank - 1,)) else None


def _gather(file: _File, a: Any, inputs: Sequence[TensorSpec], places: list[int], out: TensorSpec) -> int | None:
    axis = inputs[2].value if len(inputs) > 2 else np.zeros(1)
    return None if axis is None else file.add("GATHER", places[:2], out, axis=int(axis.reshape(-1)[0]))


def _slice(file: _File, a: Any, inputs: Sequence[TensorSpec], places: list[int], out: TensorSpec) -> int | None:
    if len(places) != 4:
        return None
    masks = {"beginMask": a.begin_mask, "endMask": a.end_mask, "ellipsisMask": a.ellipsis_mask}
    masks |= {"newAxisMask": a.new_axis_mask, "shrinkAxisMask": a.shrink_axis_mask}
    return file.add("STRIDED_SLICE", places, out, **masks)


def _resize(file: _File, a: Any, inputs: Sequence[TensorSpec], places: list[int], out: TensorSpec) -> int | None:
    whole = all(y % x == 0 for x, y in zip(inputs[0].shape, out.shape, strict=True))  # then all ways to round agree
    kind = (a.method, a.coordinate_transform_mode)
    if kind != (ResizeMethod.NEAREST, CoordinateTransformMode.ASYMMETRIC) or not whole:
        return None
    return file.add("RESIZE_NEAREST_NEIGHBOR", [places[0], file.constant(out.shape[1:3], np.int32)], out)


_WRITERS: dict[str, _Writer] = {
    "Activation": lambda file, a, inputs, places, out: file.activated(
        places[0], a.activation_type, out, alpha=a.alpha, approximate=a.approximate
    ),
    "AddFusion": _binary("ADD"),
    "AvgPoolFusion": _pool("AVERAGE_POOL_2D", 0.0),
    "Concat": _concat,
    "Conv2DFusion": _conv2d,
    "Gather": _gather,
    "LayerNormFusion": _layer_norm,
    "MatMulFusion": _matmul,
    "MaxPoolFusion": _pool("MAX_POOL_2D", float(np.finfo(np.float32).min)),
    "MulFusion": _binary("MUL"),
    "QuantDTypeCast": lambda file, a, inputs, places, out: file.add(
        "QUANTIZE" if a.dst_t == DType.INT8 else "DEQUANTIZE", places, out
    ),
    "ReduceFusion": _reduce,
    "Reshape": lambda file, a, inputs, places, out: file.add(
        "RESHAPE", [places[0], file.constant(out.shape, np.int32)], out, newShape=list(out.shape)
    ),
    "Resize": _resize,
    "ScaleFusion": _scale,
    "Softmax": _softmax,
    "StridedSlice": _slice,
    "SubFusion": _binary("SUB"),
    "Transpose": lambda file, a, inputs, places, out: file.add("TRANSPOSE", places[:2], out),
}
