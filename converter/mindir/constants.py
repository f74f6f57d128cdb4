"""Decoding of MindIR's tensors and attributes, wherever their bytes are: raw, in typed fields, or in a sidecar file.

bfloat16 becomes float32, exactly. Nothing in the file is trusted: sizes must agree, and a sidecar file must lie in the
model's own folder.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from converter.errors import ParseError
from converter.ir.graph import Value
from converter.mindir.bulk import OWN_FILE
from converter.mindir.mind_ir_pb2 import AttributeProto, TensorProto
from converter.mindir.operands import Monad, Opaque, Operand
from lite.halves import from_bfloat16
from lite.types import Array, DType

CONSTANT_NAME = "constant"  # parameters have names of their own, other constants are anonymous

# TensorProto.DataType -> (DType of the decoded tensor, typed field that older files use instead of raw_data)
_TENSOR_TYPES: dict[int, tuple[DType, str]] = {
    TensorProto.FLOAT: (DType.FLOAT32, "float_data"),
    TensorProto.FLOAT16: (DType.FLOAT16, "int32_data"),
    TensorProto.BFLOAT16: (DType.FLOAT32, "int32_data"),
    TensorProto.DOUBLE: (DType.FLOAT64, "double_data"),
    TensorProto.FLOAT64: (DType.FLOAT64, "double_data"),
    TensorProto.BOOL: (DType.BOOL, "int32_data"),
    TensorProto.INT8: (DType.INT8, "int32_data"),
    TensorProto.INT16: (DType.INT16, "int32_data"),
    TensorProto.INT32: (DType.INT32, "int32_data"),
    TensorProto.INT64: (DType.INT64, "int64_data"),
    TensorProto.UINT8: (DType.UINT8, "int32_data"),
    TensorProto.UINT16: (DType.UINT16, "int32_data"),
    TensorProto.UINT32: (DType.UINT32, "uint64_data"),
    TensorProto.UINT64: (DType.UINT64, "uint64_data"),
}
_HALF_WIDTH = (TensorProto.FLOAT16, TensorProto.BFLOAT16)
_MAX_RANK = 32


def tensor_dtype(tensor: TensorProto) -> DType:
    """The DType that a tensor is decoded to. Raises ParseError for a type without one (strings, complex numbers)."""
    if tensor.data_type not in _TENSOR_TYPES:
        known = TensorProto.DataType.values()
        name = TensorProto.DataType.Name(tensor.data_type) if tensor.data_type in known else str(tensor.data_type)
        raise ParseError(f"tensor {tensor.name!r} is of type {name}; no operator here computes with that")
    return _TENSOR_TYPES[tensor.data_type][0]


@dataclass(slots=True)
class ConstantReader:
    """Decodes the tensors and attributes of one model.

    folder: where its sidecar files lie, None if nowhere. own: reads from the model's own file, see bulk.py.
    """

    folder: Path | None = None
    little_endian: bool = True
    own: Callable[[int, int], Array] | None = None
    _sidecars: dict[str, Array] = field(default_factory=dict)

    def tensor(self, tensor: TensorProto) -> Array:
        """The elements, read-only. Raises ParseError where they are missing, of another size, or of an unknown type."""
        dtype, shape = tensor_dtype(tensor).dtype, tuple(tensor.dims)
        if tensor.compression_type != TensorProto.NO_COMPRESSION or tensor.quant_params:
            raise ParseError(f"tensor {tensor.name!r} is compressed or quantized; export the network without that")
        data = self._elements(tensor, np.dtype(np.uint16) if tensor.data_type == TensorProto.BFLOAT16 else dtype)
        if min(shape, default=0) < 0 or data.size != math.prod(shape) or len(shape) > _MAX_RANK:
            raise ParseError(f"tensor {tensor.name!r} of shape {shape} has {data.size} elements in the file")
        data = data.reshape(shape)
        if tensor.data_type == TensorProto.BFLOAT16:
            data = from_bfloat16(data)
        elif dtype == np.bool_:
            # Any byte but 0 counts: numpy must not see other values in a bool array.
            data = np.asarray(data.view(np.uint8) != 0)
        data = data.astype(dtype, copy=False)
        data.flags.writeable = False
        return data

    def _elements(self, tensor: TensorProto, stored: np.dtype[Any]) -> Array:
        """All elements as they are stored, flat: from a sidecar file, raw bytes or a field of wider numbers."""
        typed = getattr(tensor, _TENSOR_TYPES[tensor.data_type][1])
        elsewhere = tensor.HasField("external_data")
        if typed and not (elsewhere or tensor.HasField("raw_data")):
            bits = np.dtype(np.uint16) if tensor.data_type in _HALF_WIDTH else stored  # half-width floats: bit patterns
            wide = np.array(typed)
            if bits.kind in "iu" and not np.array_equal(wide.astype(bits), wide):
                raise ParseError(f"tensor {tensor.name!r} has elements outside the range of {bits}")
            return wide.astype(bits).view(stored)
        raw = self._external(tensor) if elsewhere else tensor.raw_data
        if len(raw) % stored.itemsize:
            raise ParseError(f"tensor {tensor.name!r} has {len(raw)} bytes, not a multiple of {stored.itemsize}")
        return np.frombuffer(raw, stored if self.little_endian else stored.newbyteorder(">"))

    def _external(self, tensor: TensorProto) -> Array:
        """Bytes of a tensor in a sidecar file, `<model>_variables/data_0` at an offset, or left in the model's own."""
        place = tensor.external_data
        if self.own is not None and place.location == OWN_FILE:
            return self.own(place.offset, place.length)
        if place.location not in self._sidecars:
            self._sidecars[place.location] = self._open_sidecar(place.location)
        data = self._sidecars[place.location]
        if not 0 <= place.offset <= place.offset + place.length <= data.size:
            raise ParseError(
                f"tensor {tensor.name!r} should be {place.length} bytes at {place.offset} of {place.location!r}, "
                f"which has {data.size}; the file is truncated or belongs to another model"
            )
        return data[place.offset : place.offset + place.length]

    def _open_sidecar(self, location: str) -> Array:
        if self.folder is None:
            raise ParseError(f"the weights are in a separate file {location!r}; give the model's path, not its bytes")
        try:
            path = (self.folder / location).resolve()
            usable = path.is_relative_to(self.folder) and path.is_file() and path.stat().st_size > 0
        except (OSError, RuntimeError, ValueError):  # too long, a loop of links, a null character
            usable = False
        if not usable:
            raise ParseError(
                f"the weights are in a separate file {location!r}, which is not a file within the model's folder; "
                f"keep it beside the .mindir, as mindspore.export wrote them"
            )
        return np.memmap(path, np.uint8, mode="r")

    def attribute(self, attribute: AttributeProto) -> Operand:
        """An attribute's value: a Python scalar, string, None, a tuple of them, or a constant tensor as a Value."""
        kind = attribute.type
        if kind in _SCALARS:
            return _SCALARS[kind](attribute)
        if kind == AttributeProto.TENSORS:
            tensors = tuple(Value.constant(self.tensor(t), CONSTANT_NAME) for t in attribute.tensors)
            return tensors[0] if len(tensors) == 1 else tensors
        if kind == AttributeProto.TENSOR:
            return Value.constant(self.tensor(attribute.t), CONSTANT_NAME)
        if kind in (AttributeProto.TUPLE, AttributeProto.LIST):
            return tuple(self._items(attribute.values))
        return Opaque(AttributeProto.AttributeType.Name(kind).lower())

    def _items(self, values: Iterable[AttributeProto]) -> Iterable[Operand]:
        """Elements of a tuple: each entry has one value in a repeated field, or is a tuple or tensor itself."""
        for value in values:
            repeated = _REPEATED.get(value.type)
            elements = getattr(value, repeated) if repeated else ()
            if elements:
                yield from (_decode(value.type, element) for element in elements)
            else:
                yield self.attribute(value)


def _decode(kind: int, element: object) -> Operand:
    if kind == AttributeProto.BOOL:
        return bool(element)
    if isinstance(element, bytes):
        return element.decode("utf-8", "replace")
    assert isinstance(element, int | float)
    return element


def _text(attribute: AttributeProto) -> Operand:
    return attribute.s.decode("utf-8", "replace")


_INTEGERS = (
    AttributeProto.INT8, AttributeProto.INT16, AttributeProto.INT32, AttributeProto.INT64,
    AttributeProto.UINT8, AttributeProto.UINT16, AttributeProto.UINT32, AttributeProto.UINT64,
)  # fmt: skip

_SCALARS: dict[int, Callable[[AttributeProto], Operand]] = {
    AttributeProto.BOOL: lambda a: bool(a.i),
    **{kind: lambda a: a.i for kind in _INTEGERS},
    AttributeProto.FLOAT: lambda a: a.f,
    AttributeProto.DOUBLE: lambda a: a.d,
    AttributeProto.STRING: _text,
    AttributeProto.NONE: lambda a: None,
    AttributeProto.UMONAD: lambda a: Monad(),
    AttributeProto.IOMONAD: lambda a: Monad(),
}

_REPEATED: dict[int, str] = {
    AttributeProto.BOOL: "ints",
    **dict.fromkeys(_INTEGERS, "ints"),
    AttributeProto.FLOAT: "floats",
    AttributeProto.DOUBLE: "doubles",
    AttributeProto.STRING: "strings",
}
