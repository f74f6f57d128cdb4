"""Cases of mindspore.mint, most of whose primitives MindSpore runs on its own processors alone: on CPUs it is asked for
the same by other primitives; see cases.py."""

from __future__ import annotations

from tests.conformance.case import Case

_X = "x=normal(2, 3, 5)"
_XY = "x=normal(2, 3, 5), y=normal(3, 1)"
_POSITIVE = "x=positive(2, 3, 5)"
_SMALL = "x=np.tanh(normal(2, 3, 5))"
_INTEGERS = "x=integers(-9, 9, 4, 5), y=integers(-9, 9, 5)"
_IMAGE = "x=normal(2, 4, 9, 7)"
_LINE = "x=normal(2, 4, 9)"
_VOLUME = "x=normal(1, 4, 5, 6, 7)"
_NN = "ms.mint.nn.functional"


def _mint(primitive: str, expression: str, inputs: str, runs: str = "") -> Case:
    """A case of mint: `expression` begins with the function's name."""
    return Case(primitive, f"ms.mint.{expression}", inputs, runs=runs)


def _nn(primitive: str, expression: str, inputs: str, runs: str = "") -> Case:
    """A case of mint.nn.functional."""
    return Case(primitive, f"{_NN}.{expression}", inputs, runs=runs)


_ELEMENTS = [
    *(_mint(f"{f.capitalize()}Ext", f"{f}(x)", _SMALL, f"ops.{f}(x)") for f in ("acos", "asin", "asinh", "atan")),
    _mint("AcoshExt", "acosh(x)", "x=positive(2, 3, 5) + 1", "ops.acosh(x)"),
    _mint("Atan2Ext", "atan2(x, y)", _XY, "ops.atan2(x, y)"),
    _mint("Exp2", "exp2(x)", _X, "ops.pow(Tensor(2.0), x)"),
    _mint("Frac", "frac(x)", _X, "x - ops.trunc(x)"),
    _mint("IsNegInf", "isneginf(1 / ops.trunc(x))", _X, "1 / ops.trunc(x) == -float('inf')"),
    _mint("Log2", "log2(x)", _POSITIVE, "ops.log2(x)"),
    _mint("Log10", "log10(x)", _POSITIVE, "ops.log10(x)"),
    _mint("FmodTensor", "fmod(x, y)", _XY, "ops.fmod(x, y)"),
    _mint("FmodScalar", "fmod(x, 0.7)", _X, "ops.fmod(x, 0.7)"),
    _mint("LogAddExp", "logaddexp(50 * x, y)", _XY, "ops.logaddexp(50 * x, y)"),
    _mint("LogAddExp2", "logaddexp2(50 * x, y)", _XY, "ops.logaddexp2(50 * x, y)"),
    *(
        _mint(f"Bitwise{f}Tensor", f"bitwise_{f.lower()}(x, y)", _INTEGERS, f"ops.bitwise_{f.lower()}(x, y)")
        for f in ("And", "Or", "Xor")
    ),
    *(
        _mint(
            f"Bitwise{f}Scalar",
            f"bitwise_{f.lower()}(x, 5)",
            _INTEGERS,
            f"ops.bitwise_{f.lower()}(x, Tensor(5, ms.int32))",
        )
        for f in ("And", "Or", "Xor")
    ),
    _mint("BitwiseNot", "bitwise_not(x)", _INTEGERS, "ops.invert(x)"),
    _mint("AddcmulExt", "addcmul(x, y, y, value=0.5)", _XY, "x + 0.5 * y * y"),
    Case("AddcdivExt", "ops.auto_generate.AddcdivExt()(x, y, y + 9, 0.5)", _XY, runs="x + 0.5 * y / (y + 9)"),
    _nn("Hardtanh", "hardtanh(x, -0.5, 0.25)", _X, "ops.clamp(x, -0.5, 0.25)"),
    _nn("Hardtanh", "relu6(x)", _X, "ops.relu6(x)"),
    _nn("EluExt", "elu(x, 0.5)", _X, "ops.where(x > 0, x, 0.5 * (ops.exp(x) - 1))"),
    _nn("SeLUExt", "selu(x)", _X, "ops.selu(x)"),
    _nn("MishExt", "mish(x)", _X, "ops.mish(x)"),
    _nn("LeakyReLUExt", "leaky_relu(x, 0.2)", _X, "ops.leaky_relu(x, 0.2)"),
    _nn("LogSigmoid", "logsigmoid(x)", _X, "ops.log(ops.sigmoid(x))"),
    _nn("Threshold", "threshold(x, 0.1, 0.7)", _X, "ops.where(x > 0.1, x, Tensor(0.7))"),
    Case("Swiglu", "ops.auto_generate.Swiglu()(x, -1)", "x=normal(3, 8)", runs="ops.silu(x[:, :4]) * x[:, 4:]"),
]

_REDUCTIONS = [
    _mint("Std", "std(x)", _X, "ops.std(x, None, 1)"),
    _mint("Std", "std(x, dim=1, correction=0, keepdim=True)", _X, "ops.std(x, 1, 0, True)"),
    _mint("Var", "var(x, dim=(0, 2))", _X, "ops.var(x, (0, 2), 1)"),
    _mint("StdMean", "std_mean(x, 1)", _X, "(ops.std(x, 1, 1), ops.mean(x, 1))"),
    _mint("VarMean", "var_mean(x, 1, keepdim=True)", _X, "(ops.var(x, 1, 1, True), ops.mean(x, 1, True))"),
    Case("ArgMinExt", "ms.mint.argmin(x)", _X, same="x.argmin()"),
    Case("ArgMinExt", "ms.mint.argmin(x, 1, True)", _X, same="x.argmin(1, keepdims=True)"),
    _mint("CumsumExt", "cumsum(x, 1)", _X, "ops.cumsum(x, 1)"),
    _mint("CumsumExt", "cumsum(x, -1)", "x=integers(0, 9, 3, 4)", "ops.cumsum(x.long(), -1)"),
    _mint("LogSumExp", "logsumexp(99 * x, 1)", _X, "ops.logsumexp(99 * x, 1)"),
    _mint("LogSumExp", "logsumexp(x, (0, 2), True)", _X, "ops.logsumexp(x, (0, 2), True)"),
    _mint("LinalgVectorNorm", "norm(x)", _X, "ops.sqrt(ops.square(x).sum())"),
    _mint("LinalgVectorNorm", "norm(x, 1, 1, True)", _X, "ops.abs(x).sum(1, keepdims=True)"),
    _nn("LinalgVectorNorm", "normalize(x)", _X, "x / ops.sqrt(ops.square(x).sum(1, keepdims=True))"),
    Case("MedianExt", "ms.mint.median(x)", _X, same="np.sort(x, None)[14]"),
    _mint("MedianDim", "median(x, 1)", _X, "ops.median(x, 1)"),
    Case("Median", "ops.median(ops.log(x), 1)[0]", _X),
    Case(
        "Std",
        "ms.mint.std(x)",
        "x=(300 * normal(2, 4)).astype(np.float16)",
        same="np.float16(x.astype(np.float32).std(ddof=1))",
    ),
    _mint("CountNonZero", "count_nonzero(ops.trunc(x), 1)", _X, "ops.count_nonzero(ops.trunc(x), 1).long()"),
    _mint("CumminExt", "cummin(x, 1)", _X, "(ops.cummin(x, 1)[0], ops.cummin(x, 1)[1].long())"),
    _mint("Nansum", "nansum(ops.log(x), 1)", _X, "ops.where(x > 0, ops.log(x), Tensor(0.0)).sum(1)"),
    _mint("TopkExt", "topk(x, 2)", _X, "(ops.topk(x, 2)[0], ops.topk(x, 2)[1].long())"),
    _mint(
        "TopkExt", "topk(x, 2, 1, False)", _X, "tuple(v[:, :2] for v in (ops.sort(x, 1)[0], ops.sort(x, 1)[1].long()))"
    ),
    _mint(
        "SortExt", "sort(x, dim=1, descending=True)", _X, "(ops.sort(x, 1, True)[0], ops.sort(x, 1, True)[1].long())"
    ),
    _mint("ArgSort", "argsort(x)", _X, "ops.argsort(x).long()"),
    # On CPUs MindSpore reads the bytes of floats as booleans here.
    Case("ReduceAny", "ms.mint.any(ops.trunc(x), 1)", _X, same="np.trunc(x).any(1)"),
    Case("ReduceAll", "ms.mint.all(ops.trunc(3 * x), 1)", _X, same="np.trunc(3 * x).all(1)"),
]

_MATRICES = [
    _mint("Mm", "mm(x, y)", "x=normal(3, 4), y=normal(4, 5)", "ops.matmul(x, y)"),
    _mint("Mv", "mv(x, y)", "x=normal(3, 4), y=normal(4)", "ops.matmul(x, y)"),
    _mint("Dot", "dot(x, y)", "x=normal(4), y=normal(4)", "ops.matmul(x, y)"),
    _mint("Outer", "outer(x, y)", "x=normal(3), y=normal(4)", "ops.outer(x, y)"),
    _mint(
        "Addmm",
        "addmm(x, y, z, beta=0.5, alpha=2)",
        "x=normal(5), y=normal(3, 4), z=normal(4, 5)",
        "0.5 * x + 2 * ops.matmul(y, z)",
    ),
    _mint("Addmv", "addmv(x, y, z)", "x=normal(3), y=normal(3, 4), z=normal(4)", "x + ops.matmul(y, z)"),
    _mint(
        "Addbmm", "addbmm(x, y, z)", "x=normal(3, 5), y=normal(2, 3, 4), z=normal(2, 4, 5)", "x + ops.bmm(y, z).sum(0)"
    ),
]

_ARRANGEMENT = [
    _mint("UnstackExtView", "unbind(x, 1)", _X),
    _mint("TransposeExtView", "transpose(x, 0, -1)", _X),
    _mint("ExpandDimsView", "unsqueeze(x, -1)", _X),
    _mint("FlattenExt", "flatten(x, 1)", _X),
    _mint("FlattenExt", "flatten(x, 0, 1)", _X),
    _mint("FlattenExt", "flatten(x)", _X),
    _mint("TExt", "t(x)", "x=normal(3, 4)", "x.T"),
    _mint("RepeatInterleaveInt", "repeat_interleave(x, 2, 1)", _X, "ops.repeat_interleave(x, 2, 1)"),
    Case("Repeat", "x.repeat(2, 1, 1, 3)", _X, runs="ops.tile(x, (2, 1, 1, 3))"),
    _mint(
        "ScatterAddExt",
        "scatter_add(x, 1, i, y)",
        "x=normal(3, 4), i=integers(0, 4, 3, 2).astype(np.int64), y=normal(3, 2)",
        "ops.tensor_scatter_elements(x, i, y, 1, 'add')",
    ),
    _mint(
        "IndexAddExt",
        "index_add(x, 1, i, y)",
        "x=normal(3, 4), i=np.array([0, 2]), y=normal(3, 2)",
        "ops.tensor_scatter_elements(x, ops.tile(i, (3, 1)), y, 1, 'add')",
    ),
    _mint("TrilExt", "tril(x, 1)", "x=normal(5, 4)", "ops.tril(x, 1)"),
    _mint("Narrow", "diff(x)", _X, "x[..., 1:] - x[..., :-1]"),
    Case("SliceExt", "ops.auto_generate.SliceExt()(x, 1, 0, 3, 2)", _X, runs="x[:, 0:3:2]"),
    *(
        _nn(f"{kind}Pad{d}D", f"pad(x, {(1, 2) * d}, mode='{mode}')", inputs, f"ops.pad(x, {(1, 2) * d}, '{mode}')")
        for kind, mode in (("Reflection", "reflect"), ("Replication", "replicate"))
        for d, inputs in ((1, _LINE), (2, _IMAGE), (3, _VOLUME))
        if (kind, d) != ("Reflection", 3)
    ),
    Case(
        "ReflectionPad3D",
        f"{_NN}.pad(x, (1, 2, 0, 1, 2, 0), mode='reflect')",
        _VOLUME,
        same="np.pad(x, ((0, 0), (0, 0), (2, 0), (0, 1), (1, 2)), 'reflect')",
    ),
    _mint("Kthvalue", "kthvalue(x, 2, 1)", _X, "(ops.sort(x, 1)[0][:, 1], ops.sort(x, 1)[1][:, 1].long())"),
    _nn("Contiguous", "pixel_shuffle(x, 2)", _IMAGE),
    _mint("TraceExt", "trace(x)", "x=normal(4, 4)", "ops.trace(x)"),
    _mint("FullLike", "full_like(x, 2.5) + x", _X, "x + 2.5"),
    _mint("OnesLikeExt", "ones_like(x) + x", _X),
    _mint("ZerosLikeExt", "zeros_like(x, dtype=ms.int32) + x", _X),
    _mint("LinSpaceExt", "linspace(0, 1, 5) + x", _X, "ops.linspace(0, 1, 5) + x"),
]

# A network of these layers alone, and the same of MindSpore's older ones.
_LAYERS_OF_MINT = """nn.SequentialCell(
            ms.mint.nn.Conv2d(4, 8, 3, padding=1), ms.mint.nn.ReLU(), ms.mint.nn.MaxPool2d(2),
            ms.mint.nn.Conv2d(8, 6, 3, stride=2, padding=1, groups=2), ms.mint.nn.GELU(approximate="tanh"),
            ms.mint.nn.AdaptiveAvgPool2d(1), ms.mint.nn.Flatten(), ms.mint.nn.Linear(6, 5), ms.mint.nn.Softmax(-1))"""
_OLDER = "ops.relu(ops.conv2d(x, self.op[0].weight, self.op[0].bias, 1, 'pad', 1))"
_OLDER = f"ops.conv2d(ops.max_pool2d({_OLDER}, 2), self.op[3].weight, self.op[3].bias, 2, 'pad', 1, 1, 2)"
_OLDER = f"ops.dense(ops.mean(ops.mean(ops.gelu({_OLDER}, 'tanh'), -1), -1), self.op[7].weight, self.op[7].bias)"

_LAYERS = [
    Case("MaxPoolWithMask", "self.op(x)", _IMAGE, _LAYERS_OF_MINT, runs=f"ops.softmax({_OLDER}, -1)"),
    _nn(
        "Conv1DExt",
        "conv1d(x, w, b, padding=1, dilation=2)",
        f"{_LINE}, w=normal(6, 4, 3), b=normal(6)",
        "ops.conv1d(x, w, b, 1, 'pad', 1, 2)",
    ),
    _nn(
        "Convolution",
        "conv1d(x, w, padding='same')",
        f"{_LINE}, w=normal(6, 4, 3)",
        "ops.conv1d(x, w, None, 1, 'pad', 1, 1)",
    ),
    _nn(
        "Conv2DExt",
        "conv2d(x, w, b, (2, 1), (1, 2))",
        f"{_IMAGE}, w=normal(6, 4, 3, 3), b=normal(6)",
        "ops.conv2d(x, w, b, (2, 1), 'pad', (1, 2))",
    ),
    _nn("Conv2DExt", "conv2d(x, w, groups=2)", f"{_IMAGE}, w=normal(6, 2, 3, 3)", "ops.conv2d(x, w, groups=2)"),
    _nn(
        "Convolution",
        "conv2d(x, w, padding='same')",
        f"{_IMAGE}, w=normal(6, 4, 2, 3)",
        "ops.conv2d(x, w, pad_mode='same')",
    ),
    _nn("Convolution", "conv2d(x, w, padding='valid')", f"{_IMAGE}, w=normal(6, 4, 2, 3)", "ops.conv2d(x, w)"),
    _nn(
        "Conv3DExt",
        "conv3d(x, w, padding=1)",
        f"{_VOLUME}, w=normal(6, 4, 3, 3, 3)",
        "ops.conv3d(x, w, None, 1, 'pad', 1)",
    ),
    _nn(
        "Convolution",
        "conv3d(x, w, padding='same')",
        f"{_VOLUME}, w=normal(6, 4, 3, 3, 3)",
        "ops.conv3d(x, w, None, 1, 'same')",
    ),
    Case(
        "Conv2DExt",
        "self.op(x)",
        _IMAGE,
        "ms.mint.nn.Conv2d(4, 6, 3, padding=1)",
        runs="ops.conv2d(x, self.op.weight, self.op.bias, 1, 'pad', 1)",
    ),
    _nn(
        "ConvTranspose2D",
        "conv_transpose2d(x, w, b, 2, 1, 1)",
        f"{_IMAGE}, w=normal(4, 6, 3, 3), b=normal(6)",
        "nn.Conv2dTranspose(4, 6, 3, 2, 'pad', (1, 0, 1, 0), has_bias=True, weight_init=w, bias_init=b)(x)",
    ),
    _nn("AvgPool1D", "avg_pool1d(x, 3, 2)", _LINE, "ops.avg_pool1d(x, 3, 2)"),
    _nn("AvgPool2D", "avg_pool2d(x, 3, 2, 1)", _IMAGE, "ops.avg_pool2d(x, 3, 2, 1)"),
    _nn(
        "AvgPool2D",
        "avg_pool2d(x, 3, 2, 1, count_include_pad=False)",
        _IMAGE,
        "ops.avg_pool2d(x, 3, 2, 1, count_include_pad=False)",
    ),
    _nn("AvgPool3DExt", "avg_pool3d(x, 2)", _VOLUME, "ops.avg_pool3d(x, 2, 2)"),
    _nn("MaxPoolWithMask", "max_pool2d(x, 3, 2, 1)", _IMAGE, "ops.max_pool2d(x, 3, 2, 1)"),
    _nn("MaxPoolWithIndices", "max_pool2d(x, 2, return_indices=True)[0]", _IMAGE, "ops.max_pool2d(x, 2)"),
    _nn("AdaptiveAvgPool1D", "adaptive_avg_pool1d(x, 3)", _LINE, "ops.adaptive_avg_pool1d(x, 3)"),
    _nn("AdaptiveAvgPool2DExt", "adaptive_avg_pool2d(x, (3, 4))", _IMAGE, "ops.adaptive_avg_pool2d(x, (3, 4))"),
    _nn("AdaptiveAvgPool3DExt", "adaptive_avg_pool3d(x, 2)", _VOLUME, "ops.adaptive_avg_pool3d(x, (2, 2, 2))"),
    _nn(
        "BatchNormExt",
        "batch_norm(x, m, v, s, b)",
        f"{_IMAGE}, m=normal(4), v=positive(4), s=normal(4), b=normal(4)",
        "ops.batch_norm(x, m, v, s, b)",
    ),
    _nn(
        "LayerNormExt",
        "layer_norm(x, (3, 5), s, b)",
        f"{_X}, s=normal(3, 5), b=normal(3, 5)",
        "ops.LayerNorm(1, 1, 1e-5)(x, s, b)[0]",
    ),
    _nn("LayerNormExt", "layer_norm(x, (5,))", _X, "ops.LayerNorm(2, 2, 1e-5)(x, ops.ones(5), ops.zeros(5))[0]"),
    _nn(
        "UpsampleLinear1D",
        "interpolate(x, size=12, mode='linear')",
        _LINE,
        "ops.interpolate(x, size=12, mode='linear')",
    ),
    _nn(
        "UpsampleBilinear2D",
        "interpolate(x, size=(12, 11), mode='bilinear')",
        _IMAGE,
        "ops.interpolate(x, size=(12, 11), mode='bilinear')",
    ),
    _nn(
        "UpsampleBilinear2D",
        "interpolate(x, scale_factor=2.0, mode='bilinear', align_corners=True)",
        _IMAGE,
        "ops.interpolate(x, size=(18, 14), mode='bilinear', align_corners=True)",
    ),
    _nn(
        "UpsampleNearest1D",
        "interpolate(x, size=12, mode='nearest')",
        _LINE,
        "ops.interpolate(x, size=12, mode='nearest')",
    ),
    _nn("Im2ColExt", "unfold(x, (2, 3), 2, 1, 2)", _IMAGE, "ops.unfold(x, (2, 3), 2, 1, 2).reshape(2, 24, -1)"),
    _nn(
        "Col2ImExt",
        "fold(x, (6, 5), 2)",
        "x=normal(2, 12, 20)",
        "ops.fold(x.reshape(2, 3, 4, 20), Tensor([6, 5], ms.int32), 2)",
    ),
]

MINT = [*_ELEMENTS, *_REDUCTIONS, *_MATRICES, *_ARRANGEMENT, *_LAYERS]
