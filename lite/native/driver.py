"""The entries every pack carries: walking the op table, alone or shared with worker threads. Compiled like the kernels.

How a row is shared. The caller writes the row's address, then PENDING = units, then gives every thread, itself among
them, an equal range of the units, which opens the row. A thread claims from the front of its own range, half of what is
left at a time, then from the back of the others', by compare-and-swap; it subtracts what it has done from PENDING. The
caller goes on when PENDING is 0. So the caller waits only for units that somebody has claimed; a thread reads the row
only while it holds a claim on it; a stale view of a range claims units of the current row or none; and as long as
nobody is late, a thread meets the same part of every tensor again, which is in its cache.

A worker that finds its range empty spins for a while, then says so in PARKED and sleeps on EPOCH. The caller looks at
PARKED after it opened a row and the worker looks at its range after it set PARKED: no wake-up is lost.

Where other processes have the cpus, too, threads are suspended, for milliseconds. The system likes to wake a worker on
the caller's cpu, where it could but disturb: so workers are kept off it. And a worker may be suspended while it holds
units: so a caller that has waited for a while lends its own cpu. It moves the workers that are BUSY to it and sleeps on
PENDING; a worker that comes to the end of its units and finds the caller WAITING wakes it and sleeps itself.
"""
from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from llvmlite import ir

from lite.kernels.call import call_address, call_kernel
from lite.kernels.declare import Int, Pointer, Target, entry, i64, microkernel, routine
from lite.native.abi import (
    APART,
    BUSY,
    CHOSEN,
    CPU_WORDS,
    CPUS,
    EPOCH,
    GETCPU,
    LINE,
    PARKED,
    PENDING,
    RANGES,
    ROW,
    ROW_BYTES,
    ROW_WORDS,
    SCRATCH,
    STOP,
    STRIDE,
    SYSCALL,
    TABLE,
    THREAD,
    THREADS,
    WAITING,
)

_SPINS = 4000  # pauses before a worker sleeps or the caller lends its cpu: 50 to 200 us
_LOW = 0xFFFFFFFF
_I64 = ir.IntType(64)
_I32 = ir.IntType(32)
_ORDER = "seq_cst"

# Linux's numbers of the system calls, and the pause of a spinning loop as an LLVM intrinsic with its argument.
_SYSTEM_CALLS = {
    "x86_64": {"futex": 202, "gettid": 186, "sched_setaffinity": 203},
    "aarch64": {"futex": 98, "gettid": 178, "sched_setaffinity": 122},
}
_PAUSES = {"x86_64": ("llvm.x86.sse2.pause", ()), "aarch64": ("llvm.aarch64.isb", (15,))}
_FUTEX_WAIT, _FUTEX_WAKE, _EVERYONE = 128, 129, 0x7FFFFFFF  # "private": among the threads of one process


def _word(builder: ir.IRBuilder, address: ir.Value) -> ir.Value:
    return builder.inttoptr(address, _I64.as_pointer())


def _load(target: Target, builder: ir.IRBuilder, address: ir.Value) -> ir.Value:
    return builder.load_atomic(_word(builder, address), _ORDER, 8)


def _store(target: Target, builder: ir.IRBuilder, address: ir.Value, value: ir.Value) -> None:
    builder.store_atomic(value, _word(builder, address), _ORDER, 8)


def _add(target: Target, builder: ir.IRBuilder, address: ir.Value, value: ir.Value) -> ir.Value:
    return builder.atomic_rmw("add", _word(builder, address), value, _ORDER)


def _replace(target: Target, builder: ir.IRBuilder, address: ir.Value, old: ir.Value, new: ir.Value) -> ir.Value:
    outcome = builder.cmpxchg(_word(builder, address), old, new, _ORDER, _ORDER)
    return builder.zext(builder.extract_value(outcome, 1), _I64)


def _system(
    name: str, operation: Sequence[int], target: Target, builder: ir.IRBuilder, function: ir.Value, *words: ir.Value
) -> ir.Value:
    """function(number of system call `name`, words[0], operation, words[1:]); function is libc's `syscall`."""
    given = [_I64(_SYSTEM_CALLS[target.machine][name]), *words[:1], *(_I64(value) for value in operation), *words[1:]]
    return call_address(target, builder, function, *given, *[_I64(0)] * (5 - len(given)))


def _pause(target: Target, builder: ir.IRBuilder) -> None:
    name, arguments = _PAUSES[target.machine]
    words = [_I32(value) for value in arguments]
    function = ir.Function(builder.module, ir.FunctionType(ir.VoidType(), [word.type for word in words]), name)
    builder.call(function, words)


load = microkernel("atomic_load", (Pointer,), _load)
store = microkernel("atomic_store", (Pointer, Int), _store)
add = microkernel("atomic_add", (Pointer, Int), _add)
replace = microkernel("atomic_replace", (Pointer, Int, Int), _replace)
pause = microkernel("pause", (), _pause)
current_cpu = microkernel("current_cpu", (Pointer,), call_address)
thread_number = microkernel("thread_number", (Pointer,), partial(_system, "gettid", ()))
keep_on = microkernel("keep_on", (Pointer, Int, Int, Pointer), partial(_system, "sched_setaffinity", ()))
sleep_while = microkernel("sleep_while", (Pointer, Pointer, Int), partial(_system, "futex", (_FUTEX_WAIT,)))
wake_all = microkernel("wake_all", (Pointer, Pointer), partial(_system, "futex", (_FUTEX_WAKE, _EVERYONE)))


@routine
def _some(units: int) -> bool:
    """Whether a range holds any."""
    return units >> 32 < units & _LOW


@routine
def _take_units(control: int, thread: int) -> None:
    """Claims and runs units of the open row until none is left; thread 0 is the caller."""
    state = i64(control)
    threads = state[THREADS]
    done = 0
    for step in range(threads):
        owner = thread + step if thread + step < threads else thread + step - threads
        place = control + 8 * (RANGES + LINE * owner)
        units = load(place)
        begin, end = units >> 32, units & _LOW
        while begin < end:
            share = (end - begin + 1) // 2
            if replace(place, units, units - share if step else units + (share << 32)):
                first = end - share if step else begin
                row = i64(state[ROW])
                call_kernel(row[0], row[1], first, first + share, state[SCRATCH] + thread * state[STRIDE])
                done += share
            units = load(place)
            begin, end = units >> 32, units & _LOW
    if done:
        add(control + 8 * PENDING, -done)


@routine
def _keep_apart(control: int) -> None:
    """Keeps the workers off the cpu that the caller is on now, where they may use another."""
    state = i64(control)
    cpu = current_cpu(state[GETCPU]) & _LOW
    if cpu == state[APART] or cpu >= 64 * CPU_WORDS:
        return
    store(control + 8 * APART, cpu)  # before the workers' numbers are read: one that comes later resets it
    some = 0
    for word in range(CPU_WORDS):
        others = state[CPUS + word]
        if word == cpu >> 6:
            others &= ~(1 << (cpu & 63))
        state[CHOSEN + word] = others
        some |= others
    place = control + 8 * (CHOSEN if some else CPUS)
    for thread in range(1, state[THREADS]):
        number = load(control + 8 * (RANGES + LINE * thread + THREAD))
        if number:
            keep_on(state[SYSCALL], number, 8 * CPU_WORDS, place)


@routine
def _lend_cpu(control: int) -> None:
    """Moves the busy workers to the caller's cpu, and sleeps until no unit is pending."""
    state = i64(control)
    store(control + 8 * WAITING, 1)
    cpu = current_cpu(state[GETCPU]) & _LOW
    if cpu < 64 * CPU_WORDS:
        store(control + 8 * APART, -1)
        for word in range(CPU_WORDS):
            state[CHOSEN + word] = 1 << (cpu & 63) if word == cpu >> 6 else 0
        for thread in range(1, state[THREADS]):
            own = control + 8 * (RANGES + LINE * thread)
            if load(own + 8 * BUSY):
                number = load(own + 8 * THREAD)
                keep_on(state[SYSCALL], number, 8 * CPU_WORDS, control + 8 * CHOSEN)
                keep_on(state[SYSCALL], number, 8 * CPU_WORDS, control + 8 * CPUS)  # the system may move it on
    pending = load(control + 8 * PENDING)
    while pending > 0:
        sleep_while(state[SYSCALL], control + 8 * PENDING, pending)
        pending = load(control + 8 * PENDING)
    store(control + 8 * WAITING, 0)


@entry
def run_rows(table: Pointer, first: Int, end: Int, scratch: Pointer) -> None:
    """Runs rows [first, end) on this thread."""
    rows = i64(table)
    for row in range(first * ROW_WORDS, end * ROW_WORDS, ROW_WORDS):
        call_kernel(rows[row], rows[row + 1], 0, rows[row + 2], scratch)


@entry
def run_rows_shared(control: Pointer, first: Int, end: Int, scratch: Pointer) -> None:
    """Runs rows [first, end) of the control block's table on this thread and whichever workers come."""
    state = i64(control)
    threads = state[THREADS]
    for address in range(state[TABLE] + first * ROW_BYTES, state[TABLE] + end * ROW_BYTES, ROW_BYTES):
        row = i64(address)
        units = row[2]
        if units <= 1:
            call_kernel(row[0], row[1], 0, units, scratch)
            continue
        _keep_apart(control)
        state[ROW] = address
        store(control + 8 * PENDING, units)
        for thread in range(threads):
            begin, end = units * thread // threads, units * (thread + 1) // threads
            store(control + 8 * (RANGES + LINE * thread), begin << 32 | end)
        if load(control + 8 * PARKED):
            store(control + 8 * PARKED, 0)
            add(control + 8 * EPOCH, 1)
            wake_all(state[SYSCALL], control + 8 * EPOCH)
        _take_units(control, 0)
        spins = 0
        while load(control + 8 * PENDING) > 0:
            spins += 1
            if spins < _SPINS:
                pause()
            else:
                _lend_cpu(control)


@entry
def work(control: Pointer, thread: Int, _unused: Int, _scratch: Pointer) -> None:
    """The life of worker `thread`, 1 <= thread < threads: returns once STOP is set."""
    own = control + 8 * (RANGES + LINE * thread)
    store(own + 8 * THREAD, thread_number(i64(control)[SYSCALL]))
    store(control + 8 * APART, -1)
    spins = 0
    while not load(control + 8 * STOP):
        if _some(load(own)):
            store(own + 8 * BUSY, 1)
            _take_units(control, thread)
            store(own + 8 * BUSY, 0)
            spins = 0
            if load(control + 8 * WAITING):
                wake_all(i64(control)[SYSCALL], control + 8 * PENDING)
                spins = _SPINS
        elif spins < _SPINS:
            spins += 1
            pause()
        else:
            epoch = load(control + 8 * EPOCH)
            store(control + 8 * PARKED, 1)
            if not _some(load(own)) and not load(control + 8 * STOP):
                sleep_while(i64(control)[SYSCALL], control + 8 * EPOCH, epoch)
            spins = 0


@entry
def stop_workers(control: Pointer, _first: Int, _end: Int, _scratch: Pointer) -> None:
    """Makes every worker of the control block return."""
    store(control + 8 * STOP, 1)
    add(control + 8 * EPOCH, 1)
    wake_all(i64(control)[SYSCALL], control + 8 * EPOCH)
