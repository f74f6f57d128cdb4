"""The cpu delegate: binds operations to the kernels of a pack. What no kernel fits is left to other delegates."""
from __future__ import annotations

import importlib

from lite.delegates.base import NO_EPILOGUE, Claim, NativeClaim, Operation
from lite.delegates.cpu.index import MODULES, QUANTIZED, WITH_BROADCAST, WITH_EPILOGUE
from lite.delegates.cpu.tile import Pack, Tile
from lite.records import replace
from lite.types import DType


class CpuDelegate:
    """Offers the pack's kernels. An operator's binder is imported when a model first has the operator."""

    name = "cpu"

    def __init__(self, pack: Pack) -> None:
        """pack: the loaded kernels, as from lite.native.pack.load_pack."""
        self._tile = Tile.of(pack)

    def claim(self, operation: Operation) -> Claim | None:
        """The kernels, views or neither for an operation; its weights are packed here."""
        return self._claim_codes(operation) if operation.attrs.is_quantized else self._claim_elements(operation)

    def _claim_elements(self, operation: Operation) -> Claim | None:
        """As `claim`, where elements are what they are."""
        module = MODULES.get(operation.op)
        if module is None or (operation.epilogue != NO_EPILOGUE and operation.op not in WITH_EPILOGUE):
            return None
        if operation.last.adds_broadcast and operation.op not in WITH_BROADCAST:
            return None
        if all(y.size == 0 for y in operation.last.outputs):
            return NativeClaim(())
        return self._bind(module, operation)

    def _claim_codes(self, operation: Operation) -> Claim | None:
        """As `claim`, where elements are codes."""
        from lite.ops.quantized import PRODUCTS, Quantized, moves_codes

        attrs = operation.attrs
        assert isinstance(attrs, Quantized), "they say so"
        if operation.op not in QUANTIZED and moves_codes(attrs):
            return self._claim_elements(replace(operation, attrs=attrs.inner))
        module = QUANTIZED.get(operation.op)
        if module is None or (operation.epilogue != NO_EPILOGUE and operation.op not in PRODUCTS):
            return None
        return NativeClaim(()) if all(y.size == 0 for y in operation.outputs) else self._bind(module, operation)

    def _bind(self, module: str, operation: Operation) -> Claim | None:
        bind = importlib.import_module(f"lite.delegates.cpu.{module}").bind
        claim: Claim | None = bind(operation, self._tile)
        if claim is None and any(x.dtype == DType.FLOAT16 for x in operation.inputs):
            claim = importlib.import_module("lite.delegates.cpu.halves").bind(operation, self._tile, bind)
        return claim
