"""The tables of a `.ms` file while it is written: its tensors and nodes, each called by its index in the whole file."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from converter.errors import EmitError
from lite import __version__
from lite.schema import layout
from lite.schema.describe import Schema
from lite.schema.encode import Encoder, Part
from lite.types import Format, TensorSpec

VERSION = "MindSpore Lite 2.7.0"
SCHEMA = Schema(layout.TABLES, layout.ENUMS, layout.UNION)
CONSTANT, VARIABLE = 0, 2  # Tensor.nodeType

_FMK_MINDIR = 3


class Tables:
    """Tensors and nodes written so far."""

    def __init__(self, reserved: Iterable[str], size: int) -> None:
        """reserved: names that `fresh` gives to nobody. size: about how many bytes the tables will take."""
        self.used: set[int] = set()  # tensors that nodes of the present subgraph read or write
        self._encoder = Encoder(SCHEMA, size)
        self._names = set(reserved)
        self._tensors: list[int] = []
        self._nodes: list[int] = []

    @property
    def node_count(self) -> int:
        """How many nodes are written: the index of the next one."""
        return len(self._nodes)

    def begin_subgraph(self) -> None:
        """What is written from now on belongs to another subgraph."""
        self.used = set()

    def fresh(self, name: str) -> str:
        """`name`, or where it is taken, the first of `name:1`, `name:2`, ... that is not."""
        name = name or "tensor"
        unique, count = name, 0
        while unique in self._names:
            count += 1
            unique = f"{name}:{count}"
        self._names.add(unique)
        return unique

    def tensor(self, name: str, spec: TensorSpec, **fields: Any) -> int:
        """Write a tensor; its index. fields: others of the schema's Tensor, or in place of what spec says."""
        common = {"name": name, "dataType": spec.dtype, "dims": spec.shape, "format": Format.NHWC}
        try:
            self._tensors.append(self._encoder.table("Tensor", {**common, **fields}))
        except ValueError as error:
            raise EmitError(f"tensor {spec}: {error}") from error
        return len(self._tensors) - 1

    def variable(self, name: str, spec: TensorSpec, **fields: Any) -> int:
        """Write a tensor that a node computes, under a name of its own; its index."""
        return self.tensor(self.fresh(name), spec, nodeType=VARIABLE, **fields)

    def node(
        self,
        name: str,
        op: str,
        fields: Mapping[str, Any],
        inputs: Sequence[int],
        outputs: Sequence[int],
        quant_type: int = 0,
    ) -> None:
        """Write a node. fields: the operator's, as the schema has them."""
        self.used.update(inputs, outputs)
        row = {
            "name": name,
            "primitive": {"value_type": op, "value": fields},
            "inputIndex": inputs,
            "outputIndex": outputs,
            "quantType": quant_type,
        }
        self._nodes.append(self._encoder.table("CNode", row))

    def finish(self, subgraphs: Sequence[Mapping[str, Any]]) -> list[Part]:
        """The parts of the file, once all subgraphs are written. The first one is the network."""
        root = {
            "name": f"mindlite {__version__}",
            "version": VERSION,
            "fmkType": _FMK_MINDIR,
            "inputIndex": subgraphs[0]["inputIndices"],
            "outputIndex": subgraphs[0]["outputIndices"],
            "nodes": self._nodes,
            "allTensors": self._tensors,
            "subGraph": subgraphs,
        }
        return self._encoder.finish(self._encoder.table(layout.ROOT, root), layout.IDENTIFIER)
