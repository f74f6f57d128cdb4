"""Cases for single operators: what to write in construct, on which inputs. One row a case; see test_ops.py."""
from __future__ import annotations

from tests.conformance.case import Case, family
from tests.conformance.cases_arrangement import ARRANGEMENT
from tests.conformance.cases_functions import FUNCTIONS
from tests.conformance.cases_mint import MINT
from tests.conformance.cases_volumes import VOLUMES

_X = "x=normal(2, 3, 5)"
_NEAREST = "ops.auto_generate.ResizeNearestNeighborV2"
_XY = "x=normal(2, 3, 5), y=normal(3, 1)"
_IMAGE = "x=normal(2, 4, 9, 7)"
_BEYOND = "x=np.array([3e9, -3e9, 300, -300, 7e4, 1e20, np.inf, -np.inf, np.nan, 2147483520] * 9, np.float32)"
_ROWS = "x=normal(5, 4), y=normal(3, 4)"
_ONE_EACH = "i=integers(0, 4, 5, 1), y=normal(5, 1)"
_INTS = "x=integers(-7, 8, 3, 4), y=integers(1, 4, 4)"
_COMPARISONS = "Greater:greater GreaterEqual:ge Less:less LessEqual:le Equal:equal NotEqual:not_equal"

ELEMENTWISE = [
    *family("Abs:abs Neg:neg Square:square Floor:floor Ceil:ceil Sin:sin Cos:cos Erf:erf Exp:exp", "{}(x)", _X),
    *family("Log:log Log1p:log1p Sqrt:sqrt Rsqrt:rsqrt Reciprocal:reciprocal", "{}(x)", "x=positive(2, 3, 5)"),
    *family("Add:add Sub:sub Mul:mul Div:div Maximum:maximum Minimum:minimum", "{}(x, y)", _XY),
    *family("Add:add Sub:sub Mul:mul Maximum:maximum Minimum:minimum Div:div", "{}(x, y)", _INTS),
    *family(_COMPARISONS, "{}(x, y)", _XY),
    *family(_COMPARISONS, "{}(x, y)", _INTS),
    *family("LogicalAnd:logical_and LogicalOr:logical_or", "{}(x, y)", "x=booleans(3, 4), y=booleans(4)"),
    Case("LogicalXor", "ops.logical_xor(x, y)", "x=booleans(3, 4), y=booleans(4)"),
    Case("LogicalNot", "ops.logical_not(x)", "x=booleans(3, 4)"),
    Case("Abs", "abs(x)", "x=integers(-5, 5, 7)"),
    Case("Neg", "-x", "x=np.arange(5, dtype=np.uint8)"),
    Case("ReLU", "ops.relu(x)", "x=integers(-5, 5, 7)"),
    Case("Select", "ops.select(self.op, x, y)", "x=normal(3), y=normal(3)", "Tensor(True)"),
    Case("Square", "ops.square(x)", "x=integers(-5, 5, 7)"),
    Case("Round", "ops.round(x)", "x=halves(4, 9)"),
    Case("Round", "ops.round(x)", "x=integers(-5, 5, 7)"),
    Case("IsFinite", "ops.isfinite(x)", "x=np.array([1, np.inf, -np.inf, np.nan, 0], np.float32)"),
    Case("Add", "x + 1", _X),
    Case("Add", "x + y", "x=normal(2, 3), y=integers(0, 5, 2, 3)"),
    Case("InplaceAddExt", "ops.relu(x).add_(y)", _XY),
    Case("InplaceAddExt", "ops.relu(x).add_(y, alpha=2)", _XY),
    Case("Sub", "1 - x", _X),
    Case("Muls", "x * 2.5", _X),
    Case("Muls", "x * 2", "x=integers(-5, 5, 2, 3)"),
    Case("Muls", "x * 2.5", "x=integers(-5, 5, 2, 3)"),
    Case("Divs", "x / 3", _X),
    Case("Divs", "x / 2", "x=integers(-5, 5, 2, 3)"),
    Case("RealDiv", "self.op(x, y)", "x=normal(2, 3), y=positive(2, 3)", "ops.RealDiv()"),
    Case("RealDiv", "self.op(x, y)", _INTS, "ops.RealDiv()"),
    Case("FloorDiv", "x // y", "x=normal(4, 6), y=positive(6)"),
    Case("FloorDiv", "x // y", _INTS),
    Case("FloorMod", "self.op(x, y)", "x=normal(4, 6), y=positive(6)", "ops.FloorMod()"),
    Case("FloorMod", "self.op(x, y)", _INTS, "ops.FloorMod()"),
    Case("RemainderTensorTensor", "x % y", "x=normal(4, 6), y=positive(6)"),
    Case("RemainderTensorScalar", "x % 3", "x=integers(-9, 9, 12)"),
    Case("AddExt", "ms.mint.add(x, y)", _XY),
    Case("AddExt", "ms.mint.add(x, y, alpha=2)", _XY),
    Case("SubExt", "ms.mint.sub(x, y, alpha=0.5)", _XY),
    Case("SquaredDifference", "self.op(x, y)", _XY, "ops.SquaredDifference()"),
    Case("Pow", "x ** 2", _X),
    Case("Pow", "ops.pow(x, y)", "x=positive(2, 3), y=normal(3)"),
    Case("LessScalar", "x < 0", _X),
    Case("LessScalar", "x < 0.5", "x=integers(-2, 3, 9)"),
    Case("EqScalar", "x == 0", "x=integers(-1, 2, 12)"),
    Case("AddN", "ops.addn([x, y, x])", "x=normal(2, 3), y=normal(2, 3)"),
    Case("Select", "ops.where(c, x, y)", "c=booleans(2, 3), x=normal(2, 3), y=normal(3)"),
    Case("Select", "ops.where(c, x, 0.0)", "c=booleans(2, 3), x=normal(2, 3)"),
    Case("Select", "ops.select(c, x, y)", "c=booleans(4), x=integers(0, 9, 4), y=integers(0, 9, 4)"),
    Case("MaskedFill", "ops.masked_fill(x, c, 0.5)", "c=booleans(3), x=normal(2, 3)"),
    Case("ClampScalar", "ops.clamp(x, -0.5, 0.5)", _X),
    Case("ClampScalar", "ops.clamp(x, min=0.25)", _X),
    Case("ClampScalar", "ops.clamp(x, -2, 3)", "x=integers(-7, 8, 12)"),
    Case("ClampScalar", "ops.clamp(x, -2, 2.5)", "x=integers(-7, 8, 12)"),
    Case("Cast", "x.astype(ms.int32)", "x=halves(4, 9)"),
    Case("Cast", "x.astype(ms.float16)", _X),
    Case("Cast", "x.astype(ms.bool_)", "x=halves(4, 9)"),
    Case("Cast", "x.astype(ms.float32)", "x=booleans(4, 9)"),
    Case("Cast", "x.astype(ms.int64)", "x=integers(-5, 5, 7)"),
    *(Case("Cast", f"x.astype(ms.{dtype})", _BEYOND) for dtype in ("int8", "int16", "int32", "int64", "uint8")),
    *(Case("Cast", f"x.astype(ms.{dtype})", "x=integers(-70000, 70000, 99)") for dtype in ("int8", "uint8", "int16")),
    Case("CumSum", "ops.cumsum(x, 1)", _X),
    Case("CumSum", "self.op(x, -1)", _X, "ops.CumSum(True, True)"),
]

ACTIVATIONS = [
    *family("ReLU:relu ReLU6:relu6 Sigmoid:sigmoid Tanh:tanh Elu:elu SiLU:silu Softplus:softplus", "{}(x * 5)", _X),
    *family("Softsign:softsign", "{}(x * 5)", _X),
    Case("Elu", "self.op(x)", _IMAGE, "nn.ELU()"),
    Case("GeLU", "self.op(x * 3)", _X, "nn.GELU()"),
    Case("Erf", "ops.gelu(x * 3)", _X),
    Case("HSwish", "self.op(x * 3)", _X, "nn.HSwish()"),
    Case("HSigmoid", "self.op(x * 3)", _X, "nn.HSigmoid()"),
    Case("Mish", "ops.mish(x * 3)", _X),
    Case("SeLU", "ops.selu(x * 3)", _X),
    Case("FastGeLU", "self.op(x * 3)", _X, "nn.FastGelu()"),
    Case("PReLU", "self.op(x)", _IMAGE, "nn.PReLU(4)"),
    Case("PReLU", "self.op(x)", "x=normal(3, 4)", "nn.PReLU(4)"),
    Case("PReLU", "self.op(x)", _IMAGE, "nn.PReLU(1)"),
    Case("Maximum", "self.op(x)", _X, "nn.LeakyReLU(0.1)"),
    Case("Minimum", "self.op(x)", _X, "nn.Hardtanh()"),
    Case("Softplus", "self.op(x * 30)", _X, "ops.Softplus()"),
]

CONVOLUTION = [
    Case("Conv2D", "self.op(x)", _IMAGE, "nn.Conv2d(4, 6, 3)"),
    Case("Conv2D", "self.op(x)", _IMAGE, "nn.Conv2d(4, 6, 3, stride=2)"),
    Case("Conv2D", "self.op(x)", "x=normal(1, 4, 8, 10)", "nn.Conv2d(4, 6, 3, stride=2)"),
    Case("Conv2D", "self.op(x)", "x=normal(1, 4, 8, 10)", "nn.Conv2d(4, 6, (2, 5), stride=(1, 3))"),
    Case("Conv2D", "self.op(x)", _IMAGE, "nn.Conv2d(4, 6, 3, stride=2, pad_mode='valid', has_bias=True)"),
    Case("Conv2D", "self.op(x)", _IMAGE, "nn.Conv2d(4, 6, 3, pad_mode='pad', padding=(0, 1, 2, 1))"),
    Case("Conv2D", "self.op(x)", _IMAGE, "nn.Conv2d(4, 6, 3, pad_mode='pad', padding=2, dilation=2)"),
    Case("Conv2D", "self.op(x)", _IMAGE, "nn.Conv2d(4, 6, 3, pad_mode='same', dilation=2)"),
    Case("Conv2D", "self.op(x)", _IMAGE, "nn.Conv2d(4, 6, 3, group=2)"),
    Case("Conv2D", "self.op(x)", _IMAGE, "nn.Conv2d(4, 4, 3, group=4)"),
    Case("Conv2D", "self.op(x)", _IMAGE, "nn.Conv2d(4, 8, 3, stride=2, group=4)"),
    Case("Conv2D", "self.op(x)", "x=normal(1, 4, 4, 7)", "nn.Conv2d(4, 1, 3, pad_mode='valid', dilation=2)"),
    Case("Conv2D", "self.op(x)", "x=normal(2, 4, 16)", "nn.Conv1d(4, 6, 3)"),
    Case("Conv2D", "self.op(x, w)", "x=normal(1, 3, 5, 5), w=normal(2, 3, 3, 3)", "ops.Conv2D(2, 3)"),
    Case("Conv2DTranspose", "self.op(x)", _IMAGE, "nn.Conv2dTranspose(4, 3, 3, stride=2, pad_mode='same')"),
    Case("Conv2DTranspose", "self.op(x)", _IMAGE, "nn.Conv2dTranspose(4, 3, 4, stride=2, pad_mode='pad', padding=1)"),
    Case("Conv2DTranspose", "self.op(x)", _IMAGE, "nn.Conv2dTranspose(4, 3, 2, 2, pad_mode='valid', has_bias=True)"),
    Case(
        "Conv2DTranspose",
        "self.op(x)",
        _IMAGE,
        "nn.Conv2dTranspose(4, 3, 3, stride=2, pad_mode='pad', padding=1, output_padding=1)",
    ),
    Case("Conv2DTranspose", "self.op(x)", _IMAGE, "nn.Conv2dTranspose(4, 4, 3, 2, 'valid', dilation=2)"),
    Case("SpaceToDepth", "self.op(x)", "x=normal(2, 3, 4, 6)", "ops.SpaceToDepth(2)"),
    Case("DepthToSpace", "self.op(x)", "x=normal(2, 12, 2, 3)", "ops.DepthToSpace(2)"),
    Case("Transpose", "ops.pixel_shuffle(x, 2)", "x=normal(1, 8, 2, 3)"),
]

POOLING = [
    Case("MaxPool", "self.op(x)", _IMAGE, "nn.MaxPool2d(3, 2)"),
    Case("MaxPool", "self.op(x)", _IMAGE, "nn.MaxPool2d(3, 2, pad_mode='same')"),
    Case("MaxPool", "self.op(x)", _IMAGE, "nn.MaxPool2d((2, 3), (2, 1), pad_mode='same')"),
    Case("MaxPool3DWithArgmax", "self.op(x)", _IMAGE, "nn.MaxPool2d(3, 2, pad_mode='pad', padding=1)"),
    Case("MaxPool3DWithArgmax", "self.op(x)", _IMAGE, "nn.MaxPool2d(3, 2, pad_mode='pad', padding=(1, 0))"),
    Case("MaxPool3DWithArgmax", "self.op(x)", _IMAGE, "nn.MaxPool2d(2, 2, pad_mode='pad', ceil_mode=True)"),
    Case("MaxPoolWithArgmax", "self.op(x)[0]", _IMAGE, "ops.MaxPoolWithArgmax(3, 1, pad_mode='same')"),
    Case("MaxPoolWithArgmax", "self.op(x)[0]", _IMAGE, "ops.MaxPoolWithArgmax(2, 2)"),
    Case("AvgPool", "self.op(x)", _IMAGE, "nn.AvgPool2d(3, 2)"),
    Case("AvgPool", "self.op(x)", _IMAGE, "nn.AvgPool2d(3, 2, pad_mode='same')"),
    Case("AvgPool", "self.op(x)", _IMAGE, "nn.AvgPool2d((9, 7))"),
    Case("AvgPool3D", "self.op(x)", _IMAGE, "nn.AvgPool2d(3, 2, pad_mode='pad', padding=1)"),
    Case(
        "AvgPool3D",
        "self.op(x)",
        _IMAGE,
        "nn.AvgPool2d(3, 2, pad_mode='pad', padding=1, count_include_pad=False)",
    ),
    Case("AdaptiveAvgPool2D", "self.op(x)", _IMAGE, "nn.AdaptiveAvgPool2d(1)"),
    *(
        Case("ResizeNearestNeighbor", "self.op(x)", "x=normal(1, 2, 4, 5)", f"ops.ResizeNearestNeighbor({arguments})")
        for arguments in ("(8, 10)", "(7, 3)", "(9, 11), align_corners=True")
    ),
    Case("ResizeNearestNeighborV2", "ops.interpolate(x, size=(9, 7))", "x=normal(1, 2, 4, 5)"),
    *(
        Case("ResizeBilinearV2", f"ops.interpolate(x, size={arguments})", "x=normal(1, 2, 4, 5)")
        for arguments in (
            "(8, 10), mode='bilinear'",
            "(3, 7), mode='bilinear'",
            "(9, 11), mode='bilinear', align_corners=True",
        )
    ),
    Case("ResizeBilinearV2", "self.op(x, (9, 7))", "x=normal(1, 2, 4, 5)", "ops.ResizeBilinearV2()"),
    *(
        Case("ResizeNearestNeighborV2", "self.op(x, (9, 3))", "x=normal(1, 2, 4, 5)", f"{_NEAREST}({arguments})")
        for arguments in ("", "half_pixel_centers=True", "align_corners=True")
    ),
]

_FACTORS = "*(p.asnumpy().reshape(4, *[1] * (x.ndim - 2)) for p in (self.op.gamma, self.op.beta))"
_OF_SIDES = "tuple(range(2, x.ndim)), keepdims=True"
_ALONE = f"(lambda n, g, b: n * g + b)((x - x.mean({_OF_SIDES})) / np.sqrt(x.var({_OF_SIDES}) + 1e-5), {_FACTORS})"

MATRIX = [
    Case("MatMul", "self.op(x, y)", "x=normal(3, 4), y=normal(4, 5)", "ops.MatMul()"),
    Case("MatMul", "self.op(x, y)", "x=normal(4, 3), y=normal(4, 5)", "ops.MatMul(transpose_a=True)"),
    Case("MatMul", "self.op(x, y)", "x=normal(4, 3), y=normal(5, 4)", "ops.MatMul(True, True)"),
    Case("BatchMatMul", "self.op(x, y)", "x=normal(2, 3, 4), y=normal(2, 4, 5)", "ops.BatchMatMul()"),
    Case("BatchMatMul", "self.op(x, y)", "x=normal(2, 5, 3, 4), y=normal(2, 5, 6, 4)", "ops.BatchMatMul(False, True)"),
    Case("MatMulExt", "x @ y", "x=normal(2, 3, 4), y=normal(4, 5)"),
    Case("MatMulExt", "ops.matmul(x, y)", "x=normal(3, 4), y=normal(4)"),
    Case("Dense", "ops.dense(x, y, z)", "x=normal(2, 3, 4), y=normal(5, 4), z=normal(5)"),
    Case("MatMulExt", "ops.matmul(x, y)", "x=normal(4), y=normal(2, 4, 5)"),
    Case("MatMulExt", "ops.matmul(x, y)", "x=normal(4), y=normal(4)"),
    Case("Dense", "ops.dense(x, y)", "x=normal(3, 4), y=normal(5, 4)"),
    Case("BiasAdd", "self.op(x)", "x=normal(3, 4)", "nn.Dense(4, 5)"),
    Case("BiasAdd", "self.op(x)", "x=normal(2, 3, 4)", "nn.Dense(4, 5)"),
    Case("BiasAdd", "ops.bias_add(x, y)", "x=normal(2, 3, 4, 5), y=normal(3)"),
    Case("BiasAdd", "ops.bias_add(x, y)", "x=normal(2, 3, 4), y=normal(3)"),
]

NORMALIZATION = [
    Case("BatchNorm", "self.op(x)", _IMAGE, "nn.BatchNorm2d(4)"),
    Case("BatchNorm", "self.op(x)", "x=normal(3, 4)", "nn.BatchNorm1d(4)"),
    Case("BatchNorm", "self.op(x)", "x=normal(1, 4, 3, 4, 5)", "nn.BatchNorm3d(4)"),
    Case("BatchNorm", "self.op(x)", _IMAGE, "nn.BatchNorm2d(4, use_batch_statistics=True)"),
    Case("BatchNorm", "self.op(x)", "x=normal(3, 4)", "nn.BatchNorm1d(4, use_batch_statistics=True)"),
    Case("LayerNorm", "self.op(x)", _X, "nn.LayerNorm((5,), epsilon=1e-7)"),
    Case("LayerNorm", "self.op(x)", _X, "nn.LayerNorm((3, 5), begin_norm_axis=1, begin_params_axis=1)"),
    Case("LayerNorm", "self.op(x + 10)", "x=normal(2, 768)", "nn.LayerNorm((768,))"),
    Case("GroupNorm", "self.op(x)", _IMAGE, "nn.GroupNorm(2, 4)"),
    *(
        Case("InstanceNorm", "self.op(x)", f"x=normal(2, 4, {sides})", f"nn.InstanceNorm{rank}d(4)", shape, _ALONE)
        for rank, sides, shape in ((1, 9, ""), (2, "9, 7", ""), (2, "9, 7", "x=(2, 4, None, 7)"), (3, "5, 3, 4", ""))
    ),
    Case("Softmax", "ops.softmax(x * 9)", _X),
    Case("Softmax", "ops.softmax(x, axis=1)", _IMAGE),
    Case("Softmax", "self.op(x)", _X, "nn.Softmax(axis=0)"),
    Case("Softmax", "ops.softmax(x, 1)", "x=normal(2, 0, 3)"),
    Case("LogSoftmax", "ops.log_softmax(x * 9)", _X),
    Case("LogSoftmax", "ops.log_softmax(x, 1)", _X),
    Case("L2Normalize", "self.op(x)", _X, "ops.L2Normalize(1)"),
    Case("L2Normalize", "self.op(x)", _X, "ops.L2Normalize(axis=-1, epsilon=1e-12)"),
    Case("LRN", "self.op(x)", _IMAGE, "nn.LRN(depth_radius=2, bias=2.0, alpha=1e-1, beta=0.75)"),
]

REDUCTION = [
    Case("ReduceMean", "ops.mean(x, (2, 3))", _IMAGE),
    Case("ReduceMean", "ops.mean(x, -1, True)", _X),
    Case("ReduceSum", "ops.reduce_sum(x, 1)", _X),
    Case("ReduceSum", "self.op(x, (0, 2))", _X, "ops.ReduceSum(keep_dims=True)"),
    Case("ReduceMax", "ops.amax(x, 1)", _X),
    Case("ReduceMin", "ops.amin(x)", _X),
    Case("ReduceMin", "ops.amin(x, (0, 1), True)", _X),
    Case("ReduceProd", "self.op(x, 1)", "x=positive(2, 3)", "ops.ReduceProd()"),
    Case("ReduceAll", "ops.all(x, 1)", "x=booleans(9, 2)"),
    Case("ReduceAny", "ops.any(x, 1)", "x=booleans(9, 2)"),
    Case("ReduceAny", "x.any()", "x=booleans(9, 2)"),
    Case("SumExt", "x.sum()", _X),
    Case("SumExt", "ops.sum(x, (0, 1), keepdim=True)", _X),
    Case("SumExt", "ops.sum(x, 1)", "x=integers(0, 9, 3, 4)"),
    Case("MeanExt", "ms.mint.mean(x, 1)", _X),
    Case("MeanExt", "ms.mint.mean(x)", _X),
    Case("ProdExt", "ops.prod(x, 1)", "x=positive(2, 3)"),
    Case("Max", "x.max()", _X),
    Case("Min", "x.min()", _X),
    Case("Argmax", "ops.argmax(x, 1)", _X),
    Case("Argmax", "self.op(x)", _X, "ops.Argmax(-1, ms.int32)"),
    Case("Argmin", "ops.argmin(x, 1)", _X),
    Case("ArgMaxWithValue", "ops.max(x, 1)", _X),
    Case("ArgMaxWithValue", "self.op(x)", _X, "ops.ArgMaxWithValue(axis=-1, keep_dims=True)"),
    Case("ArgMinWithValue", "ops.min(x, 2)", _X),
    Case("TopK", "ops.topk(x, 3)", "x=normal(2, 8)"),
    Case("TopK", "ops.topk(x, 1)", "x=normal(5)"),
    Case("Sort", "ops.sort(x)", "x=halves(3, 9)"),
    Case("Sort", "ops.sort(x, axis=0, descending=True)", "x=halves(7, 2)"),
    Case("Sort", "ops.sort(x, axis=1)", "x=integers(-3, 3, 2, 7, 3)"),
    Case("NonZero", "ops.nonzero(x)", "x=integers(0, 2, 3, 4)"),
    Case("NonZero", "ops.nonzero(x > 0)", "x=normal(2, 3, 2)"),
    Case("NonZero", "x[x > 0] * 2", "x=normal(4, 5)"),
    Case("NonZero", "ops.nonzero(x > 9)", "x=normal(4, 5)"),
    Case("NonZero", "ops.concat((x, ops.gather_nd(x, ops.nonzero(x > 0)).sum(keepdims=True)))", "x=normal(5)"),
    Case("MaskedSelect", "ops.masked_select(x, y)", "x=normal(2, 3), y=booleans(2, 3)"),
    Case("MaskedSelect", "ops.masked_select(x, y).sum()", "x=normal(2, 3), y=booleans(3)"),
    Case("Unique", "ops.unique(x)", "x=integers(0, 4, 9)"),
    Case("Unique", "ops.unique(x)[0] + 1", "x=integers(-2, 3, 2, 6)"),
]

SHAPE = [
    Case("Reshape", "x.reshape((-1, 5))", _X),
    Case("Reshape", "ops.reshape(x, (5, 3, -1, 1))", _X),
    Case("Reshape", "x.reshape(())", "x=normal(1, 1)"),
    Case("Reshape", "x.reshape((3, 0)), x.reshape((0, 0))", "x=normal(0, 3)"),
    Case("Flatten", "ops.flatten(x)", _X),
    Case("Flatten", "self.op(x)", "x=normal(3, 4)", "nn.Flatten()"),
    Case("Transpose", "x.transpose((0, 2, 1))", _X),
    Case("Transpose", "ops.permute(x, (-1, 0, 1))", _X),
    Case("ExpandDims", "x.expand_dims(1)", _X),
    Case("ExpandDims", "ops.unsqueeze(x, -1)", _X),
    Case("Squeeze", "x.squeeze()", "x=normal(2, 1, 3, 1)"),
    Case("Squeeze", "x.squeeze(-1)", "x=normal(2, 1, 3, 1)"),
    Case("Concat", "ops.concat((x, y), 1)", "x=normal(4, 3), y=normal(4, 2)"),
    Case("Concat", "ops.concat((x, y, x), -1)", _IMAGE + ", y=normal(2, 4, 9, 2)"),
    Case("Stack", "ops.stack((x, y), 1)", "x=normal(4, 3), y=normal(4, 3)"),
    Case("Stack", "ops.stack([x, x], -1)", "x=normal(4, 3)"),
    Case("Unstack", "ops.unstack(x, 1)", "x=normal(4, 3)"),
    Case("Split", "ops.split(x, 2, axis=1)", "x=normal(4, 6)"),
    Case("Split", "ops.chunk(x, 3, axis=-1)", "x=normal(4, 6)"),
    *(
        Case("StridedSlice", expression, "x=normal(4, 5, 6)")
        for expression in (
            "x[:, 1]",
            "x[1:3, ::2]",
            "x[..., -1]",
            "x[-2:, 1:-1]",
            "x[::-1]",
            "x[:, None, 2]",
            "x[3, 1:100, -3:]",
            "x[..., 2:4]",
            "x[:, -1:]",
            "ops.split(x, [1, 2, 3], axis=2)",
        )
    ),
    Case("StridedSlice", "self.op(x, (0, 1), (2, 5), (1, 2))", _X, "ops.StridedSlice()"),
    Case("StridedSlice", "self.op(x, (0, 0, 1), (9, 9, 4), (1, 1, 1))", _X, "ops.StridedSlice(3, 3, 0, 0, 4)"),
    Case("StridedSlice", "self.op(x, (1, 0, 1), (2, 0, 3), (1, 1, 1))", _X, "ops.StridedSlice(ellipsis_mask=2)"),
    Case("Slice", "ops.slice(x, (1, 0, 2), (1, 3, 2))", _X),
    Case("Slice", "ops.slice(x, (0, 1, 0), (-1, 2, -1))", _X),
    Case("Gather", "ops.gather(x, y, 1)", "x=normal(4, 5), y=integers(0, 5, 2, 3)"),
    Case("Gather", "ops.gather(x, y, 0)", "x=integers(0, 99, 6), y=integers(0, 6, 4)"),
    Case("Gather", "self.op(x)", "x=integers(0, 10, 2, 3)", "nn.Embedding(10, 4)"),
    Case("Gather", "x[y]", "x=normal(4, 5), y=integers(-4, 4, 3)"),
    Case("GatherD", "ops.gather_elements(x, 1, y)", "x=normal(4, 5), y=integers(0, 5, 4, 2)"),
    Case("GatherNd", "ops.gather_nd(x, y)", "x=normal(4, 5, 6), y=integers(0, 4, 3, 2)"),
    Case("ScatterNd", "ops.scatter_nd(i, x, (4, 3))", "i=integers(0, 4, 6, 1), x=normal(6, 3)"),
    Case("TensorScatterUpdate", "ops.tensor_scatter_update(x, self.op, y)", _ROWS, "Tensor([[4], [0], [2]])"),
    Case("TensorScatterAdd", "ops.tensor_scatter_add(x, i, y)", _ROWS + ", i=integers(0, 5, 3, 1)"),
    Case("TensorScatterElements", "self.op(x, i, y)", "x=normal(5, 4), " + _ONE_EACH, "ops.TensorScatterElements(1)"),
    Case("Tile", "ops.tile(x, (2, 3))", "x=normal(2, 3)"),
    Case("Tile", "ops.tile(x, (2, 1, 3))", "x=normal(2, 3)"),
    Case("BroadcastTo", "ops.broadcast_to(x, (4, 2, 3))", "x=normal(2, 1)"),
    Case("BroadcastTo", "ops.broadcast_to(x, (-1, 3))", "x=normal(2, 1)"),
    Case("Pad", "self.op(x)", _X, "nn.Pad(((0, 0), (1, 1), (2, 0)))"),
    Case("MirrorPad", "self.op(x)", _X, "nn.Pad(((0, 0), (1, 1), (2, 0)), 'REFLECT')"),
    Case("MirrorPad", "self.op(x)", _X, "nn.Pad(((0, 0), (1, 1), (2, 0)), 'SYMMETRIC')"),
    Case("PadV3", "ops.pad(x, (1, 2, 0, 3))", "x=normal(2, 3, 4, 5)"),
    Case("PadV3", "ops.pad(x, (1, 2), value=3.0)", "x=normal(2, 3, 4, 5)"),
    Case("PadV3", "ops.pad(x, (1, 2, 0, 3), mode='reflect')", "x=normal(2, 3, 4, 5)"),
    Case("ReverseV2", "ops.flip(x, (0, 2))", _X),
    *(
        Case("Roll", f"ops.roll(x, {turn})", _X, dynamic=shape, same=f"np.roll(x, {turn})")
        for turn in ("2, 2", "(-1, 4), (1, -1)", "(3,), (1,)", "7")
        for shape in ("", "x=(2, None, None)")
    ),
    Case("OneHot", "ops.one_hot(x, 5)", "x=integers(0, 5, 3)"),
    Case("OneHot", "ops.one_hot(x, 5, Tensor(2.0, ms.float32), Tensor(-1.0, ms.float32), 0)", "x=integers(0, 5, 3, 2)"),
]

_ANY = "x=(None, 3, 10)"
_IMAGES = "x=(None, 3, None, None)"
_ANY_TWO = "x=(None, None, 10)"


def _computed(primitive: str, expression: str, dynamic: str = _ANY, op: str = "None") -> Case:
    """A shape that is computed from dynamic dimensions."""
    return Case(primitive, expression, "x=normal(4, 3, 10), y=normal(1, 10)", op, dynamic)


def _scaled(primitive: str, factor: float, mode: str, dynamic: str = _IMAGES) -> Case:
    """A size that is a factor times dynamic dimensions."""
    how = f"scale_factor={factor}, mode={mode!r}, recompute_scale_factor=True"
    return Case(primitive, f"ops.interpolate(x, {how})", "x=normal(2, 3, 5, 8)", dynamic=dynamic)


COMPUTED_SHAPES = [
    _computed("Shape", "x.view(x.shape[0], -1)"),
    _computed("Shape", "ops.reshape(ops.relu(x), (x.shape[0], -1))"),
    _computed("Shape", "x.reshape(x.shape[0], -1, 2, 5).transpose(0, 2, 1, 3)"),
    _computed("Shape", "ops.relu(x).reshape(x.shape[0], x.shape[1], 2, 5)", _ANY_TWO),
    _computed("Shape", "x.reshape(x.shape[0], x.shape[1], -1, 5)", _ANY_TWO),
    _computed("Shape", "ops.matmul(x.reshape(x.shape[0], -1), x.reshape(x.shape[0], -1).T)"),
    _computed("Shape", "ops.broadcast_to(y, (x.shape[0], 10)) + x[:, 0]"),
    _computed("Shape", "ops.tile(y, (x.shape[0], 1)) + x[:, 0]"),
    _computed("Shape", "x.sum() / x.shape[0]"),
    _computed("ScalarAdd", "x * (x.shape[0] + 1)"),
    _computed("ScalarSub", "x * (x.shape[0] - 1)"),
    _computed("ScalarMul", "x * (x.shape[0] * 3)"),
    _computed("Reshape", "x.reshape(x.shape[0] * x.shape[1], 2, 5)", _ANY_TWO),
    _computed("ScalarFloorDiv", "x.reshape(x.shape[0] // 2, 2, x.shape[1], 10)", _ANY_TWO),
    _computed("ScalarMod", "x * (x.shape[0] % 3)"),
    _computed("ScalarEq", "x * 2 if x.shape[0] == 4 else x + 1"),
    _computed("ScalarGe", "x * 2 if x.shape[0] >= 5 else x + 1"),
    _computed("ScalarGt", "x * 2 if x.shape[0] > 3 else x + 1"),
    _computed("ScalarLe", "x * 2 if x.shape[0] <= 3 else x + 1"),
    _computed("ScalarLt", "x * 2 if x.shape[0] < x.shape[1] else x + 1", _ANY_TWO),
    _computed("BoolNot", "x * 2 if x.shape[0] != 4 else x + 1"),
    _computed("Zeros", "x[:, 0] + ops.zeros((x.shape[0], 10), ms.float32)"),
    _computed("Ones", "x[:, 0] + ops.ones((x.shape[0], 10), ms.float32)"),
    _computed("FillV2", "x[:, 0] + ops.full((x.shape[0], 10), 2.5, dtype=ms.float32)"),
    _computed("FillScalar", "x[:, 0] + ms.mint.full((x.shape[0], 10), 2.5)"),
    _computed("ZerosLike", "x + ops.zeros_like(x)"),
    _computed("OnesLike", "x + ops.ones_like(x)"),
    *(
        _computed("StridedSlice", f"y[:, {index}]")
        for index in (":x.shape[0]", "x.shape[0]:", "1 : x.shape[0] - 1", "x.shape[0] - 1", "::x.shape[0]")
    ),
    _computed("StridedSlice", "x[:, : x.shape[0] // 2] + x[:, y.shape[1] - 10 : 2]", _ANY_TWO),
    _computed("Slice", "ops.slice(x, (0, 1, 0), (x.shape[0], x.shape[1] - 1, 5))", _ANY_TWO),
    _computed("Range", "ops.arange(0, x.shape[0])"),
    _computed("ScalarToTensor", "ops.arange(1, x.shape[0] * 2, 2)"),
    _scaled("TupleToTensor", 1.7, "nearest"),
    _scaled("TensorToTuple", 2.3, "bilinear"),
    _scaled("TensorToTuple", 2.0, "bicubic", "x=(None, 3, 5, 8)"),
    _computed("ResizeBilinearV2", "self.op(x[None], (x.shape[0] * 2, x.shape[1] + 1))", op="ops.ResizeBilinearV2()"),
    _computed("TensorToScalar", "ops.arange(0, x.shape[0] + 1) * 3"),
]

# Exports with open dimensions that conversion needs fixed: for what they ask of shapes, and for sizes of outputs.
FIXED = [
    Case(
        "tuple_equal",
        "self.op(x)",
        "x=normal(3, 11, 32)",
        "nn.TransformerEncoder(nn.TransformerEncoderLayer(32, 4, 64, batch_first=True), 1)",
        "x=(None, None, 32)",
    ),
    Case("InSequence", "ops.interpolate(x, size=(7, 9), mode='bilinear')", "x=normal(2, 3, 5, 8)", dynamic=_IMAGES),
    *(
        Case("Conv2DTranspose", "self.op(x)", "x=normal(2, 3, 5, 8)", f"nn.Conv2dTranspose(3, 4, {how})", _IMAGES)
        for how in (
            "4, stride=2", "3, stride=2", "2, stride=3", "(5, 2), dilation=2", "3, stride=2, pad_mode='valid'",
            "4, stride=2, pad_mode='pad', padding=1", "4, stride=2, pad_mode='pad', padding=(1, 0, 2, 1)",
        )
    ),
]

_BOTH_WAYS = "nn.LSTM(4, 6, has_bias=False, bidirectional=True)"

RECURRENT = [
    Case("LSTM", "self.op(x)", "x=normal(5, 2, 4)", "nn.LSTM(4, 6)"),
    Case("LSTM", "self.op(x)", "x=normal(2, 5, 4)", "nn.LSTM(4, 6, 2, batch_first=True, bidirectional=True)"),
    Case("Select", "self.op(x, None, n)", "x=normal(5, 3, 4), n=integers(1, 6, 3)", "nn.LSTM(4, 6)"),
    Case("Select", "self.op(x, (h, h), n)[0]", "x=normal(5, 3, 4), h=normal(2, 3, 6), n=integers(1, 6, 3)", _BOTH_WAYS),
]

_SEQUENCES = "x=normal(5, 3, 4), n=integers(1, 6, 3)"
_THREE = "self.op(x[2], self.op(x[1], self.op(x[0], {})))"
_STATES = "x=normal(3, 2, 4), h=normal(2, 6)"
_DEEP = "(4, 6, 2, batch_first=True, bidirectional=True)"

# What MindSpore exports step by step, and how many nodes the pipeline leaves of it.
UNROLLED = {
    Case("Sigmoid", "self.op(x)", "x=normal(20, 2, 4)", "nn.GRU(4, 6)"): 2,
    Case("Sigmoid", "self.op(x)", "x=normal(2, 5, 4)", f"nn.GRU{_DEEP}"): 14,
    Case("Sigmoid", "self.op(x, h)[0]", "x=normal(5, 2, 4), h=normal(1, 2, 6)", "nn.GRU(4, 6, has_bias=False)"): 2,
    Case("ReverseSequence", "self.op(x, None, n)", _SEQUENCES, "nn.GRU(4, 6, bidirectional=True)"): 7,
    Case("Tanh", "self.op(x)", "x=normal(2, 5, 4)", f"nn.RNN{_DEEP}"): 14,
    Case("ReLU", "self.op(x)", "x=normal(5, 2, 4)", "nn.RNN(4, 6, nonlinearity='relu', has_bias=False)"): 2,
    Case("Select", "self.op(x, None, n)", _SEQUENCES, "nn.RNN(4, 6)"): 2,
    Case("Sigmoid", _THREE.format("h"), _STATES, "nn.GRUCell(4, 6)"): 1,
    Case("Tanh", _THREE.replace("x[", "x[:, ").format("h"), "x=normal(2, 3, 4), h=normal(2, 6)", "nn.RNNCell(4, 6)"): 2,
    Case("Sigmoid", _THREE.format("(h, h)"), _STATES, "nn.LSTMCell(4, 6)"): 4,
}

STRUCTURAL = [
    Case("MakeTuple", "(x + 1.0, (x * 2.0, (x, unused)), ops.relu(x))", "x=normal(2, 3), unused=normal(1)"),
    Case("Add", "(x + 1.0, x.shape, 3, Tensor([1, 2]))", "x=normal(2, 3)"),
    Case("make_list", "ops.stack([x, y]).sum(0)", "x=normal(2, 3), y=normal(2, 3)"),
]

_BOXES = "ops.concat((xy, xy + wh, score), axis=1)"
_FEW = "xy=positive(9, 2), wh=positive(9, 2), score=normal(9, 1)"
_TIED = "xy=positive(70, 2), wh=positive(70, 2), score=halves(70, 1)"
_ROIS = "ops.concat((ops.cast(index, ms.float32), xy * 4 - 2, xy * 4 + wh * 3), axis=1)"
_REGIONS = "x=normal(2, 3, 9, 7), index=integers(0, 2, 5, 1), xy=positive(5, 2), wh=positive(5, 2)"
_DELTAS = "xy=positive(6, 2), wh=positive(6, 2), d=normal(6, 4)"
_DECODE = "max_shape=(7, 6), means=(0.0, 0.0, 0.0, 0.0)"

DETECTION = [
    Case("NMSWithMask", f"self.op({_BOXES})", _FEW, "ops.NMSWithMask(0.3)"),
    Case("NMSWithMask", f"self.op({_BOXES})", _TIED, "ops.NMSWithMask(0.6)"),
    Case("ROIAlign", f"self.op(x, {_ROIS})", _REGIONS, "ops.ROIAlign(2, 3, 0.5, 2)"),
    Case("ROIAlign", f"self.op(x, {_ROIS})", _REGIONS, "ops.ROIAlign(3, 2, 1.0, 3, 0)"),
    Case(
        "BoundingBoxDecode",
        "self.op(ops.concat((xy, xy + wh), axis=1), d)",
        _DELTAS,
        f"ops.BoundingBoxDecode({_DECODE}, stds=(0.1, 0.1, 0.2, 0.2), wh_ratio_clip=0.016)",
    ),
    Case(
        "BoundingBoxDecode",
        "self.op(ops.concat((xy, xy + wh), axis=1), d * 3)",
        _DELTAS,
        f"ops.BoundingBoxDecode({_DECODE}, stds=(1.0, 1.0, 1.0, 1.0), wh_ratio_clip=0.5)",
    ),
]

CASES = [
    *ELEMENTWISE, *ACTIVATIONS, *CONVOLUTION, *POOLING, *MATRIX, *NORMALIZATION, *REDUCTION, *SHAPE, *COMPUTED_SHAPES,
    *RECURRENT, *UNROLLED, *DETECTION, *STRUCTURAL, *FUNCTIONS, *ARRANGEMENT, *VOLUMES, *MINT,
]  # fmt: skip
