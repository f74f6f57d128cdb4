"""Plans that are kept from process to process: `record` turns one into bytes, `recall` into a plan that runs.

A record has all that planning finds out but no weights: the op table, and what packs the weights anew, as rows of the
same table. Addresses are recorded as a region of memory and an offset in it:

    arena | the mapped model file | small constants, which are in the record | packed weights | the table itself

So a record is of use with the same model file, kernels and planner only; who keeps it has to see to that. Even so, it
has a digest (lite.kernels.digest) of the file but for float32 weights: these are read anew, and planning does not look
at them. A plan with operations that Python runs is not recorded, nor one with large constants that no kernel has made
of the file.
"""
from __future__ import annotations

import marshal
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lite.memory import ALIGNMENT, address_of, allocate, release
from lite.plan.plan import MemoryReport, Plan, PlannedStep, RowRunner, StepInfo
from lite.records import dataclass, replace
from lite.types import Array, DType, TensorSpec

if TYPE_CHECKING:
    from lite.delegates.base import Packer, Packing
    from lite.plan.build import Holding
    from lite.plan.table import Pack, Parameter

_ARENA, _FILE, _SMALL, _PACKED, _TABLE = range(5)  # regions
_MOST_SMALL = 1 << 20  # bytes
_RELEASED = 1 << 20  # bytes of weights, after which their pages are given back
_ROW_WORDS = 4
_DIGEST_NBYTES = 256  # see lite.kernels.digest

Specs = tuple[TensorSpec, ...]


class Walker(Protocol):
    """What recalling needs of a kernel pack: where a kernel is, and what runs rows, or one kernel, on this thread."""

    def address(self, kernel: str) -> int: ...
    def call(self, kernel: str, words: Mapping[str, int], units: int = 1, scratch: int = 0) -> None: ...
    @property
    def run(self) -> Callable[[int, int, int, int], None]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Recalled:
    """inputs: specs of the model's inputs. outputs: names of its outputs."""

    inputs: Specs
    outputs: tuple[str, ...]
    plan: Plan


def record(inputs: Specs, outputs: Sequence[str], plan: Plan, file: memoryview, pack: Pack) -> bytes | None:
    """A plan as bytes; None for one that cannot be kept. file: the model's bytes, which are mapped."""
    from lite.plan.build import Holding

    holding = plan.holds
    assert isinstance(holding, Holding), "it was built here"
    if not holding.table.walked or len(plan.segments) != 1:  # Python runs some of it
        return None
    try:
        writer = _Writer(plan, holding, file)
        writer.add_steps(pack)
        groups = writer.add_packings(pack)
        places = [[writer.in_arena(x) for x in arrays] for arrays in (plan.inputs, plan.outputs)]
    except _NotKept:
        return None
    import pickle

    return marshal.dumps(
        {
            "inputs": [(x.name, int(x.dtype), x.shape) for x in inputs],
            "outputs": tuple(outputs),
            "specs": [(y.name, int(y.dtype), y.shape) for y in plan.output_specs],
            "places": places,
            "arena": plan.report.arena,
            "stride": holding.stride,
            "report": tuple(getattr(plan.report, name) for name in MemoryReport.__slots__),
            "kernels": tuple(writer.kernels),
            "rows": np.array(writer.rows, np.int64).tobytes(),
            "walked": holding.table.walked,
            "words": np.array(writer.words, np.int64).tobytes(),
            "addresses": np.array(writer.addresses, np.int64).tobytes(),
            "groups": groups,
            "scratch": writer.scratch,
            "small": bytes(writer.small),
            "fixed": writer.fixed(),
            "digest": _digest(file, writer.fixed(), pack),
            "packed": writer.packed,
            "ranges": holding.ranges,
            "steps": pickle.dumps(tuple(step.info for step in plan.steps)),
        }
    )


def recall(data: bytes, file: memoryview, pack: Walker, runner: RowRunner, memory_limit: int) -> Recalled | None:
    """The plan of a record; None where it takes too much memory, or is another file's. Raises MemoryPlanError."""
    fields: dict[str, Any] = marshal.loads(data)
    stride, walked = fields["stride"], fields["walked"]
    scratch_nbytes = stride * runner.threads
    if fields["arena"] + scratch_nbytes > memory_limit or fields["digest"] != _digest(file, fields["fixed"], pack):
        return None
    arena, scratch, packed = allocate(fields["arena"]), allocate(scratch_nbytes), allocate(fields["packed"])
    small = allocate(len(fields["small"]))
    small[...] = np.frombuffer(fields["small"], np.uint8)
    mapped = np.frombuffer(file, np.uint8)
    rows = np.frombuffer(fields["rows"], np.int64).reshape(-1, _ROW_WORDS).copy()
    words = np.frombuffer(fields["words"], np.int64).copy()
    table = address_of(rows)
    begins = np.array([*map(address_of, (arena, mapped, small, packed)), table], np.int64)
    positions, regions, offsets = np.frombuffer(fields["addresses"], np.int64).reshape(-1, 3).T
    words[positions] = begins[regions] + offsets
    rows[:, 0] = np.array([pack.address(kernel) for kernel in fields["kernels"]], np.int64)[rows[:, 0]]
    rows[:, 1] += address_of(words)

    room = allocate(fields["scratch"])
    for first, end, low, high in fields["groups"]:
        pack.run(table, first, end, address_of(room))
        release([mapped[low:high]])

    def arrays(specs: Sequence[tuple[str, int, tuple[int, ...]]], places: Sequence[int]) -> tuple[Array, ...]:
        found = []
        for (_, number, shape), place in zip(specs, places, strict=True):
            spec = TensorSpec(DType(number), shape)
            found.append(arena[place : place + spec.nbytes].view(spec.dtype.dtype).reshape(shape))
        return tuple(found)

    steps = _Steps(fields["steps"])
    report = replace(MemoryReport(*fields["report"]), scratch=scratch_nbytes)
    plan = Plan(
        inputs=arrays(fields["inputs"], fields["places"][0]),
        outputs=arrays(fields["specs"], fields["places"][1]),
        output_specs=_specs(fields["specs"]),
        steps=tuple(
            PlannedStep(
                partial(steps.at, number),
                partial(runner.run, table, first, end, address_of(scratch), stride) if first < end else None,
            )
            for number, (first, end) in enumerate(fields["ranges"])
        ),
        segments=(runner.stretch(table, 0, walked, address_of(scratch), stride),),
        report=report,
        arena=arena,
        holds=(rows, words, scratch, small, packed, file),
    )
    return Recalled(_specs(fields["inputs"]), fields["outputs"], plan)


class _NotKept(Exception):
    """Something of a plan cannot be recorded."""


class _Writer:
    """The op table of a plan with its addresses taken out, and rows that pack the weights."""

    def __init__(self, plan: Plan, holding: Holding, file: memoryview) -> None:
        self.kernels: dict[str, int] = {}  # and their numbers
        self.rows: list[tuple[int, int, int, int]] = []  # kernel's number, bytes before its arguments, as in the table
        self.words: list[int] = holding.table.words.tolist()
        self.addresses: list[tuple[int, int, int]] = []  # position in words, region, offset
        self.small = bytearray()
        self.packed = self.scratch = 0  # bytes
        self._table = holding.table
        self._packings: list[tuple[Packing, int]] = []
        self._starts: dict[int, tuple[int, int]] = {}  # of constants that are not the file's: region and offset
        self._weights: list[tuple[int, int]] = []  # parts of the file that are read anew
        self._file_nbytes = len(file)
        begin = address_of(np.frombuffer(file, np.uint8))
        self._ranges = (
            (_ARENA, address_of(plan.arena), address_of(plan.arena) + plan.arena.nbytes),
            (_FILE, begin, begin + len(file)),
            (_TABLE, holding.table.address, holding.table.address + holding.table.rows.nbytes),
        )
        for block in holding.blocks:
            address = address_of(block.array)
            if block.packing is not None:
                self._starts[address] = _PACKED, self.packed
                self._packings.append((block.packing, self.packed))
                self.packed += -(-block.array.nbytes // ALIGNMENT) * ALIGNMENT
            elif self._in_range(address, (_FILE,)) is None:
                self._starts[address] = _SMALL, self._copied(block.array)
            else:
                self._add_weights(block.array, address - begin)

    def add_steps(self, pack: Pack) -> None:
        """The rows of the plan, and the places of addresses among their arguments."""
        words = address_of(self._table.words)
        for kernel, row in zip(self._table.kernels, self._table.rows.tolist(), strict=True):
            start = row[1] - words
            self.rows.append((self._number(kernel), start, row[2], row[3]))
            for position, parameter in enumerate(pack.parameters(kernel), start // 8):
                if parameter.kind == "pointer" and self.words[position]:
                    self._add_address(position, self._place(self.words[position]))

    def add_packings(self, pack: Pack) -> list[tuple[int, int, int, int]]:
        """Rows that pack the weights: first and end of some of them, and the part of the file that these have read."""
        groups: list[tuple[int, int, int, int]] = []
        first, read, (_, begin, end) = len(self.rows), 0, self._ranges[_FILE]
        low, high = end, begin
        for packing, offset in self._packings:
            self._add_packing(packing, offset, pack.parameters(packing.kernel))
            for source in packing.arrays.values():
                address = address_of(source)
                if begin <= address < end:
                    self._add_weights(source, address - begin)
                    low, high = min(low, address), min(max(high, address + source.nbytes), end)
                    read += source.nbytes
            if read > _RELEASED:
                groups.append((first, len(self.rows), low - begin, high - begin))
                first, read, low, high = len(self.rows), 0, end, begin
        if first < len(self.rows):
            groups.append((first, len(self.rows), low - begin, max(high, low) - begin))
        return groups

    def fixed(self) -> tuple[tuple[int, int], ...]:
        """The parts of the file that the plan was made from: begin and end of each."""
        parts, at = [], 0
        for begin, end in sorted(self._weights):
            if begin > at:
                parts.append((at, begin))
            at = max(at, end)
        return (*parts, (at, self._file_nbytes)) if at < self._file_nbytes else tuple(parts)

    def _add_weights(self, array: Array, offset: int) -> None:
        """Note a part of the file that is read anew, where nothing but float32 has been seen in it."""
        owner: object = array
        while isinstance(owner, np.ndarray):
            if owner.dtype != np.float32:
                return
            owner = owner.base
        self._weights.append((offset, min(offset + array.nbytes, self._file_nbytes)))

    def in_arena(self, array: Array) -> int:
        """The offset of an array there."""
        region, offset = self._place(address_of(array))
        if region != _ARENA:
            raise _NotKept
        return offset

    def _add_packing(self, packing: Packing, offset: int, parameters: Sequence[Parameter]) -> None:
        self.rows.append((self._number(packing.kernel), 8 * len(self.words), packing.units, 0))
        self.scratch = max(self.scratch, packing.scratch)
        for parameter in parameters:
            source = packing.arrays.get(parameter.name)
            if parameter.name == packing.result:
                self._add_address(len(self.words), (_PACKED, offset))
            elif source is not None:
                place = self._in_range(address_of(source), (_FILE,)) or (_SMALL, self._copied(source))
                self._add_address(len(self.words), place)
            self.words.append(packing.integers.get(parameter.name, 0))

    def _number(self, kernel: str) -> int:
        return self.kernels.setdefault(kernel, len(self.kernels))

    def _add_address(self, position: int, place: tuple[int, int]) -> None:
        self.addresses.append((position, *place))

    def _place(self, address: int) -> tuple[int, int]:
        """The region of an address, and the offset there."""
        place = self._starts.get(address) or self._in_range(address, (_ARENA, _FILE, _TABLE))
        if place is None:
            raise _NotKept
        return place

    def _in_range(self, address: int, regions: Sequence[int]) -> tuple[int, int] | None:
        for region, begin, end in self._ranges:
            # Where nothing is read, an address may be the one behind the arena.
            if region in regions and begin <= address < end + (region == _ARENA):
                return region, address - begin
        return None

    def _copied(self, array: Array) -> int:
        """Where the bytes of an array are among the small constants."""
        start = len(self.small)
        if start + array.nbytes > _MOST_SMALL or not array.flags.c_contiguous:
            raise _NotKept
        self.small += array.tobytes() + bytes(-array.nbytes % ALIGNMENT)
        return start


class _Steps:
    """What programs are told of the steps, read when the first is asked for."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._infos: tuple[StepInfo, ...] = ()

    def at(self, number: int) -> StepInfo:
        if not self._infos:
            import pickle

            self._infos = pickle.loads(self._data)
        return self._infos[number]


def _digest(file: memoryview, parts: Sequence[tuple[int, int]], packer: Packer) -> bytes:
    """Of these parts of the file."""
    x, table = np.frombuffer(file, np.uint8), np.array(parts, np.int64).reshape(-1, 2)
    state, scratch = allocate(_DIGEST_NBYTES), allocate(ALIGNMENT)
    state[...] = 0
    words = {"x": address_of(x), "parts": address_of(table), "count": len(table), "state": address_of(state)}
    packer.call("digest", words, 1, address_of(scratch))
    return state.tobytes()


def _specs(rows: Sequence[tuple[str, int, tuple[int, ...]]]) -> Specs:
    return tuple(TensorSpec(DType(number), shape, name) for name, number, shape in rows)
