"""Commands as a user gives them, in one process: arguments in, exit code and both streams out."""
from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from converter.cli import main

DIGITS = Path(__file__).resolve().parent.parent.parent / "samples" / "digits"


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Mlite = Callable[..., Result]


@pytest.fixture
def mlite(capsys: pytest.CaptureFixture[str]) -> Mlite:
    """`mlite(*arguments)` runs the command; arguments that argparse refuses give code 2."""

    def run(*arguments: object) -> Result:
        capsys.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        streams = capsys.readouterr()
        return Result(code, streams.out, streams.err)

    return run
