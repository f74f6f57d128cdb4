"""Finding, building and loading packs: what happens when a cache is there, missing, damaged, shared or out of reach."""
from __future__ import annotations

import concurrent.futures
import contextlib
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lite.errors import KernelBuildError
from lite.native import artifact, build, cache, cpu
from lite.native import pack as packs
from lite.native.pack import KernelPack, Parameter
from lite.records import replace
from tests.native.conftest import SOURCES, arguments, table

Run = Callable[..., "subprocess.CompletedProcess[str]"]
NOWHERE = "/proc/nowhere"  # not even root can make a folder there


def works(pack: KernelPack | None) -> bool:
    assert pack is not None
    buffer = np.full(64, 7, np.uint8)
    rows = table(pack, ("clear_u8", arguments(buffer, 64), 1))
    pack.run(rows.ctypes.data, 0, 1, 0)
    return not buffer.any()


def entry() -> str:
    return cache.entry_name(cpu.levels()[0].name, cache.digest(SOURCES), cache.tools())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack_file: Path) -> Path:
    """An empty cache folder in a process that has not loaded anything and builds at once, by copying."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("MINDLITE_CACHE", str(folder))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(packs, "_loaded", {})
    monkeypatch.setattr(build, "build", lambda *_: pack_file.read_bytes())
    return folder / "packs"


@pytest.fixture
def no_build(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise AssertionError("nothing should be built")

    monkeypatch.setattr(build, "build", fail)


@pytest.fixture
def no_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "tools", lambda: "")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


def test_manifest(pack: KernelPack) -> None:
    assert pack.target == cpu.levels()[0].name
    assert pack.constants == {"lanes": cpu.levels()[0].lanes}
    assert pack.names == ("clear_u8", "mix_i64", "narrow_i8", "polynomial_f32", "scale_f32", "uneven_i64", "widths")
    assert pack.parameters("scale_f32") == (
        Parameter("x", "pointer"),
        Parameter("y", "pointer"),
        Parameter("n", "int"),
        Parameter("alpha", "float"),
    )
    for ask in (pack.address, pack.parameters):
        with pytest.raises(KernelBuildError, match="no kernel softmin; it has clear_u8"):
            ask("softmin")


def test_first_use_builds_and_publishes(home: Path) -> None:
    assert works(packs.load_from(SOURCES))
    assert [path.name for path in home.glob("[!.]*")] == [entry()]
    assert packs.load_from(SOURCES) is packs.load_from(SOURCES)


@pytest.mark.usefixtures("no_build")
def test_later_processes_load_what_was_built(home: Path, pack_file: Path) -> None:
    cache.publish(entry(), pack_file.read_bytes())
    assert works(packs.load_from(SOURCES))


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "cut short": lambda data: data[: len(data) // 2],
    "one bit": lambda data: data[:900] + bytes([data[900] ^ 1]) + data[901:],
    "checksum": lambda data: data[:-20] + b"x" + data[-19:],
    "other sources": lambda data: _resealed(data, sources="0" * 32),
}


def _resealed(data: bytes, **changes: str) -> bytes:
    manifest = artifact.unseal(data, "test")
    return artifact.seal(data, replace(manifest, **changes))


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_entry_is_built_again(home: Path, pack_file: Path, damage: str) -> None:
    good = pack_file.read_bytes()
    cache.publish(entry(), DAMAGE[damage](good))
    assert works(packs.load_from(SOURCES))
    assert (home / entry()).read_bytes() == good


def test_damage_is_named(pack_file: Path) -> None:
    data = pack_file.read_bytes()
    with pytest.raises(KernelBuildError, match="kernel pack here is damaged"):
        artifact.unseal(data[:100], "here")
    other = artifact.seal(data, artifact.unseal(data, "x")).replace(b"abi 4\n", b"abi 9\n")
    body = other[: -artifact._CHECKSUM - 8]
    with pytest.raises(KernelBuildError, match="ABI version 9, expected 4"):
        artifact.unseal(body + artifact.checksum(body) + artifact._MAGIC, "here")


@pytest.mark.usefixtures("no_numba")
def test_without_numba_and_pack_there_is_none(home: Path) -> None:
    assert packs.load_from(SOURCES) is None


@pytest.mark.usefixtures("no_numba", "no_build")
def test_without_numba_any_pack_of_the_sources_will_do(
    home: Path, pack_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built_for, other = cpu.levels()[0], cpu.levels()[-1]
    monkeypatch.setattr(cpu, "levels", lambda: (other, built_for))
    cache.publish(cache.entry_name(built_for.name, cache.digest(SOURCES), "older"), pack_file.read_bytes())
    assert works(packs.load_from(SOURCES))


@pytest.mark.usefixtures("no_numba", "no_build")
def test_a_pack_of_another_level_under_this_name_is_not_loaded(home: Path, pack_file: Path) -> None:
    assert KernelPack.open(str(pack_file), target=cpu.levels()[0].name).target == cpu.levels()[0].name
    with pytest.raises(KernelBuildError, match="not for x86-128"):
        KernelPack.open(str(pack_file), target="x86-128")
    cache.publish(cache.entry_name(cpu.levels()[-1].name, cache.digest(SOURCES), ""), pack_file.read_bytes())
    assert packs.load_from(SOURCES) is None


@pytest.mark.usefixtures("no_build")
def test_a_shipped_pack_comes_first(
    home: Path, pack_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packs, "_SHIPPED", str(tmp_path))
    (tmp_path / f"{cpu.levels()[0].name}.so").write_bytes(pack_file.read_bytes())
    assert works(packs.load_from(SOURCES))


def test_a_home_out_of_reach_leaves_the_temporary_folder(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINDLITE_CACHE", NOWHERE)
    assert works(packs.load_from(SOURCES))
    assert (tmp_path / "temporary" / f"mindlite-{os.geteuid()}" / "packs" / entry()).exists()


def test_no_folder_at_all_leaves_memory(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINDLITE_CACHE", NOWHERE)
    monkeypatch.setenv("TMPDIR", NOWHERE)
    assert works(packs.load_from(SOURCES))


def test_a_build_that_fails_is_told_every_time(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def fail(*_: object) -> bytes:
        calls.append(1)
        raise KernelBuildError("no compiler today")

    monkeypatch.setattr(build, "build", fail)
    for _ in range(2):
        with pytest.raises(KernelBuildError, match="no compiler today"):
            packs.load_from(SOURCES)
    assert len(calls) == 1


@pytest.mark.parametrize("what", ["folder for all", "file for all", "stranger's folder", "link to a folder"])
def test_what_others_could_have_written_is_not_read(
    home: Path, pack_file: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = cache.publish(entry(), pack_file.read_bytes())
    assert path == str(home / entry())
    find = (cpu.levels()[0].name, cache.digest(SOURCES), cache.tools())
    assert cache.find(*find) == path
    if what == "folder for all":
        home.chmod(0o777)
    elif what == "file for all":
        (home / entry()).chmod(0o666)
    elif what == "link to a folder":
        home.rename(home.with_name("elsewhere"))
        home.symlink_to("elsewhere")
    elif os.geteuid() == 0:
        os.chown(home, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert cache.find(*find) is None
    if what != "file for all":
        assert cache.publish(entry(), b"pack") != path


def test_folders_follow_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    private = f"/t/mindlite-{os.geteuid()}/packs"
    monkeypatch.setenv("TMPDIR", "/t")
    monkeypatch.setenv("HOME", "/home/somebody")
    for name in ("MINDLITE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert cache.folders() == ("/home/somebody/.cache/mindlite/packs", private)
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache.folders() == ("/xdg/mindlite/packs", private)
    monkeypatch.setenv("MINDLITE_CACHE", "/mine")
    assert cache.folders() == ("/mine/packs", private)


BUILD = f"""
import sys
import numpy
before = set(sys.modules)
from lite.native.pack import load_from
pack = load_from({SOURCES!r}, print)
print("loaded", pack.target, *pack.names)
costly = {{"numba", "llvmlite", "hashlib", "json", "subprocess", "tempfile"}}
print("imported", *sorted(costly & (sys.modules.keys() - before)))
"""


def test_a_build_waits_for_another(home: Path) -> None:
    lines: list[str] = []
    with concurrent.futures.ThreadPoolExecutor() as pool:
        with cache.building(lambda: None):
            pack = pool.submit(packs.load_from, SOURCES, lines.append)
            while not lines:
                time.sleep(0.001)
            assert not pack.done()
        assert works(pack.result())
    assert lines == ["kernel pack: waiting for another process that compiles it"]


def test_two_processes_at_once_build_once(tmp_path: Path, run_python: Run) -> None:
    """And the user's own numba settings reach neither; a third process loads without importing what builds."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        settings = {"NUMBA_DISABLE_JIT": "1", "NUMBA_OPT": "3", "PYTHONWARNINGS": "error"}
        runs = [pool.submit(run_python, BUILD, **settings) for _ in range(2)]
        outputs = [run.result() for run in runs]
    assert [output.stderr for output in outputs] == ["", ""]
    assert sorted("compiling 2 modules, once" in output.stdout for output in outputs) == [False, True]
    assert all("loaded" in output.stdout for output in outputs)
    assert len(list((tmp_path / "cache" / "packs").glob("[!.]*"))) == 1

    third = run_python(BUILD)
    assert third.stdout.splitlines()[-1] == "imported"
    assert "kernel pack" not in third.stdout


BROKEN = [
    ("tests.native.broken_import", r"kernels call expf?, which a pack must not import"),
    ("tests.native.broken_types", r"kernel confused_f32 does not compile: "),
]


@pytest.mark.parametrize(("package", "message"), BROKEN)
def test_broken_kernels_are_explained(package: str, message: str) -> None:
    with pytest.raises(KernelBuildError, match=message):
        build.build(package, cpu.levels()[0])


def alive(group: int) -> list[str]:
    """Processes of the group that still run, by their number."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, _, of_group = (folder / "stat").read_text().rpartition(") ")[2].split()[:3]
            if int(of_group) == group and state not in "ZX":
                found.append(folder.name)
    return found


def ends(group: int) -> bool:
    """Whether the processes of a group that were killed are gone; the system takes a moment."""
    for _ in range(100):
        if not alive(group):
            return True
        time.sleep(0.02)
    return False


def test_an_interrupt_ends_the_compiler_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the processes of its pool, which would compile on for seconds."""
    monkeypatch.setenv("MINDLITE_CACHE", str(tmp_path))  # without modules that were compiled before
    children: list[int] = []

    def interrupt(line: str) -> None:
        raise KeyboardInterrupt

    class Recorded(subprocess.Popen[str]):
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **options)  # type: ignore[call-overload]
            children.append(self.pid)

    monkeypatch.setattr("lite.native.build.subprocess.Popen", Recorded)
    with pytest.raises(KeyboardInterrupt):
        build.build("lite.kernels", cpu.levels()[0], interrupt)
    assert len(children) == 1
    assert ends(children[0])


def test_what_a_child_writes_to_is_no_standard_stream(run_python: Run) -> None:
    code = "import os; from lite.native import build; os.closerange(0, 3); os._exit(build.memory_file().fileno() < 3)"
    assert run_python(code).returncode == 0


def test_the_compiler_ends_with_a_process_that_is_killed(tmp_path: Path) -> None:
    code = """
import subprocess, time
from lite.native import build, cpu
class Recorded(subprocess.Popen):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        print(self.pid, flush=True)
build.subprocess.Popen = Recorded
build.build("lite.kernels", cpu.levels()[0], lambda line: print(line, flush=True))
"""
    environment = {**os.environ, "MINDLITE_CACHE": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        group, line = int(parent.stdout.readline()), parent.stdout.readline()
        assert "compiling" in line
        assert len(alive(group)) >= 1
        parent.kill()
    assert ends(group)


def test_the_command_writes_a_file_a_target(tmp_path: Path, run_python: Run) -> None:
    code = "import sys; from lite.native.build import main; sys.exit(main(sys.argv[1:]))"
    common = ("--package", SOURCES, "--target", "aarch64", "--target", "x86-64-v4", "--output")
    done = run_python(code, *common, str(tmp_path))
    assert done.returncode == 0, done.stderr
    for name in ("aarch64", "x86-64-v4"):
        assert artifact.unseal((tmp_path / f"{name}.so").read_bytes(), name).target == name
    failed = run_python(code, *common, str(tmp_path / "file.so"))
    assert failed.returncode == 1
    assert "2 packs need a folder" in failed.stderr


@pytest.mark.usefixtures("no_build")
def test_entries_are_listed_and_removed(home: Path, pack_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache.entries() == ()
    good = cache.publish(entry(), pack_file.read_bytes())
    for name in ("notes.txt", ".x86-64-v3-temporary.so", f"x-{'0' * 31}-tools.so"):
        (home / name).write_bytes(b"no pack")
    (home / f"x86-64-v3-{'0' * 32}-tools.so").symlink_to(home / "notes.txt")
    (found,) = cache.entries()
    assert (found.path, found.target, found.sources) == (good, cpu.levels()[0].name, cache.digest(SOURCES))
    assert found.nbytes == len(pack_file.read_bytes())
    loaded = KernelPack.open(found.path)
    cache.remove(found)
    cache.remove(found)  # somebody else was faster
    assert cache.entries() == ()
    assert works(loaded)


def test_a_build_evicts_what_is_old_and_of_other_sources(home: Path, pack_file: Path) -> None:
    data, sources = pack_file.read_bytes(), cache.digest(SOURCES)
    names = {
        "old and other": cache.entry_name("x86-64-v3", "0" * 32, "tools"),
        "new and other": cache.entry_name("x86-64-v3", "1" * 32, "tools"),
        "old and the same": cache.entry_name("x86-64", sources, "tools"),
    }
    for what, name in names.items():
        path = cache.publish(name, data)
        assert path is not None
        age = 40 * 86400 if what.startswith("old") else 10 * 86400
        os.utime(path, (time.time() - age,) * 2)
    assert works(packs.load_from(SOURCES))
    left = {os.path.basename(found.path) for found in cache.entries()}
    assert left == {names["new and other"], names["old and the same"], entry()}
