"""Session: a model, ready to run.

    with Session("model.ms") as session:
        y = session.run(x)

What a model keeps from run to run, its states, belongs to the session: `states` shows them, and `reset` restores what
they held before the first run.

A session plans once for the shapes of its inputs: which delegate runs each operation, where every tensor lives in the
arena, and the op table that a run walks. `run` then copies the inputs in, walks the table and copies the outputs out.
The plan of a file is kept beside the kernels for the next process that opens this file (lite.native.plans).
"""
from __future__ import annotations

import operator
import os
import weakref
from _thread import allocate_lock  # threading, which is not needed otherwise, takes a millisecond to import
from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, SupportsIndex

import numpy as np

from lite.binding import Binding
from lite.delegates.selection import select
from lite.errors import InvalidModelError, SessionClosedError, ShapeError, TensorError
from lite.memory import available_bytes
from lite.model.source import Opened, Source, open_source
from lite.native import plans as kept_plans
from lite.native.cpu import usable_cpus
from lite.native.pack import KernelPack
from lite.native.workers import Workers
from lite.plan.cache import PlanCache
from lite.plan.feed import Feed
from lite.plan.kept import recall, record
from lite.plan.plan import MemoryReport, Plan, StepInfo
from lite.states import States
from lite.types import Array, TensorSpec

if TYPE_CHECKING:
    from lite.delegates.selection import Selection
    from lite.model import Model
    from lite.plan.build import Resources
    from lite.plan.program import Program
    from lite.profile import StepTime

# More threads seldom speed up a run much, and a program has other uses for its cpus.
_DEFAULT_THREADS = 4


class Session:
    """A model, ready to run.

    Threads may share a session: their runs take turns. A forked child process has a copy of its own. A signal handler
    must not use a session whose run it may interrupt: it would wait for that run forever.

    source: the path of a `.ms` file, or its bytes. The file stays mapped while the session is open: update it by
    renaming another file over it, since truncating it would crash the process.

    threads: the most threads to compute with, never more than the cpus that this process may use; the default is that
    number, up to 4. Runs that are short, or that other processes compete with, use a single thread. Results do not
    depend on the number of threads.

    delegates: names in order of priority, out of "cpu" (compiled kernels) and "reference" (numpy); the default is both,
    or "reference" alone where there are no kernels for this device.

    memory_limit: the most bytes that the tensors of a run may take; the default is what the system has available.

    Raises OSError where the file cannot be read, ModelError where it is not a well-formed `.ms`, UnsupportedOpError
    where it has operators that cannot run, MemoryPlanError where its tensors do not fit into memory, DelegateError or
    KernelBuildError where a delegate or its kernels cannot be had, TypeError or ValueError for an invalid argument.
    """

    def __init__(
        self,
        source: Source,
        *,
        threads: int | None = None,
        delegates: Sequence[str] | None = None,
        memory_limit: int | None = None,
    ) -> None:
        self._lock = allocate_lock()
        _sessions.add(self)
        threads, self._memory_limit = _thread_count(threads), _byte_count(memory_limit)
        opened = open_source(source)
        self._name = opened.label
        selection = select(delegates)
        workers = None if selection.pack is None else Workers(selection.pack, threads)
        self._threads = 1 if workers is None else workers.threads
        self._release_threads = weakref.finalize(self, workers.close) if workers else None
        self._plans: PlanCache | None = PlanCache(
            partial(_supported, opened), partial(_resources, selection, self._memory_limit, workers)
        )
        self._plan: Plan | Program | None = None
        self._is_bound = False
        usual = delegates is None and memory_limit is None  # others plan by what they were given
        if usual and selection.pack is not None and workers is not None and opened.identity is not None:
            self._open_kept(opened, opened.identity, selection.pack, workers)
        else:
            self._open()

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """Name, shape and dtype of each input, in order. A dimension of -1 is taken from the arrays given to `run`."""
        return self._feed.specs

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """Name, shape and dtype of each output, in order; -1 for a dimension that the inputs leave open."""
        return self._outputs

    @property
    def threads(self) -> int:
        """The most threads that a run computes with; 1 where there are no kernels."""
        return self._threads

    @property
    def states(self) -> dict[str, Array]:
        """What the model keeps from run to run, by name. The arrays are copies. Raises SessionClosedError."""
        with self._lock:
            self._check_open()
            return self._states.copies()

    @property
    def steps(self) -> tuple[StepInfo, ...]:
        """The operations of a run, in order, with the delegate of each; empty while an input has an open dimension."""
        return tuple(step.info for step in self._plan.steps) if self._plan else ()

    @property
    def depends_on_data(self) -> bool:
        """Whether what runs depends on the data, by branches, loops or shapes; known once no input's shape is open."""
        return self._plan is not None and not isinstance(self._plan, Plan)

    @property
    def memory(self) -> MemoryReport | None:
        """How many bytes constants, packed weights and the arena take; None while an input has an open dimension."""
        return self._plan.report if self._plan else None

    def run(self, inputs: Any) -> Any:  # Array | dict[str, Array]: the caller knows which
        """Compute the outputs: one array, or for several outputs a dict by name, in the model's order.

        inputs: one array; a sequence with an entry for each input; or a mapping by name. An array must have exactly the
        dtype and shape of its input; Python numbers and nested lists are converted to that dtype. The outputs are
        copies, which later runs do not touch.

        Raises ShapeError, DTypeError or TensorNameError for inputs that do not fit, DelegateError where an operation
        fails, SessionClosedError; where an input has an open dimension, also MemoryPlanError or UnsupportedOpError.
        After an error the states are what they were before the run.
        """
        with self._lock:
            plan, arrays = self._arrange(inputs)
            results = plan.run(arrays)
            if self._states.specs:
                results = self._keep(results)
        return results[0] if len(results) == 1 else dict(zip(self._output_names, results, strict=True))

    def bind(self) -> Binding:
        """Arrays over the memory that a run reads and writes, for runs without copies; see lite.binding.

        The binding is valid until `close` or `resize`. Raises ShapeError while an input has an open dimension and for a
        model whose control flow depends on the data; SessionClosedError.
        """
        with self._lock:
            self._check_open()
            plan = self._plan
            if plan is None:
                raise ShapeError(f"an input has an open dimension: {self._feed}; resize before bind")
            if not isinstance(plan, Plan):
                raise ShapeError(f"{self._name}: what runs depends on the data, so nothing can be bound; use run")
            self._is_bound = True
        inputs = zip((spec.name for spec in self._feed.specs), plan.inputs, strict=False)  # states come after these
        outputs = zip(self._output_names, plan.outputs, strict=False)
        execute = partial(self._execute, plan) if self._states.specs else plan.execute
        return Binding(execute, dict(inputs), dict(outputs), self._lock, partial(self._check_current, plan))

    def profile(self, inputs: Any) -> tuple[StepTime, ...]:
        """Compute the outputs as `run` does, but time each operation by itself. Returns the times, in order."""
        from lite.profile import execute_timed  # few programs ask

        times: list[StepTime] = []
        with self._lock:
            plan, arrays = self._arrange(inputs)
            results = plan.run(arrays, lambda part: times.extend(execute_timed(part)))
            if self._states.specs:
                self._keep(results)
        return tuple(times)

    def reset(self, states: Mapping[str, Array] = MappingProxyType({})) -> None:
        """Restore what the model's states held before the first run.

        states: arrays by name, for states that shall hold these instead. Raises TensorNameError, ShapeError or
        DTypeError for arrays that do not fit, TypeError where `states` is not a mapping, SessionClosedError.
        """
        if not isinstance(states, Mapping):
            raise TypeError(f"states is a {type(states).__name__}: expected arrays by name, as Session.states is")
        with self._lock:
            self._check_open()
            self._states.reset(states)

    def resize(self, shapes: Mapping[str, Sequence[int]]) -> None:
        """Plan for other input shapes. Inputs that are not named keep their shapes; states keep what they hold.

        shapes: by input name. A dimension of -1 is left open: it is taken from the arrays given to `run`, which plans
        for each new shape. Raises ShapeError, DTypeError, MemoryPlanError or UnsupportedOpError where the model cannot
        have these shapes, TensorNameError for an unknown input, TypeError where `shapes` is not a mapping, and
        SessionClosedError; the session then stays as it was.
        """
        if not isinstance(shapes, Mapping):
            raise TypeError(f"shapes is a {type(shapes).__name__}: expected a mapping by name, such as {{'x': (2, 8)}}")
        with self._lock:
            self._check_open()
            specs = list(self._feed.specs)
            for name, shape in shapes.items():
                position = self._feed.position(name)
                specs[position] = specs[position].like(_dimensions(name, shape)).named(name)
            self._adopt(specs)

    def close(self) -> None:
        """Release the model, its plans and its threads. Closing twice is harmless."""
        with self._lock:
            self._plans, self._plan = None, None
            self._states = States(())
            if self._release_threads is not None:
                self._release_threads()

    def __enter__(self) -> Session:
        self._check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        inputs, outputs = (", ".join(map(str, specs)) for specs in (self.inputs, self.outputs))
        return f"<Session {self._name!r}{', closed' if self._plans is None else ''}: {inputs} -> {outputs}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Session can be neither pickled nor copied: open one from the file, in each process its own")

    def _open(self) -> None:
        """Read the model and plan for it."""
        model = self._check_open().model
        names = _unique([model.tensors[state.tensor].spec.name for state in model.states])
        kept = zip(model.states, names, strict=True)
        self._states = States([TensorSpec.of(state.initial, name) for state, name in kept])
        self._output_names = _unique([model.tensors[i].spec.name for i in model.outputs])
        names = _unique([model.tensors[i].spec.name for i in model.inputs])
        try:
            self._adopt([model.tensors[i].spec.named(name) for i, name in zip(model.inputs, names, strict=True)])
        except TensorError as error:  # nobody but the file asked for these shapes
            raise InvalidModelError(f"{model.name}: {error}") from error

    def _open_kept(self, opened: Opened, identity: tuple[int, ...], pack: KernelPack, workers: Workers) -> None:
        """Take the plan that an earlier session has kept for this file, or plan, and keep that for later ones."""
        name = kept_plans.name_of(opened.label, identity, pack)
        data = kept_plans.find(name) if name else None
        recalled = recall(data, opened.data, pack, workers, self._memory_limit) if data else None
        if recalled is not None:
            self._states, self._output_names = States(()), list(recalled.outputs)
            self._check_open().adopt(tuple(spec.shape for spec in recalled.inputs), recalled.plan)
            self._adopt(recalled.inputs)
            return
        self._open()
        model, plan = self._check_open().model, self._plan
        if name and isinstance(plan, Plan) and not model.states and model.nbytes == len(opened.data):
            data = record(self._feed.specs, self._output_names, plan, opened.data, pack)
            if data is not None:
                kept_plans.publish(name, data)

    def _check_open(self) -> PlanCache:
        if self._plans is None:
            raise SessionClosedError(f"the session of {self._name!r} is closed")
        return self._plans

    def _check_current(self, plan: Plan) -> None:
        self._check_open()
        if self._plan is not plan:
            raise ShapeError(f"the session of {self._name!r} was resized since this was bound: bind again")

    def _adopt(self, specs: Sequence[TensorSpec]) -> None:
        """Make these the inputs, and plan for them where every dimension is known. Changes nothing where that fails."""
        plans = self._check_open()
        shapes = tuple(spec.shape for spec in specs)
        plan = plans.at(shapes) if all(spec.is_static for spec in specs) else None
        outputs = plan.output_specs if plan else plans.output_specs(shapes)
        named = tuple(y.like().named(name) for y, name in zip(outputs, self._output_names, strict=False))
        self._states.check(outputs[len(named) :])
        feed = Feed(specs)
        plans.keep_only(plan)
        self._plan, self._feed, self._outputs = plan, feed, named

    def _arrange(self, inputs: Any) -> tuple[Plan | Program, list[Array]]:
        """The plan for these inputs, and the arrays that it takes: the inputs, then the states."""
        plans = self._plans or self._check_open()
        arrays = self._feed.arrange(inputs)
        plan = self._plan or plans.at(tuple(array.shape for array in arrays))
        if self._is_bound and isinstance(plan, Plan):  # given for another, which is overwritten first
            arrays = [a.copy() if np.may_share_memory(a, plan.arena) else a for a in arrays]
        if self._states.specs:
            arrays += self._states.arrays
        return plan, arrays

    def _keep(self, results: list[Array]) -> list[Array]:
        """The outputs among the results of a run; the others become the states."""
        count = len(self._output_names)
        self._states.keep(results[count:])
        return results[:count]

    def _execute(self, plan: Plan) -> None:
        """Run a plan whose inputs are in place; copy the states in before, and out after."""
        for target, array in zip(plan.inputs[len(self._feed.specs) :], self._states.arrays, strict=True):
            np.copyto(target, array)
        plan.execute()
        self._states.keep([array.copy() for array in plan.outputs[len(self._output_names) :]])


def read_model(opened: Opened) -> Model:
    """The model of a source. Raises what reading raises."""
    from lite.model.reader import read_opened

    return read_opened(opened)


def _supported(opened: Opened) -> Model:
    """As read_model, for a model that can be planned. Raises UnsupportedOpError too."""
    from lite.plan.support import check_supported

    model = read_model(opened)
    check_supported(model)
    return model


def _resources(selection: Selection, memory_limit: int, workers: Workers | None) -> Resources:
    from lite.plan.build import Resources

    return Resources(selection.delegates, memory_limit, selection.pack, workers)


_sessions: weakref.WeakSet[Session] = weakref.WeakSet()


def _renew_locks() -> None:
    """Give every session a new lock, in a forked child: a thread that held the old one does not exist there.

    A run that the fork interrupted has left nothing behind that the next run does not compute anew.
    """
    for session in _sessions:
        session._lock = allocate_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_locks)


def _thread_count(threads: int | None) -> int:
    """How many threads a session has; what the process may use is read anew for each."""
    if threads is None:
        return min(usable_cpus(), _DEFAULT_THREADS)
    count = _integer("threads is an integer", threads)
    if count < 1:
        raise ValueError(f"threads must be at least 1, got {count}")
    return min(count, usable_cpus())


def _byte_count(memory_limit: int | None) -> int:
    """How many bytes the tensors of a run may take."""
    if memory_limit is None:
        return available_bytes()
    count = _integer("memory_limit is a number of bytes, an integer", memory_limit)
    if count < 1:
        raise ValueError(f"memory_limit must be at least 1 byte, got {count}")
    return count


def _integer(expected: str, value: SupportsIndex) -> int:
    """An int, or a numpy integer as one. Raises TypeError for anything else, including True and False."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{expected}, got {value!r}")
    return operator.index(value)


def _unique(names: Sequence[str]) -> list[str]:
    """The names, numbered where one is taken already."""
    taken: set[str] = set()
    result = []
    for position, name in enumerate(names):
        result.append(name if name not in taken else f"{name}:{position}")
        taken.add(result[-1])
    return result


def _dimensions(name: str, shape: Sequence[int]) -> tuple[int, ...]:
    try:
        dimensions = tuple(operator.index(d) for d in shape)
    except TypeError:
        raise ShapeError(f"input {name!r}: a shape is a sequence of integers, got {shape!r}") from None
    if any(d < -1 for d in dimensions):
        raise ShapeError(f"input {name!r}: a dimension is at least 0, or -1 to leave it open; got {dimensions}")
    return dimensions
