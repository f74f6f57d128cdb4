"""What Python and compiled code agree on: words of an op table row and of the workers' control block.

A change here, in the C ABI of kernels (see lite.kernels.declare) or in the pack file is a new ABI_VERSION.
"""
from __future__ import annotations

ABI_VERSION = 1

# A row of the op table, in int64 words: kernel address, argument block address, units, 0.
ROW_WORDS = 4
ROW_BYTES = 8 * ROW_WORDS

# The control block, in int64 words; a line holds what one side writes while the other polls something else.
OPEN = 0  # units of the current row that nobody has claimed
PENDING = 8  # units of the current row that are not done
TABLE, SCRATCH, STRIDE, ROW = 16, 17, 18, 19  # of the current run; ROW is the current row's address
THREADS, SYSCALL = 20, 21  # the caller and its workers; address of libc's `syscall`
PARKED, EPOCH, STOP = 24, 25, 26  # a worker sleeps; what it sleeps on; workers must return
CONTROL_WORDS = 32
