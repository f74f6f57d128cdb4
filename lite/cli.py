"""The commands of `python -m lite`, and what every command shares: errors and exit codes.

`mlite` (converter.cli) offers these and the converter's. Exit codes: 0 success; 1 an error, which one message
on standard error explains; 2 wrong arguments; 130 interrupted.
"""
from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import NoReturn

from lite import __version__
from lite.commands.extras import install_advice
from lite.errors import LiteError

# name -> (module, one line of help)
COMMANDS = {
    "run": ("lite.commands.run", "run a model and show its outputs and latency"),
    "inspect": ("lite.commands.inspect", "show what a model holds and how it would run"),
    "bench": ("lite.commands.bench", "measure how fast a model runs and where its time goes"),
    "cache": ("lite.commands.cache", "show the compiled kernels that are kept here, or delete them"),
}

_ENDS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; wrong arguments raise SystemExit(2), as argparse does."""
    description = "Run .ms models, measure them, and show what they hold."
    return execute("python -m lite", lambda prog: build_parser(prog, description, COMMANDS), argv)


class _Parser(argparse.ArgumentParser):
    """Reports wrong arguments in one line, with the nearest right one, without the usage of all arguments."""

    def error(self, message: str) -> NoReturn:
        message += self._nearest(message)
        self.exit(2, f"{self.prog}: error: {message} ({self.prog} --help has all arguments)\n")

    def _nearest(self, message: str) -> str:
        """`; did you mean ...` for an option, command or choice that is not known; "" where none is near."""
        if flags := re.match(r"unrecognized arguments:.*?\s(--[\w-]+)", message):
            given, known = flags[1], re.findall(r"(?<!\S)--[a-z][\w-]*", self.format_help())
        elif choice := re.search(r"invalid choice: '?([^' ]+)'? \(choose from (.*)\)$", message):
            given, known = choice[1], re.findall(r"[\w.-]+", choice[2])
        else:
            return ""
        near = get_close_matches(given, known, n=1)
        return f"; did you mean {near[0]}?" if near else ""


def build_parser(prog: str, description: str, commands: dict[str, tuple[str, str]]) -> argparse.ArgumentParser:
    """A parser with a subcommand for each row of `commands`, whose module adds the description and arguments."""
    parser = _Parser(prog=prog, description=description)
    parser.add_argument("--version", action="version", version=f"mindlite {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, (module_name, line) in commands.items():
        module = import_module(module_name)
        subparser = subparsers.add_parser(name, help=line, formatter_class=argparse.RawDescriptionHelpFormatter)
        module.add_arguments(subparser)
        subparser.set_defaults(execute=module.execute, usage_error=subparser.error)
    return parser


def execute(prog: str, build: Callable[[str], argparse.ArgumentParser], argv: Sequence[str] | None) -> int:
    """Run the command that the arguments name, and turn the error that stops it into a message and an exit code.

    SIGTERM and SIGHUP end the process after temporary files are deleted.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names in models may have characters that the terminal's encoding lacks. And argparse ignores errors when it
        # writes its help: behind a buffer, which only `python -u` does without, _flush sees them.
        sys.stdout.reconfigure(errors="backslashreplace", write_through=False)
    try:
        with _ends_raised():
            return _run(build(prog), argv)
    except BrokenPipeError:  # the reader, `head` for one, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print(f"{prog}: interrupted", file=sys.stderr)
        return 130
    except _End as end:
        signal.raise_signal(end.number)
        return 128 + end.number
    except ModuleNotFoundError as error:
        advice = install_advice([error.name or ""])
        if not advice:
            raise
        message = advice
    except MemoryError as error:
        message = f"out of memory: {error}" if str(error) else "out of memory"
    except (LiteError, OSError) as error:
        message = _message(error)
    print(f"{prog}: error: {message}", file=sys.stderr)
    return 1


def _run(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> int:
    try:
        args, unknown = parser.parse_known_args(argv)
    except SystemExit:  # after --help or --version, or for wrong arguments
        _flush()
        raise
    if unknown:
        args.usage_error(f"unrecognized arguments: {' '.join(unknown)}")
    code: int = args.execute(args)
    _flush()
    return code


class _End(BaseException):
    """A signal that would have ended the process at once, with temporary files left behind."""

    def __init__(self, number: int) -> None:
        self.number = number


@contextlib.contextmanager
def _ends_raised() -> Iterator[None]:
    """Raise _End for these signals, unless the program around this one handles them itself."""

    def end(number: int, frame: object) -> None:
        raise _End(number)

    ours = threading.current_thread() is threading.main_thread()  # no other thread may set handlers
    numbers = [n for n in _ENDS if ours and signal.getsignal(n) == signal.SIG_DFL]
    for number in numbers:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


def _flush() -> None:
    """Flush standard output. Raises an OSError that names it where that fails."""
    try:
        if sys.stdout is not None:  # it is None where the caller closed it
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter would say it again
        raise OSError(error.errno, error.strerror, "standard output") from None


def _message(error: LiteError | OSError) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{os.fspath(error.filename)}: {error.strerror}"
    return str(error)
