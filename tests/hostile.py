"""Run mutated model files: `python -m tests.hostile FILE FIRST END DELEGATE...` prints what goes wrong, a line each.

A process of its own, so that a crash or a hang in native code is an exit status and not the end of the tests.
"""
from __future__ import annotations

import faulthandler
import random
import resource
import sys
import traceback
from pathlib import Path

import numpy as np

from lite import LiteError, Session
from lite.model import read_model
from lite.types import Array

MEMORY_LIMIT = 8 << 20  # of a session; the models need less than 1 MiB
ADDRESS_SPACE = 768 << 20  # beyond what the process has when it starts

_NUMBERS = (0, 1, 2, 3, 7, 64, 255, 1000, 65535, 1 << 20, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)


def structure(data: bytes) -> Array:
    """Positions of the bytes that are not elements of constants: where a change changes the graph."""
    base = np.frombuffer(data, np.uint8).__array_interface__["data"][0]
    free = np.ones(len(data), bool)
    for tensor in read_model(data).tensors:
        value = tensor.spec.value
        if value is not None and value.nbytes > 16:
            start = value.__array_interface__["data"][0] - base
            if 0 <= start < len(data):  # else a copy, which the reader makes where the file does not align elements
                free[start : start + value.nbytes] = False
    return np.flatnonzero(free)


def mutated(data: bytes, positions: Array, seed: int) -> bytes:
    """One to three changes: a byte, a bit, or an aligned 32-bit number, of the structure nine times in ten."""
    rng = random.Random(seed)
    changed = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        at = int(rng.choice(positions)) if rng.random() < 0.9 else rng.randrange(len(data))
        kind = rng.randrange(4)
        if kind == 0:
            changed[at] = rng.randrange(256)
        elif kind == 1:
            changed[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            changed[at] = rng.choice((0, 1, 2, 3, 127, 128, 255))
        else:
            at -= at % 4
            changed[at : at + 4] = rng.choice(_NUMBERS).to_bytes(4, "little")
    return bytes(changed[: len(data)])


def outcome(data: bytes, delegates: list[str]) -> str:
    """"ran", "refused", or what went wrong."""
    try:
        with Session(data, delegates=delegates, memory_limit=MEMORY_LIMIT) as session:
            shapes = [[3 if d < 0 else d for d in spec.shape] for spec in session.inputs]
            session.run([np.ones(shape, spec.dtype) for shape, spec in zip(shapes, session.inputs, strict=True)])
    except LiteError as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, (MemoryError, AssertionError)):
            cause = cause.__cause__
        return "refused" if cause is None else f"{type(cause).__name__} behind {error}"
    except Exception:
        return traceback.format_exc()
    return "ran"


def main(path: str, first: str, end: str, *delegates: str) -> int:
    faulthandler.enable()
    np.seterr(all="ignore")
    data = Path(path).read_bytes()
    positions = structure(data)
    outcome(data, list(delegates))  # loads everything that runs will need, before memory is limited
    with open("/proc/self/statm", encoding="ascii") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + ADDRESS_SPACE,) * 2)
    counts = {"ran": 0, "refused": 0}
    for seed in range(int(first), int(end)):
        print(f"seed {seed}", file=sys.stderr, flush=True)  # the last line names the seed of a crash
        result = outcome(mutated(data, positions, seed), list(delegates))
        if result in counts:
            counts[result] += 1
        else:
            print(f"seed {seed}: {result}")
    print(counts, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
