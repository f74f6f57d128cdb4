"""Programs that ask MindSpore, which computes on one core mostly and takes seconds to start: one for each core."""
from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")
_FEW = 4  # jobs that no second program is started for


def in_shares(work: Callable[[Sequence[Job]], Result], jobs: Sequence[Job]) -> list[Result]:
    """What `work` makes of each core's share of the jobs, all at once. Raises what one of them does."""
    count = max(1, min(len(os.sched_getaffinity(0)), len(jobs) // _FEW))
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(work, [jobs[first::count] for first in range(count)]))


def run_shares(command: Sequence[str], jobs: Sequence[Sequence[str]], folder: Path) -> None:
    """Run a program on all jobs, which are arguments of it. It leaves reports where it runs: in `folder`.

    Raises RuntimeError with its last words where it fails.
    """

    def run(share: Sequence[Sequence[str]]) -> None:
        whole = [*command, *(argument for job in share for argument in job)]
        done = subprocess.run(whole, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"MindSpore's side failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")

    if jobs:
        in_shares(run, jobs)
