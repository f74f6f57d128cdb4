"""The house rules that a program can check: who may import whom, what a session costs, and what no file may be called."""
from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("lite", "converter")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

# Each room and what it may import: other rooms, and packages from outside the standard library. A module belongs to the
# room with the longest matching name; a package's own __init__ is the room "<package>.__init__" where there is one.
LITE_BASICS = {"lite.errors", "lite.types"}
ARROWS: dict[str, set[str]] = {
    # the device, low to high
    "lite.errors": set(),
    "lite.types": {"numpy"},
    "lite.files": set(),
    "lite.ops": {*LITE_BASICS, "numpy"},
    "lite.kernels": {"lite.types", "numpy", "numba", "llvmlite"},
    "lite.native": {*LITE_BASICS, "lite.files", "lite.kernels", "numpy", "numba", "llvmlite"},
    "lite.schema": {"lite.errors"},
    "lite.schema.encode": {"lite.schema", "numpy", "flatbuffers"},
    "lite.model": {*LITE_BASICS, "lite.ops", "lite.schema", "numpy"},
    "lite.delegates": {*LITE_BASICS, "lite.ops", "lite.native", "numpy"},
    "lite.plan": {*LITE_BASICS, "lite.ops", "lite.model", "lite.delegates", "lite.native", "numpy"},
    "lite.profile": {*LITE_BASICS, "lite.plan", "numpy"},
    "lite.session": {*LITE_BASICS, "lite.model", "lite.ops", "lite.native", "lite.delegates", "lite.plan", "lite.profile", "numpy"},
    "lite.__init__": {*LITE_BASICS, "lite.session", "lite.profile", "lite.model"},
    "lite.commands": {*LITE_BASICS, "lite.files", "lite.model", "lite.ops", "lite.plan", "lite.profile", "lite.session", "numpy", "PIL"},
    "lite.cli": {"lite.errors", "lite.commands"},
    "lite.__main__": {"lite.cli"},
    # the converter, low to high; it knows the device's vocabulary and nothing of how it runs
    "converter.errors": {"lite.errors"},
    "converter.options": {*LITE_BASICS, "converter.errors"},
    "converter.ir": {*LITE_BASICS, "lite.ops", "converter.errors", "numpy"},
    "converter.passes": {*LITE_BASICS, "lite.ops", "converter.errors", "converter.ir", "numpy"},
    "converter.checkpoint": {*LITE_BASICS, "converter.errors", "numpy", "google"},
    "converter.mindir": {*LITE_BASICS, "lite.ops", "converter.errors", "converter.ir", "numpy", "google"},
    "converter.emit": {*LITE_BASICS, "lite.__init__", "lite.schema", "lite.schema.encode", "converter.errors", "converter.ir", "numpy"},
    "converter.__init__": {
        *LITE_BASICS, "converter.errors", "converter.options", "converter.ir", "converter.passes", "converter.mindir", "converter.emit",
    },
    # the commands, which show what the rest does
    "converter.commands": {*LITE_BASICS, "lite.files", "lite.ops", "lite.__init__", "lite.commands", "lite.session", "converter.__init__",
        "converter.errors", "converter.options", "converter.ir", "converter.passes", "converter.mindir", "converter.emit", "numpy", "PIL"},
    "converter.cli": {"lite.cli", "converter.commands"},
}  # fmt: skip
FORBIDDEN_STEMS = {"utils", "util", "helpers", "helper", "misc", "common", "core", "manager", "impl"}
GENERATED = {"layout.py"}  # beside *_pb2.py
LONG_FILE = 500  # lines; past this a file says in its docstring why
COLD_PACKAGES = ("numba", "llvmlite", "google.protobuf", "PIL", "flatbuffers")
WARM_SESSION = """
import sys
import numpy as np
from lite import Session
with Session(sys.argv[1], delegates=["reference"]) as session:
    session.run(np.zeros((1, 1, 8, 8), np.float32))
print(*(name for name in sys.argv[2:] if name in sys.modules))
"""


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts)


def room_of(module: str) -> str | None:
    """The longest room whose name is the module's or a prefix of it; None where no room fits."""
    fitting = [room for room in ARROWS if module == room or module.startswith(room + ".")]
    return max(fitting, key=len, default=None)


def is_generated(path: Path) -> bool:
    return path.name.endswith("_pb2.py") or path.name in GENERATED


def imports_of(path: Path) -> Iterator[tuple[str, int]]:
    """Every module that the file imports anywhere in it, with the line; names imported from packages are resolved."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively; name the module in full"
            yield from ((resolve(node.module or "", alias.name), node.lineno) for alias in node.names)


def resolve(package: str, name: str) -> str:
    """The module that `from package import name` reaches: a submodule, a package's __init__, or the module itself."""
    folder = ROOT.joinpath(*package.split("."))
    if (folder / f"{name}.py").exists() or (folder / name / "__init__.py").exists():
        return f"{package}.{name}"
    return f"{package}.__init__" if (folder / "__init__.py").exists() else package


def test_every_module_has_a_room() -> None:
    homeless = [module_name(path) for path in SOURCES if room_of(module_name(path)) is None and path.stat().st_size]
    assert not homeless


@pytest.mark.parametrize("path", [p for p in SOURCES if not is_generated(p)], ids=module_name)
def test_arrows_go_one_way(path: Path) -> None:
    home = room_of(module_name(path))
    if home is None:
        return
    broken = []
    for module, line in imports_of(path):
        top = module.partition(".")[0]
        if top in sys.stdlib_module_names:
            continue
        target = room_of(module) if top in PACKAGES else top
        if target != home and target not in ARROWS[home]:
            broken.append(f"line {line}: {module_name(path)} ({home}) imports {module} ({target})")
    assert not broken, "\n".join(broken)


def test_arrows_have_no_cycle() -> None:
    """Rooms can be put in an order in which each imports only earlier ones."""
    left = {room: {target for target in targets if target in ARROWS} for room, targets in ARROWS.items()}
    while ready := [room for room, targets in left.items() if not targets]:
        for room in ready:
            del left[room]
        for targets in left.values():
            targets.difference_update(ready)
    assert not left


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_file_names_and_sizes(path: Path) -> None:
    assert path.stem not in FORBIDDEN_STEMS
    if not is_generated(path):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= LONG_FILE, "split it, or say why here"


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name == "__init__.py"], ids=module_name)
def test_public_names_are_sorted(path: Path) -> None:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            names = ast.literal_eval(node.value)
            assert names == sorted(names)


def test_a_warm_session_imports_numpy_only() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WARM_SESSION, str(ROOT / "samples/digits/digits.ms"), *COLD_PACKAGES],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    assert done.stdout.split() == []
