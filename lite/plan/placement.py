"""Where a planned network's tensors are: in the arena, in the mapped file, or packed for a kernel."""
from __future__ import annotations

from lite.delegates.base import Argument, In, Out, Packed, Packer, Packing, Temp
from lite.memory import address_of
from lite.plan.arena import ArenaPlan
from lite.plan.lifetime import Lifetimes
from lite.plan.memory import PackedConstants
from lite.plan.network import Network
from lite.records import dataclass
from lite.types import Array


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A constant's memory, and how it was made where a kernel made it of the model's file."""

    array: Array
    packing: Packing | None


class Placement:
    """Arrays and addresses of all operands of steps. It keeps the memory alive whose addresses it has given."""

    def __init__(
        self,
        network: Network,
        lifetimes: Lifetimes,
        layout: ArenaPlan,
        arena: Array,
        packed: PackedConstants,
        packer: Packer | None,
    ) -> None:
        self._network = network
        self._lifetimes = lifetimes
        self._layout = layout
        self._arena = arena
        self._begin = address_of(arena)
        self._shared = packed
        self._packer = packer
        self._constants: dict[int, Array] = {}
        self._packed: dict[int, Block] = {}
        self._placed: dict[Packed, Array] = {}  # steps may have one in common

    @property
    def mapped_nbytes(self) -> int:
        """Bytes of the constants that some step reads as they are in the file."""
        return sum(array.nbytes for array in self._constants.values())

    @property
    def packed_nbytes(self) -> int:
        """Bytes of the packed constants."""
        return sum(block.array.nbytes for block in self._packed.values())

    def blocks(self) -> tuple[Block, ...]:
        """The memory outside the arena whose addresses were given."""
        return (*(Block(array, None) for array in self._constants.values()), *self._packed.values())

    def array(self, tensor: int) -> Array:
        """The tensor's elements: a view of the arena, or a read-only constant."""
        spec = self._network.specs[tensor]
        if tensor in self._lifetimes.constants:
            return self._constant(self._lifetimes.constants[tensor]).reshape(spec.shape)
        start = self._offset(tensor)
        return self._arena[start : start + spec.nbytes].view(spec.dtype.dtype).reshape(spec.shape)

    def address(self, time: int, argument: Argument) -> int:
        """Address of an operand of step `time`."""
        step = self._network.steps[time]
        match argument:
            case In():
                return self._address(step.inputs[argument.index])
            case Out():
                return self._address(step.outputs[argument.index])
            case Temp():
                return self._begin + self._layout.offsets[self._lifetimes.temporaries[time, argument.key]]
            case Packed():
                if argument not in self._placed:
                    data = argument.data
                    array = self._shared.place(step.operation.name, data, self._packer)
                    self._placed[argument] = array
                    self._packed[id(array)] = Block(array, data if isinstance(data, Packing) else None)
                return address_of(self._placed[argument])
        raise TypeError(f"{argument!r} is a number, not an operand")

    def _address(self, tensor: int) -> int:
        """Of the tensor's first element."""
        if tensor in self._lifetimes.constants:
            return address_of(self._constant(self._lifetimes.constants[tensor]))
        return self._begin + self._offset(tensor)

    def _offset(self, tensor: int) -> int:
        """Where in the arena the tensor is."""
        return self._layout.offsets[self._lifetimes.blocks[tensor]]

    def _constant(self, tensor: int) -> Array:
        if tensor not in self._constants:
            value = self._network.specs[tensor].value
            assert value is not None, "a tensor that nothing computes is a constant"
            # Files of old writers align data to 4 bytes whatever its type; a kernel may rely on whole elements.
            usable = value.flags.aligned and value.flags.c_contiguous
            self._constants[tensor] = value if usable else value.copy()
        return self._constants[tensor]
