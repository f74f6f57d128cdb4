"""Constants of a graph in a `.ms` file: plain, in 16 bits, or in codes, in the file or beside it.

Equal constants are stored once. The bytes of long ones lie on multiples of 64, so that kernels can read them where the
file is mapped, and behind everything else, so that nothing but these pages is read for them. Those of a model beyond
2 GB are in a file beside it (`converter/sidecar.py`).

Weights in codes (lite.coded.Coded) are int8 or int16 tensors with quantParams, packed where they have other widths, or
in a compressed form where that is smaller (`converter/compact.py`). The format has one scale, or one for each element
of an axis. Where groups of elements have a scale each, their codes are a constant [groups, size] of scale 1, followed
by a MulFusion with the scales [groups, 1], where there are offsets an AddFusion, and where groups are not rows a
Reshape: any reader computes the weights from that, and this project's keeps the codes (`lite/plan/groups.py`). A scale
takes 2 or 4 bytes so, not the 20 or more of a table; matrices of many rows with an offset each are written so too.
Weights in 16 bits (lite.halves.Half) are float16 or bfloat16 tensors, which readers widen.
"""
from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np

from converter.compact import compact, fits_half, in_parameters
from converter.emit.quantization import WEIGHT, Scales, parameters_of_codes
from converter.emit.tables import CONSTANT, VARIABLE, Tables
from converter.errors import EmitError
from converter.ir.graph import Value
from converter.sidecar import SMALLEST, Sidecar
from lite.coded import Coded
from lite.halves import Half, halved
from lite.schema.sums import DIGEST, check_sum
from lite.types import Array, DType, TensorSpec

_BFLOAT16 = 45  # MindSpore's type id


class Constants:
    """The constants written so far."""

    def __init__(self, tables: Tables, scales: Scales, sidecar: Sidecar | None) -> None:
        """sidecar: where large constants go, if not into the file."""
        self._tables = tables
        self._scales = scales
        self._sidecar = sidecar
        self._written: dict[tuple[DType, tuple[int, ...], bytes], int] = {}

    def write(self, value: Value) -> int:
        """Index of the tensor that has a constant's numbers: of the constant, or of what computes it from codes."""
        data = value.spec.data
        if isinstance(data, Coded) and not in_parameters(data):
            return self._groups(value.spec, data)
        return self._tensor(value)

    def _tensor(self, value: Value) -> int:
        """Index of a constant tensor, shared with an equal one written before."""
        spec = value.spec
        if spec.dtype is DType.STRING:
            raise EmitError(f"constant {spec}: strings cannot be stored")
        data = spec.data
        parameters = parameters_of_codes(data) if isinstance(data, Coded) else self._scales.parameters(value)
        fields: dict[str, Any] = {"nodeType": CONSTANT, "quantParams": parameters}
        stored, form = self._stored(value)
        fields |= form
        told = hashlib.blake2b(stored.data, digest_size=DIGEST)
        digest = told.digest()
        told.update(repr(fields).encode())
        key = (spec.dtype, spec.shape, told.digest())
        if key not in self._written:
            fields |= self._place(stored, digest)
            self._written[key] = self._tables.tensor(self._tables.fresh(spec.name or "constant"), spec, **fields)
        return self._written[key]

    def _stored(self, value: Value) -> tuple[Array, dict[str, Any]]:
        """A constant's bytes in the file, and the fields that say what form they have."""
        data, coded = value.spec.data, self._scales.coded(value)
        if coded is not None:
            coded = compact(coded)
            dtype = DType.INT8 if coded.bits <= 8 else DType.INT16
            return coded.words.view(np.uint8), {"dataType": dtype, "weightQuantCompressType": coded.form}
        if isinstance(data, Half):
            return data.words.view(np.uint8), {"dataType": _BFLOAT16 if data.brain else DType.FLOAT16}
        return plain_bytes(value.spec, data), {}

    def _groups(self, spec: TensorSpec, data: Coded) -> int:
        """Index of a constant whose groups have a scale each: its codes, and the nodes that make numbers of them."""
        count = len(data.scale)
        shape, one = (count, data.blocks[2]), np.ones(1, np.float32)
        plain = Coded(data.words, data.bits, shape, (1, 1, math.prod(shape)), one, np.zeros(1, np.int32), one, 0 * one)
        name = spec.name or "constant"
        index = self._tensor(Value(TensorSpec(DType.FLOAT32, shape, f"{name}/codes", plain)))
        scale = data.scale * data.var_corr
        offset = data.mean_corr - data.zero_point * scale
        steps = [("MulFusion", "scale", scale.reshape(count, 1))]
        if offset.any():
            steps.append(("AddFusion", "offset", offset.astype(np.float32).reshape(count, 1)))
        if spec.shape != shape:
            steps.append(("Reshape", "shape", np.array(spec.shape, np.int32)))
        for op, label, operand in steps:
            is_last = op == steps[-1][0]
            inputs = [index, self._tensor(_shortest(operand, f"{name}/{label}"))]
            own = self._tables.fresh(name if is_last else f"{name}/{op}")
            made = TensorSpec(DType.FLOAT32, spec.shape if is_last else shape)
            index = self._tables.tensor(own, made, nodeType=VARIABLE)
            self._tables.node(own, op, {}, inputs, [index], WEIGHT if op == "MulFusion" else 0)
        return index

    def _place(self, stored: Array, digest: bytes) -> dict[str, Any]:
        """The fields that say where a constant's bytes are: in the file, or in the one beside it."""
        if self._sidecar is None or stored.nbytes < SMALLEST:
            return {"data": stored}
        part = {
            "checkSum": check_sum(digest),
            "location": self._sidecar.name,
            "offset": self._sidecar.add(stored, digest),
            "length": stored.nbytes,
        }
        return {"externalData": [part]}


def _shortest(numbers: Array, name: str) -> Value:
    """A constant that nodes compute weights with: in float16 where that has the same numbers."""
    if numbers.dtype != np.float32 or not fits_half(numbers):
        return Value.constant(numbers, name)
    half = Half(halved(numbers).reshape(-1), numbers.shape)
    return Value(TensorSpec(DType.FLOAT32, numbers.shape, name, half))


def plain_bytes(spec: TensorSpec, data: Any) -> Array:
    """The elements of an array of spec's type as files have them."""
    return np.ascontiguousarray(data, spec.dtype.dtype.newbyteorder("<")).reshape(-1).view(np.uint8)
