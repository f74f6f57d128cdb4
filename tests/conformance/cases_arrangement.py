"""Cases for less usual matrices, indices, pooling and padding; see cases.py."""
from __future__ import annotations

from tests.conformance.case import Case, family

_X = "x=normal(2, 3, 5)"
_SQUARE = "x=normal(5, 5)"
_IMAGE = "x=normal(2, 4, 9, 7)"
_CROPS = "Tensor([[0.1, 0, 0.9, 1], [-0.2, 0.8, 1.3, 0.1]]), Tensor([1, 0], ms.int32)"
_PLACES = "x=normal(6, 4), i=integers(0, 6, 3, 1), u=normal(3, 4)"
_ELEMENTS = "x=normal(6, 4), i=integers(0, 6, 3, 4), u=normal(3, 4)"
_TWELVE = "i=np.arange(12, dtype=np.int32).reshape(3, 4)"
_WIDE = "x=normal(4, 6), u=normal(3, 4)"
_SAMPLED = "x=normal(2, 3, 5, 7), g=normal(2, 4, 6, 2)"
_GELU = "(x * (1 + np.vectorize(__import__('math').erf)(x / 2**0.5)) / 2).astype(np.float32)"
_BY_TANH = "x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))).astype(np.float32) / 2"
_RMS = "x / np.sqrt(np.square(x).mean({}, keepdims=True) + 1e-3) * g"
_SEGMENTS = "x=normal(6, 4), i=integers(-1, 5, 6)"



def _einsum(equation: str, *shapes: str, dynamic: str = "") -> Case:
    """MindSpore exports it, and numpy computes it."""
    names = "abc"[: len(shapes)]
    inputs = ", ".join(f"{name}=normal({shape})" for name, shape in zip(names, shapes, strict=True))
    terms = f"einsum({equation!r}, {', '.join(names)})"
    return Case("Einsum", f"ops.{terms}", inputs, dynamic=dynamic, same=f"np.{terms}")


ARRANGEMENT = [
    *family("Tril:tril Triu:triu Diag:diag Diagonal:diagonal Trace:trace", "{}(x)", _SQUARE),
    Case("Tril", "ops.tril(x, -1)", _X),
    Case("Triu", "x.triu(2)", _SQUARE),
    Case("Diag", "ops.diag(x)", "x=normal(4)"),
    Case("Diagonal", "ops.diagonal(x, 1, 2, 0)", "x=normal(4, 3, 5)"),
    Case("Diagonal", "ops.diagonal(x, -2)", "x=normal(4, 3, 5)"),
    Case("MatrixBandPart", "ops.matrix_band_part(x, 1, 2)", _X),
    Case("Eye", "ops.eye(5, 5) + x", _SQUARE),
    Case("LinSpace", "ops.linspace(0, 1, 5) + x", _SQUARE),
    Case("Meshgrid", "ops.meshgrid(x, y)", "x=normal(3), y=normal(4)"),
    Case("Meshgrid", "ops.meshgrid(x, y, x, indexing='ij')", "x=normal(3), y=normal(4)"),
    Case("Cross", "ops.cross(x, y, dim=1)", "x=normal(2, 3), y=normal(2, 3)"),
    Case("Ger", "ops.ger(x, y)", "x=normal(3), y=normal(4)"),
    Case("Cdist", "ops.cdist(x, y)", "x=normal(2, 4, 3), y=normal(2, 5, 3)"),
    Case("Cdist", "ops.cdist(x, y, 1.0)", "x=normal(4, 3), y=normal(5, 3)"),
    Case("LpNorm", "ops.norm(x, ord=1, dim=1)", _X),
    Case("LpNorm", "ops.cosine_similarity(x, x * 2 + 1, 1)", _X),
    Case("BatchMatMulExt", "ms.mint.bmm(x, y)", "x=normal(2, 3, 4), y=normal(2, 4, 5)"),
    Case("Baddbmm", "ms.mint.baddbmm(x @ y, x, y, beta=0.5, alpha=2)", "x=normal(2, 3, 4), y=normal(2, 4, 5)"),
    Case("TransposeView", "ms.mint.einsum('bij,bjk->bik', x, y)", "x=normal(2, 3, 4), y=normal(2, 4, 5)"),
    _einsum("ij,jk->ik", "3, 4", "4, 5"),
    _einsum("bij,bjk->bik", "2, 3, 4", "2, 4, 5", dynamic="a=(None, None, 4), b=(None, 4, 5)"),
    _einsum("bi,bj->bij", "2, 3", "2, 5"),
    _einsum("bhqd,bkhd->bhqk", "2, 3, 4, 5", "2, 6, 3, 5", dynamic="a=(None, 3, None, 5), b=(None, None, 3, 5)"),
    _einsum("ijkl,lkm->mij", "2, 3, 4, 5", "5, 4, 6", dynamic="a=(2, 3, None, 5), b=(5, None, 6)"),
    _einsum("...ij,...kj->...ik", "2, 7, 3, 4", "2, 7, 6, 4"),
    _einsum("i...,j...->...", "2, 7, 3", "4, 7, 3"),
    _einsum("ab,cd", "2, 3", "4, 5"),
    _einsum("ba,ac", "2, 3", "3, 5"),
    _einsum("ij,ij->", "3, 4", "3, 4"),
    _einsum("ij,ij->j", "3, 4", "3, 4"),
    _einsum("ij->ji", "3, 4"),
    _einsum("ijk->j", "3, 4, 2"),
    _einsum("ij,jk,lk->il", "3, 4", "4, 5", "2, 5"),
    _einsum("ij,kj,kj->ik", "3, 4", "2, 4", "2, 4"),
    Case("GeluExt", "ms.mint.nn.functional.gelu(x)", _X, same=_GELU),
    Case("GeluExt", "ms.mint.nn.functional.gelu(x, approximate='tanh')", _X, same=_BY_TANH),
    Case("StackExt", "ms.mint.stack((x, x), -1)", _X, same="np.stack((x, x), -1)"),
    Case("IndexSelect", "ms.mint.index_select(x, 1, i)", _X + ", i=integers(0, 3, 4)", same="x[:, i]"),
    Case("NarrowView", "ms.mint.narrow(x, -1, 1, 3)", _X),
    *(Case("SplitTensorView", f"ms.mint.split(x, {size}, -1)", _X) for size in (1, 2, 5)),
    *(Case("ChunkView", f"ms.mint.chunk(x, {count}, 2)", _X) for count in (1, 2, 3, 9)),
    Case("NarrowView", "ms.mint.narrow(x, 1, -2, 2)", _X),
    Case("BroadcastToView", "ms.mint.broadcast_to(x, (4, 2, 3, 5))", _X),
    Case("RmsNorm", "ops.rms_norm(x, g, 1e-3)[0]", _X + ", g=normal(5)", same=_RMS.format("-1")),
    Case("RmsNorm", "ops.rms_norm(x, g, 1e-3)[0]", _X + ", g=normal(3, 5)", same=_RMS.format("(-2, -1)")),
    Case("ReduceStd", "ops.std(x, 1)", _X),
    Case("ReduceStd", "ops.var_mean(x, (0, 2), True, True)", _X),
    Case("Median", "ops.median(x, 1)", _X),
    Case("Median", "ops.median(x)", _X),
    Case("ArgMaxExt", "ms.mint.argmax(x, 1)", _X),
    Case("MaxDim", "ms.mint.max(x, 1)", _X),
    Case("MinDim", "ms.mint.min(x, 1, True)", _X),
    Case("LogSoftmaxExt", "ms.mint.nn.functional.log_softmax(x, 1)", _X),
    Case("SearchSorted", "ops.searchsorted(ops.sort(x)[0], x)", _X),
    Case("SearchSorted", "ops.bucketize(x, [-1.0, 0.0, 1.0])", _X),
    *family("TensorScatterMax:tensor_scatter_max TensorScatterMin:tensor_scatter_min", "{}(x, i, u)", _PLACES),
    *family("TensorScatterMul:tensor_scatter_mul TensorScatterDiv:tensor_scatter_div", "{}(x, i, u)", _PLACES),
    *family("TensorScatterSub:tensor_scatter_sub", "{}(x, i, u)", _PLACES),
    Case("TensorScatterElements", "ops.tensor_scatter_elements(x, i, u, 0, 'add')", _ELEMENTS),
    Case("TensorScatterElements", "ops.tensor_scatter_elements(x, i, u, 1)", f"{_TWELVE} % 6, {_WIDE}"),
    Case("Scatter", "ops.scatter(x, 0, i, u)", f"x=normal(6, 4), {_TWELVE} // 4, u=normal(3, 4)"),
    Case("UnsortedSegmentSum", "ops.unsorted_segment_sum(x, i, 5)", _SEGMENTS),
    Case("UnsortedSegmentMax", "ops.unsorted_segment_max(x, i, 5)", _SEGMENTS),
    Case("UnsortedSegmentMin", "ops.unsorted_segment_min(x, i, 5)", _SEGMENTS),
    Case("UnsortedSegmentProd", "ops.unsorted_segment_prod(x, i, 5)", _SEGMENTS),
    Case("IndexFill", "ops.index_fill(x, 1, i, 1.5)", "x=normal(4, 5), i=integers(0, 5, 2)"),
    Case("SelectExtView", "x.select(0, 1)", _SQUARE),
    Case("OneHotExt", "ms.mint.nn.functional.one_hot(x.long(), 5)", "x=integers(0, 5, 3)"),
    Case("Embedding", "ops.embedding(i, x)", "x=normal(5, 3), i=integers(0, 5, 4)"),
    Case("NewZeros", "x.new_zeros((2, 2)) + x[0, 0]", _SQUARE),
    Case("NewOnes", "x.new_ones((2, 2)) * x[0, 0]", _SQUARE),
    Case("TensorShape", "ops.dyn_shape(x) + 1", _X),
    Case("PadV3", "ops.pad(x, (1, 2, 0, 3), mode='replicate')", _IMAGE),
    Case("PadV3", "ops.pad(x, (1, 2, 0, 3), mode='circular')", _IMAGE),
    Case("PadV3", "ops.pad(x, (-1, 2, 3, -2))", _IMAGE),
    Case("ConstantPadND", "ms.mint.nn.functional.pad(x, (1, 2, 0, 3))", _IMAGE),
    *(Case("AdaptiveAvgPool2D", f"ops.adaptive_avg_pool2d(x, {size})", _IMAGE) for size in ("(3, 7)", "(4, 2)")),
    *(Case("AdaptiveMaxPool2D", f"ops.adaptive_max_pool2d(x, {size})", _IMAGE) for size in ("(3, 7)", "(4, 2)", "1")),
    Case("MaxPoolWithArgmaxV2", "ops.max_pool2d(x, 3, 2, padding=1)", _IMAGE),
    Case("Im2Col", "ops.unfold(x, 3)", _IMAGE),
    Case("Im2Col", "ops.unfold(x, (2, 3), padding=1, stride=2, dilation=2)", _IMAGE),
    Case("ChannelShuffle", "ops.channel_shuffle(x, 2)", _IMAGE),
    Case("UpsampleNearest2D", "ms.mint.nn.functional.interpolate(x, size=(12, 11), mode='nearest')", _IMAGE),
    Case("ResizeBicubic", "ops.interpolate(x, size=(18, 14), mode='bicubic')", _IMAGE),
    Case("ResizeBicubic", "ops.interpolate(x, size=(5, 4), mode='bicubic', align_corners=True)", _IMAGE),
    Case("ResizeLinear1D", "ops.interpolate(x, size=(9,), mode='linear')", _X),
    Case("ResizeLinear1D", "ops.interpolate(x, size=(9,), mode='linear', align_corners=True)", _X),
    Case("Conv2DBackpropInput", "self.op(x)", "x=normal(2, 4, 9)", "nn.Conv1dTranspose(4, 6, 3, stride=2)"),
    Case("GridSampler2D", "ops.grid_sample(x, g)", _SAMPLED),
    Case("GridSampler2D", "ops.grid_sample(x, g, 'nearest', 'border', True)", _SAMPLED),
    Case("GridSampler2D", "ops.grid_sample(x, g, padding_mode='reflection')", _SAMPLED),
    Case("AffineGrid", "ops.affine_grid(x, (2, 4, 5, 6), True)", "x=normal(2, 2, 3)"),
    Case("AffineGrid", "ops.affine_grid(x, (2, 4, 5, 6))", "x=normal(2, 2, 3)"),
    Case("Col2Im", "self.op(ops.unfold(x, 3).reshape(2, 4, 9, -1), Tensor([9, 7], ms.int32))", _IMAGE, "ops.Col2Im(3)"),
    Case("Cummax", "ops.cummax(x, 1)", _X),
    Case("Cummin", "ops.cummin(x, -1)", _X),
    Case("Histogram", "ops.histc(x, 7)", _X),
    Case("MatrixDiagV3", "ops.matrix_diag(x)", _X),
    Case("Renorm", "ops.renorm(x, 2, 1, 1.0)", _X),
    Case("CropAndResize", f"ops.crop_and_resize(x, {_CROPS}, (3, 4))", "x=normal(2, 9, 7, 4)"),
    Case("CropAndResize", f"ops.crop_and_resize(x, {_CROPS}, (1, 5))", "x=normal(2, 9, 7, 1)"),
]
