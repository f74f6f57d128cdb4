"""Protobuf messages with large tensors in them, without a copy of the tensors on the way.

A model of either format is a message with one graph, which has tensors, whose elements are `raw_data`. Everything but
the elements is serialized as usual; the elements are written to their place in the result, whatever order their array
has.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from google.protobuf.message import Message

from converter.errors import ExportError
from lite.types import Array

_GRAPH, _RAW_DATA = 7, 9  # field numbers, the same in both formats


class Constant(NamedTuple):
    """A tensor: the message without its elements, and the elements, None where they are in another file."""

    message: Message
    data: Array | None


def serialize(model: Message, graph: Message, field: int, constants: Sequence[Constant], limit: int) -> bytearray:
    """The model with this graph, whose repeated `field` has the constants.

    Raises ExportError where the result would be more than `limit` bytes.
    """
    outer, body = model.SerializeToString(), graph.SerializeToString()
    entries = [_entry(field, constant) for constant in constants]
    elements = sum(constant.data.nbytes for constant in constants if constant.data is not None)
    nbytes = len(body) + sum(map(len, entries)) + elements
    start = outer + _length(_GRAPH, nbytes) + body
    total = len(start) - len(body) + nbytes
    if total > limit:
        raise ExportError(
            f"the file would have {total} bytes, more than the {limit} that its format can hold: "
            "export parts of the network, with the option outputs"
        )
    result = bytearray(total)
    place = len(start)
    result[:place] = start
    for head, constant in zip(entries, constants, strict=True):
        data = constant.data
        result[place : place + len(head)] = head
        place += len(head)
        if data is not None:
            target = np.frombuffer(result, data.dtype.newbyteorder("<"), data.size, place)
            target.reshape(data.shape)[...] = data
            place += data.nbytes
    return result


def _entry(field: int, constant: Constant) -> bytes:
    """What is before the elements: the field of the graph, the message, the field of the elements."""
    message = constant.message.SerializeToString()
    if constant.data is None:
        return _length(field, len(message)) + message
    nbytes = constant.data.nbytes
    elements = _length(_RAW_DATA, nbytes)
    return _length(field, len(message) + len(elements) + nbytes) + message + elements


def _length(field: int, nbytes: int) -> bytes:
    """The tag of a field that is `nbytes` long, and that number."""
    return _varint(field << 3 | 2) + _varint(nbytes)


def _varint(number: int) -> bytes:
    digits = bytearray()
    while number > 127:
        digits.append(number & 127 | 128)
        number >>= 7
    digits.append(number)
    return bytes(digits)
