"""What Python and compiled code agree on: words of an op table row and of the workers' control block.

A change here, in the C ABI of kernels (see lite.kernels.declare) or in the pack file is a new ABI_VERSION.
"""
from __future__ import annotations

ABI_VERSION = 4

# A row of the op table, in int64 words: kernel address, argument block address, units, 0.
ROW_WORDS = 4
ROW_BYTES = 8 * ROW_WORDS

# The control block, in int64 words. A line holds what one side writes while the other polls something else.
LINE_BYTES = 128  # processors fetch lines of 64 bytes in pairs
LINE = LINE_BYTES // 8
TABLE, SCRATCH, STRIDE, ROW = 0, 1, 2, 3  # of the current run; ROW is the current row's address
THREADS, SYSCALL, GETCPU = 4, 5, 6  # the caller and its workers; addresses of libc's `syscall` and `sched_getcpu`
APART = 7  # the cpu that workers are kept off; -1 before they are
PENDING, WAITING = LINE, LINE + 1  # units of the current row that are not done; the caller sleeps on these
PARKED, EPOCH, STOP = 2 * LINE, 2 * LINE + 1, 2 * LINE + 2  # a worker sleeps; what it sleeps on; workers must return
CPUS, CHOSEN = 3 * LINE, 4 * LINE  # sets of cpus: those that workers may use, and those that the caller moves some to
CPU_WORDS = LINE
RANGES = 5 * LINE  # a line a thread: the units of the row that are its own and nobody has claimed, first << 32 | end
THREAD, BUSY = 1, 2  # words of a worker's line: its number in the system, 0 before it runs; it may hold units


def control_words(threads: int) -> int:
    """Words of the control block of this many threads."""
    return RANGES + threads * LINE
