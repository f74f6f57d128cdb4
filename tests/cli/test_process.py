"""The command as the shell sees it: a process of its own, its exit code, its streams, and signals."""
from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import DIGITS, Mlite

ROOT = DIGITS.parent.parent
MLITE = [sys.executable, "-c", "import sys; from converter.cli import main; sys.exit(main())"]
LITE = [sys.executable, "-m", "lite"]
MODEL = str(DIGITS / "digits.ms")
WITHOUT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
from converter.cli import main
sys.exit(main())
"""


def run(command: list[str], *arguments: str, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*command, *arguments], capture_output=True, text=True, cwd=ROOT, timeout=120, **more)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("command", "arguments", "code", "said"),
    [
        (MLITE, ["--help"], 0, "convert"),
        (MLITE, ["--version"], 0, "mindlite "),
        (MLITE, [], 2, "COMMAND"),
        (MLITE, ["conjure"], 2, "conjure"),
        (MLITE, ["run", "--help"], 0, "--repeat"),
        (LITE, ["--help"], 0, "Run .ms models, measure them"),
        (LITE, ["run", MODEL, "--random"], 0, "latency"),
        (LITE, ["run", "absent.ms", "--random"], 1, "absent.ms: No such file"),
    ],
    ids=lambda value: None if value is MLITE or value is LITE else str(value)[-20:],
)
def test_exit_codes(command: list[str], arguments: list[str], code: int, said: str) -> None:
    done = run(command, *arguments)
    assert done.returncode == code
    assert said in (done.stderr if code else done.stdout)
    assert "Traceback" not in done.stderr


def test_a_reader_that_leaves_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*MLITE, "inspect", MODEL], stdout=write, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [["inspect", MODEL], ["--help"], ["run", "--help"], ["--version"]])
def test_a_full_standard_output_is_an_error(arguments: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([*MLITE, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert "standard output: No space left" in done.stderr
    assert "Traceback" not in done.stderr


def heed_interrupts() -> None:
    """In the child: a job in the background of a shell ignores interrupts, and so would what it starts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_ctrl_c_is_quiet() -> None:
    command = [*MLITE, "run", MODEL, "--random", "--repeat", "999999999", "--progress"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, preexec_fn=heed_interrupts
    ) as child:
        assert child.stderr is not None
        for line in child.stderr:  # progress says when it is at work
            if line.startswith("running"):
                break
        child.send_signal(signal.SIGINT)
        assert "Traceback" not in child.stderr.read()
    assert child.returncode == 130


INTERRUPTED = """
import runpy, sys
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
runpy.run_module("lite", run_name="__main__")
"""


def test_ctrl_c_is_quiet_while_modules_are_imported() -> None:
    done = run([sys.executable, "-c", INTERRUPTED], "--version")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "python -m lite: interrupted\n")


ENDED = """
import os, signal, sys
from converter.cli import main
os.fsync = lambda descriptor: signal.raise_signal(signal.SIGTERM)
sys.exit(main())
"""


def test_a_file_is_whole_or_not_there_when_a_signal_ends_the_process(tmp_path: Path) -> None:
    done = run([sys.executable, "-c", ENDED], "convert", str(DIGITS / "digits.mindir"), "-o", str(tmp_path / "x.ms"))
    assert (done.returncode, done.stderr, list(tmp_path.iterdir())) == (-signal.SIGTERM, "", [])


def test_the_streams_may_be_closed(tmp_path: Path) -> None:
    command = shlex.join([*MLITE, "convert", str(DIGITS / "digits.mindir"), "-o", str(tmp_path / "x.ms")])
    done = subprocess.run(["sh", "-c", f"{command} <&- >&- 2>&-"], cwd=ROOT, timeout=120, check=False)
    assert done.returncode == 0
    assert (tmp_path / "x.ms").read_bytes() == Path(MODEL).read_bytes()


def test_too_little_memory_is_an_error(mlite: Mlite, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*arguments: object, **more: object) -> None:
        raise MemoryError("Unable to allocate 8.00 GiB")

    monkeypatch.setattr("converter.convert", exhausted)
    done = mlite("run", DIGITS / "digits.mindir", "--random")
    assert (done.code, done.err) == (1, "mlite: error: out of memory: Unable to allocate 8.00 GiB\n")


@pytest.mark.parametrize(
    ("absent", "arguments", "needed"),
    [
        ({"google"}, ["convert", "samples/digits/digits.mindir", "-o", "/dev/null"], "protobuf: 'mindlite[convert]'"),
        ({"PIL"}, ["run", MODEL, "--input", "x=README.md"], "Pillow: 'mindlite[image]'"),
        ({"PIL"}, ["demo", "--output", "/dev/null/never"], "Pillow: 'mindlite[image]'"),
        ({"PIL", "google"}, ["demo", "--output", "/dev/null/never"], "protobuf and Pillow: 'mindlite[convert,image]'"),
    ],
)
def test_what_is_not_installed_is_named(absent: set[str], arguments: list[str], needed: str) -> None:
    done = run([sys.executable, "-c", WITHOUT.format(absent=absent)], *arguments)
    assert done.returncode == 1
    assert f" needs {needed.replace(': ', ': pip install ')}\n" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        ("conver x", "convert"),
        ("convert --quantise full x", "--quantize"),
        ("convert x --quantize ful", "full"),
        ("convert x --sead 1 --foo", "--seed"),
        ("run x --randm", "--random"),
        ("run x --zzz", ""),
        ("zzz", ""),
    ],
)
def test_the_nearest_argument_is_named(mlite: Mlite, arguments: str, meant: str) -> None:
    done = mlite(*arguments.split())
    assert done.code == 2
    assert (f"; did you mean {meant}? (" in done.err) if meant else "did you mean" not in done.err


def test_the_device_needs_no_converter_packages() -> None:
    absent = {"google", "PIL", "numba", "llvmlite", "flatbuffers"}
    done = run([sys.executable, "-c", WITHOUT.format(absent=absent)], "run", MODEL, "--random")
    assert done.returncode == 0, done.stderr
