"""Maps a `.ms` file and turns its tables into tensors and nodes.

The file is mapped, not read: constants are views of the mapping, and a page is loaded when a kernel first touches it.
So the file must not be overwritten in place while a Model lives; replacing it by renaming is fine.
"""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lite import ops
from lite.errors import InvalidModelError, UnsupportedVersionError
from lite.model.contents import Model, Node, Subgraph, Tensor
from lite.model.header import check_identifier, read_version
from lite.model.rules import check_graph
from lite.model.sidecar import Sidecars
from lite.model.source import Opened, Source, open_source
from lite.model.states import with_states
from lite.schema import layout
from lite.schema.decode import Decoder, Rows
from lite.schema.describe import Schema
from lite.types import Array, DType, QuantParams, Stored, TensorSpec

if TYPE_CHECKING:
    from lite.coded import Clustered, Coded

SCHEMA = Schema(layout.TABLES, layout.ENUMS, layout.UNION)

_DTYPES = {int(dtype): dtype for dtype in DType}
_QUANT_FIELDS = (
    ("scale", np.float64), ("zeroPoint", np.int32), ("numBits", np.int32), ("varCorr", np.float32),
    ("meanCorr", np.float32),
)  # fmt: skip
_CONSTANT = 0  # of Tensor.nodeType
_BFLOAT16 = 45  # MindSpore's type id; of constants alone, which are float32 to their readers
_MOST_CLUSTERS = 256
_TENSOR_BYTES_LIMIT = 1 << 40
_MAX_RANK = 32  # numpy's limit in its older versions
_LARGEST = float(np.finfo(np.float32).max)  # of a quantization's numbers
_MESSAGE_LIMIT = 600  # characters; a damaged file may have a name or a list as long as itself



def read_model(source: Source, *, name: str | None = None) -> Model:
    """Read and verify a `.ms` model from a path, or from bytes that nobody changes afterwards.

    name: how errors and the Model call it; the file's name, or "model", where it is not given.

    Raises TypeError for another source; OSError where the file cannot be read; InvalidModelError where it is damaged or
    contradicts itself; UnsupportedVersionError where it is of a version, or protected or packed in a way, that is not
    handled.
    """
    return read_opened(open_source(source), name)


def read_opened(opened: Opened, name: str | None = None) -> Model:
    """As read_model, for a source that is open already."""
    label = opened.label if name is None else name
    try:
        return _read(opened.data, label, Sidecars(opened.folder))
    except (InvalidModelError, UnsupportedVersionError) as error:
        text = str(error)
        clipped = text if len(text) <= _MESSAGE_LIMIT else f"{text[:_MESSAGE_LIMIT]} ..."
        raise type(error)(f"{label}: {clipped}") from error.__cause__


def _read(data: memoryview, label: str, sidecars: Sidecars) -> Model:
    check_identifier(data)
    decoder = Decoder(SCHEMA, data)
    version = read_version(decoder)
    root = decoder.root(layout.ROOT)
    tensors = root["allTensors"] or ()
    nodes = tuple(_node(i, row) for i, row in enumerate(root["nodes"] or ()))
    subgraphs = tuple(_subgraph(i, row, len(tensors)) for i, row in enumerate(root["subGraph"] or ()))
    inputs, outputs = root["inputIndex"] or (), root["outputIndex"] or ()
    # An empty constant has no data to know it by; a tensor that some node writes or the caller feeds is none.
    fed = set(inputs).union(*(graph.inputs for graph in subgraphs), *(node.outputs for node in nodes))
    stored = tuple(_tensor(i, row, i in fed, sidecars) for i, row in enumerate(tensors))
    if any(tensor.quant for tensor in stored) or any(node.quant_type for node in nodes):
        from lite.model.quantization import resolve_quantization

        nodes, stored = resolve_quantization(nodes, stored)
    if any(tensor.spec.dtype is DType.FLOAT16 and tensor.spec.is_known for tensor in stored):
        from lite.model.halves import widen

        stored = widen(nodes, stored)
    model = Model(
        name=label,
        version=version,
        tensors=stored,
        nodes=nodes,
        subgraphs=subgraphs or (Subgraph("main", inputs, outputs, tuple(range(len(nodes)))),),
        inputs=inputs,
        outputs=outputs,
        nbytes=len(data) + sidecars.nbytes,
    )
    check_graph(model)
    return with_states(model)


def _subgraph(index: int, row: Mapping[str, Any], tensors: int) -> Subgraph:
    name = row["name"] or f"subgraph {index}"
    highest = max(row["tensorIndices"] or (), default=-1)
    if highest >= tensors:
        raise InvalidModelError(f"subgraph {name!r} tensorIndices: expected indices into {tensors}, found {highest}")
    return Subgraph(name, row["inputIndices"] or (), row["outputIndices"] or (), row["nodeIndices"] or ())


def _node(index: int, row: Mapping[str, Any]) -> Node:
    where = f"node {index} {row['name'] or ''!r}"
    primitive = row["primitive"]
    if primitive is None or primitive["value"] is None:
        raise InvalidModelError(f"{where}: expected an operator, found none")
    op = primitive["value_type"]
    if op == "GenOP":
        raise UnsupportedVersionError(f"{where} (GenOP): the file is obfuscated; convert the model again without that")
    fields: Mapping[str, object] = {key: _plain(value) for key, value in primitive["value"].items()}
    try:
        if op == "Custom":
            from lite.ops.custom import unwrapped

            op, fields = unwrapped(op, fields)
        attrs = ops.attributes(op, fields) if ops.is_known(op) else None
    except (ValueError, TypeError) as error:
        raise InvalidModelError(f"{where} ({op}): {error}") from error
    inputs, outputs = row["inputIndex"] or (), row["outputIndex"] or ()
    return Node(row["name"] or f"{op}-{index}", op, attrs, fields, inputs, outputs, row["quantType"])


def _plain(value: Any) -> object:
    """A field without its wrapping tables: nested lists as tuples, attributes of Custom as (name, bytes) pairs."""
    if isinstance(value, dict):  # Vec2D
        return tuple(row["data"] or () for row in value["data"] or ())
    if isinstance(value, list):  # [Attribute]
        return tuple((row["name"] or "", bytes(row["data"] or b"")) for row in value)
    return value


def _tensor(index: int, row: Mapping[str, Any], fed: bool, sidecars: Sidecars) -> Tensor:
    """A tensor; `fed` where a node writes it or the caller feeds it, so that it is no constant even if empty."""
    where = f"tensor {index} {row['name'] or ''!r}"
    is_brain = row["dataType"] == _BFLOAT16
    dtype = DType.FLOAT32 if is_brain else _DTYPES.get(row["dataType"])
    if dtype is None:
        known = ", ".join(f"{i} {d}" for i, d in _DTYPES.items())
        raise InvalidModelError(f"{where} dataType: expected one of {known}; found {row['dataType']}")
    shape: tuple[int, ...] = row["dims"] or ()
    if min(shape, default=0) < -1 or len(shape) > _MAX_RANK:
        raise InvalidModelError(f"{where} dims: expected up to {_MAX_RANK} sizes of -1 or more, found {list(shape)}")
    if math.prod(max(abs(size), 1) for size in shape) * dtype.itemsize > _TENSOR_BYTES_LIMIT:
        raise InvalidModelError(f"{where} dims: expected {_TENSOR_BYTES_LIMIT} bytes at most, found {list(shape)}")
    name = row["name"] or f"tensor-{index}"
    spec = TensorSpec(dtype, shape, name)
    quant = _quant(where, row["quantParams"] or (), shape)
    data = row["data"] or memoryview(b"")
    if row["externalData"]:
        if data:
            raise InvalidModelError(f"{where}: expected data here or in a file beside the model, found both")
        data = sidecars.data(where, row["externalData"])
    if data or (row["nodeType"] == _CONSTANT and not fed and 0 in shape and spec.is_static):
        _check_packing(where, row, spec)
        form, book = row["weightQuantCompressType"], row["quantClusters"]
        stored: Array | Stored | None
        if book:
            spec, quant, stored = spec.like(dtype=DType.FLOAT32), None, _clustered(where, book, data, spec)
        elif is_brain:
            from lite.halves import Half

            stored = Half(_constant(where, data, spec.like(dtype=DType.UINT16)).reshape(-1), shape, brain=True)
        else:
            stored = _coded(where, form, data, spec, quant) if form or quant else None
        spec = TensorSpec(spec.dtype, shape, name, _constant(where, data, spec) if stored is None else stored)
    elif is_brain:
        raise InvalidModelError(f"{where}: expected bfloat16 for constants alone")
    return Tensor(spec, quant, row["nodeType"])


def _quant(where: str, rows: Sequence[Mapping[str, Any]], shape: tuple[int, ...]) -> QuantParams | None:
    """Quantization that means something: existing files put one empty entry on tensors that are not quantized."""
    if not isinstance(rows, Rows) or not any(rows.column("inited")):
        return None
    if len(rows) not in (1, *shape):
        raise InvalidModelError(
            f"{where} quantParams: expected 1, or as many as one of the sizes {list(shape)}, found {len(rows)}"
        )
    quant = QuantParams(*(np.array(rows.column(name), dtype) for name, dtype in _QUANT_FIELDS))
    numbers = np.array([quant.scale, quant.var_corr, quant.mean_corr])
    fits = (np.abs(numbers) <= _LARGEST).all(axis=0)  # NaN does not
    fits &= (quant.scale >= 0) & (quant.num_bits >= 1) & (quant.num_bits <= 32)
    if not fits.all():
        channel = int(np.argmin(fits))
        raise InvalidModelError(
            f"{where} quantParams[{channel}]: expected a finite scale of 0 or more, finite corrections and 1 to 32 "
            f"bits, found scale {quant.scale[channel]}, varCorr {quant.var_corr[channel]}, "
            f"meanCorr {quant.mean_corr[channel]}, numBits {quant.num_bits[channel]}"
        )
    return quant


def _check_packing(where: str, row: Mapping[str, Any], spec: TensorSpec) -> None:
    """Raises UnsupportedVersionError where the data is stored in a form that is not read."""
    if spec.dtype is DType.STRING:
        raise UnsupportedVersionError(f"{where}: constants of strings are not supported")
    if not (row["weightQuantCompressType"] or row["quantClusters"] or row["enableHuffmanCode"]):
        return
    compression = SCHEMA.enum("WeightQuantCompressType")[row["weightQuantCompressType"]]
    known = compression in ("NONE", "BITPACKING", "INDEXING", "SPARSE")
    if row["enableHuffmanCode"] or (row["quantClusters"] and compression != "NONE") or not known:
        kind = "Huffman coding" if row["enableHuffmanCode"] else compression
        raise UnsupportedVersionError(f"{where}: its weights are compressed ({kind}), which is not supported")


def _coded(
    where: str, form: int, data: memoryview, spec: TensorSpec, quant: QuantParams | None
) -> Coded | None:
    """The codes that the data is; None where it is plain elements."""
    from lite.compressed import INDEXING, SPARSE

    return _compressed(where, form, data, spec, quant) if form in (INDEXING, SPARSE) else _packed(data, spec, quant)


def _packed(data: memoryview, spec: TensorSpec, quant: QuantParams | None) -> Coded | None:
    """The stream of bits that the data is, its channels not sorted out yet; None where it is plain elements."""
    if quant is None:
        return None
    bits = int(quant.num_bits[0])
    if spec.dtype not in (DType.INT8, DType.INT16) or bits >= 16 or bits == 8 or not spec.is_static:
        return None
    width = 8 if bits < 8 else 16
    if len(data) != -(-spec.size * bits // width) * width // 8 or len(data) == spec.nbytes:
        return None
    from lite.coded import Coded
    from lite.model.quantization import parameters

    return Coded(np.frombuffer(data, np.uint8), bits, spec.shape, (1, 1, spec.size), *parameters(quant, 1))


def _compressed(
    where: str, form: int, data: memoryview, spec: TensorSpec, quant: QuantParams | None
) -> Coded:
    """A compressed stream, expanded once to know that it can be; its channels not sorted out yet."""
    bits = int(quant.num_bits[0]) if quant else 0
    expected = {DType.INT8: range(1, 9), DType.INT16: range(9, 17)}.get(spec.dtype, range(0))
    if quant is None or bits not in expected or not spec.is_static:
        raise InvalidModelError(
            f"{where} quantParams: expected those of a compressed constant, of 1 to 8 bits for int8, 9 to 16 for int16"
        )
    from lite.coded import Coded
    from lite.model.quantization import parameters

    coded = Coded(np.frombuffer(data, np.uint8), bits, spec.shape, (1, 1, spec.size), *parameters(quant), form)
    try:
        coded.codes()
    except ValueError as error:
        raise InvalidModelError(f"{where} data: {error}") from error
    return coded


def _clustered(where: str, book: Sequence[float], data: memoryview, spec: TensorSpec) -> Clustered:
    """Which of up to 256 numbers each element is."""
    from lite.coded import Clustered

    numbers = np.array(book, np.float32)
    if spec.dtype is not DType.INT8 or len(numbers) > _MOST_CLUSTERS or not np.isfinite(numbers).all():
        raise InvalidModelError(
            f"{where} quantClusters: expected up to {_MOST_CLUSTERS} finite numbers and int8, "
            f"found {len(numbers)} and {spec.dtype}"
        )
    words = _constant(where, data, spec).reshape(-1)
    if (highest := int(words.max(initial=-128)) + 128) >= len(numbers):
        raise InvalidModelError(f"{where} data: expected one of {len(numbers)} clusters, found number {highest}")
    return Clustered(words, spec.shape, numbers)


def _constant(where: str, data: memoryview, spec: TensorSpec) -> Array:
    """The elements of a constant: a read-only view of the file, or a copy where the file does not align them."""
    if not spec.is_static or len(data) != spec.nbytes:
        expected = f"{spec.nbytes} bytes" if spec.is_static else "dims that are all known"
        raise InvalidModelError(f"{where} data: expected {expected} for {spec}, found {len(data)} bytes")
    value: Array = np.frombuffer(data, spec.dtype.dtype).reshape(spec.shape)
    if spec.dtype is DType.BOOL and value.view(np.uint8).max(initial=0) > 1:
        raise InvalidModelError(f"{where} data: expected bytes of 0 or 1 for {spec}, found others")
    if not value.flags.aligned:
        value = value.copy()
        value.flags.writeable = False
    return value
