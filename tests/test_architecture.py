"""The house rules that a program can check: who imports whom, what a session costs, what no file is called."""
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

# Each room and what its modules may import: other rooms, and packages from outside the standard library. A module is in
# the room with the longest name that is its own or a package's around it. Arrows lead from later rows to earlier ones.
EVERYWHERE = {"lite.records"}  # stands in for a module of the standard library
WORDS = {"lite.coded", "lite.compressed", "lite.errors", "lite.halves", "lite.stored", "lite.types"}
SETTINGS = {"converter.calibration", "converter.prune.settings", "converter.quantize.settings"}
IR = {*WORDS, "lite.ops", "converter.errors", "converter.ir", "numpy"}
ARROWS: dict[str, set[str]] = {
    # The device: words, meaning, files, loops, how loops become code, who runs what, where it lives, the session.
    "lite.records": set(),
    "lite.errors": set(),
    "lite.types": {"numpy"},
    "lite.compressed": {"lite.types", "numpy"},
    "lite.stored": {"lite.types", "numpy"},
    "lite.coded": {"lite.compressed", "lite.stored", "lite.types", "numpy"},
    "lite.halves": {"lite.stored", "lite.types", "numpy"},
    "lite.memory": {*WORDS, "numpy"},
    "lite.files": set(),
    "lite.commands.show": set(),
    "lite.arrays": {*WORDS, "lite.memory", "numpy"},
    "lite.pictures": {*WORDS, "numpy", "PIL"},
    "lite.foreign": set(),
    "lite.ops": {*WORDS, "numpy"},
    "lite.schema": {"lite.errors", "lite.types", "numpy"},
    "lite.schema.encode": {"lite.schema", "numpy", "flatbuffers"},
    "lite.model": {*WORDS, "lite.foreign", "lite.ops", "lite.schema", "numpy"},
    "lite.kernels.codes": set(),
    "lite.kernels.target": set(),
    "lite.kernels": {"lite.kernels.codes", "lite.kernels.target", "numpy", "numba", "llvmlite"},
    "lite.native": {"lite.errors", "lite.kernels.target", "numpy"},
    "lite.native.driver": {"lite.native", "lite.kernels", "llvmlite"},
    "lite.native.codegen": {"lite.errors", "lite.native", "lite.kernels", "numba", "llvmlite"},
    "lite.delegates.base": {*WORDS, "lite.memory", "lite.ops"},
    "lite.delegates.reference": {"lite.types", "lite.delegates.base", "lite.ops"},
    "lite.delegates.cpu": {
        *WORDS, "lite.memory", "lite.delegates.base", "lite.kernels.codes", "lite.native", "lite.ops", "numpy",
    },
    "lite.delegates": {
        "lite.errors", "lite.delegates.base", "lite.delegates.reference", "lite.delegates.cpu", "lite.native",
    },
    "lite.plan": {*WORDS, "lite.memory", "lite.ops", "lite.model", "lite.delegates.base", "numpy"},
    "lite.profile": {"lite.plan"},
    "lite.timing": set(),
    "lite.binding": {*WORDS, "lite.plan"},
    "lite.states": {*WORDS, "numpy"},
    "lite.session": {
        *WORDS, "lite.memory", "lite.model", "lite.native", "lite.delegates", "lite.plan", "lite.profile",
        "lite.binding", "lite.states", "numpy",
    },
    "lite.__init__": {*WORDS, "lite.session"},
    # Measuring: this engine, and beside it others in processes of their own.
    "lite.bench": {"lite.native", "lite.ops", "lite.plan", "lite.session", "lite.timing", "numpy"},
    "lite.tflite": {*WORDS, "lite.ops", "lite.model", "numpy", "flatbuffers", "ai_edge_litert"},
    "lite.engines": {
        *WORDS, "lite.memory", "lite.model", "lite.session", "lite.tflite", "lite.timing", "numpy", "onnxruntime",
        "onnx", "openvino", "MNN", "_tools", "ai_edge_litert",
    },
    "lite.compare": {"lite.types", "lite.engines", "lite.timing", "numpy"},
    # The converter: it shares the device's words and meanings, and knows nothing of how the device runs them.
    "converter.errors": {"lite.errors"},
    "converter.encryption": {"converter.errors", "cryptography"},
    "converter.checkpoint": {
        *WORDS, "lite.files", "lite.foreign", "converter.errors", "converter.encryption", "numpy",
        "google",
    },
    "converter.names": {"converter.errors"},
    "converter.calibration": {
        *WORDS, "lite.arrays", "lite.files", "lite.pictures", "converter.errors", "converter.names", "numpy",
    },
    "converter.quantize.settings": {"converter.errors", "converter.names", "converter.calibration"},
    "converter.prune.settings": {"lite.types", "converter.calibration", "converter.errors", "converter.names"},
    "converter.ini": {"converter.errors", "converter.names"},
    "converter.config": {"lite.files", "converter.errors", "converter.ini", "converter.names", *SETTINGS},
    "converter.options": {
        *WORDS, "converter.errors", "converter.names", "converter.checkpoint", "converter.config", *SETTINGS, "numpy",
    },
    "converter.ir": {*WORDS, "lite.ops", "converter.errors", "numpy"},
    "converter.passes": IR,
    "converter.mindir": {
        *IR, "lite.files", "lite.foreign", "converter.checkpoint", "converter.encryption", "google",
    },
    "converter.sidecar": {*WORDS, "lite.files", "lite.schema", "numpy"},
    "converter.compact": {*WORDS, "lite.records", "numpy"},
    "converter.emit": {
        *IR, "lite.__init__", "lite.schema", "lite.schema.encode", "converter.compact", "converter.sidecar",
    },
    "converter.prune": {*IR, "lite.session", "converter.emit", *SETTINGS},
    "converter.quantize": {*IR, "lite.session", "converter.compact", "converter.emit", "converter.passes", *SETTINGS},
    "converter.exporters": {
        *IR, "lite.__init__", "lite.files", "converter.mindir", "converter.passes", "converter.sidecar", "google",
    },
    "converter.reports": {
        *IR, "lite.bench", "lite.commands.show", "lite.session", "converter.emit", "converter.quantize", *SETTINGS,
    },
    "converter.ms": {*IR, "lite.files", "lite.model", "lite.schema"},
    "converter.stages": {
        *WORDS, "converter.errors", "converter.options", "converter.ir", "converter.mindir", "converter.ms",
        "converter.passes", "converter.prune", "converter.quantize", "converter.reports",
        "lite.commands.show", "lite.files", *SETTINGS,
    },
    "converter.__init__": {
        *WORDS, "lite.files", "lite.session", "converter.errors", "converter.options", "converter.ir",
        "converter.emit", "converter.exporters", "converter.names", "converter.reports", "converter.sidecar",
        "converter.stages", *SETTINGS,
    },
    "converter.suite": {*WORDS, "lite.native", "numpy"},
    # The commands show all of it.
    "lite.commands.extras": {"lite.errors"},
    "lite.commands": {
        *WORDS, "lite.files", "lite.ops", "lite.model", "lite.plan", "lite.profile", "lite.session", "lite.timing",
        "lite.native", "lite.bench", "lite.engines", "lite.compare", "lite.commands.show", "lite.arrays",
        "lite.pictures", "numpy", "PIL",
    },
    "lite.cli": {"lite.errors", "lite.__init__", "lite.commands.extras"},
    "lite.__main__": {"lite.cli"},
    "converter.commands": {
        *WORDS, "lite.files", "lite.memory", "lite.session", "lite.commands", "lite.commands.extras",
        "converter.__init__", "converter.mindir", "converter.emit", "converter.exporters", "converter.ir",
        "converter.config", "converter.errors", "converter.options", "converter.encryption", "converter.reports",
        "converter.sidecar", "converter.stages", "converter.suite", "lite.commands.show", "lite.pictures", *SETTINGS,
        "numpy", "PIL",
    },
    "converter.cli": {"lite.cli"},
}  # fmt: skip

FORBIDDEN_STEMS = {"utils", "util", "helpers", "helper", "misc", "common", "core", "manager", "impl"}
GENERATED = {"layout.py"}  # beside *_pb2.py
LONG_FILE = 500  # lines; past this a file says in its docstring why
COLD_PACKAGES = ("numba", "llvmlite", "google.protobuf", "PIL", "flatbuffers")
WARM_SESSION = """
import sys
import numpy as np
from lite import Session
with Session(sys.argv[1]) as session:
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
        if target not in {home, *EVERYWHERE, *ARROWS[home]}:
            broken.append(f"line {line}: {module_name(path)} ({home}) imports {module} ({target})")
    assert not broken, "\n".join(broken)


def test_arrows_lead_to_earlier_rows() -> None:
    rows = list(ARROWS)
    for room, targets in ARROWS.items():
        assert all(rows.index(target) < rows.index(room) for target in targets if target in ARROWS), room


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
    command = [sys.executable, "-c", WARM_SESSION, str(ROOT / "samples/digits/digits.ms"), *COLD_PACKAGES]
    for _ in range(2):  # the first may have to build the kernel pack
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []


def test_importing_the_converter_imports_no_protobuf() -> None:
    program = f"import sys, converter.cli; print(*(name for name in {COLD_PACKAGES!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []
