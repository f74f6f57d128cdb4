"""README is true: its commands are the ones that are tested, its session runs, its table of commands is complete."""
from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from converter.cli import COMMANDS
from converter.mindir.primitives import PRIMITIVES
from lite.ops.index import MODULES
from lite.schema import layout
from tests.conformance.cases import CASES
from tests.conformance.cases_states import CASES as STATE_CASES
from tests.conformance.judge import TOLERANCE
from tests.conformance.test_networks import NETWORKS

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language]


def test_the_first_session_is_the_sample() -> None:
    assert blocks("python")[:1] == [(ROOT / "samples" / "first_session.py").read_text(encoding="utf-8")]


PRINTS = [lambda said: "a 4 is read as 4" in said, lambda said: 0 < float(said) < 0.1]  # what each has to


@pytest.mark.parametrize(("program", "is_right"), list(zip(blocks("python"), PRINTS, strict=True)))
def test_python_blocks_run(program: str, is_right: Callable[[str], bool], tmp_path: Path) -> None:
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    command = [sys.executable, "-W", "error", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{program}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert is_right(done.stdout), done.stdout


def test_continuous_integration_runs_the_commands_that_readme_gives() -> None:
    use, test = (block.strip() for block in blocks("sh")[:2])
    assert use == "pip install '.[all]' && mlite demo"
    assert test == "pip install -e '.[test]' && pytest"
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in [*use.split(" && "), *test.split(" && ")]:
        assert command in script.replace("pip install -q", "pip install"), command


def test_every_command_is_in_the_table() -> None:
    listed = re.findall(r"^\| `mlite (\w+)", README, re.MULTILINE)
    assert sorted(listed) == sorted(COMMANDS)


def test_what_is_said_of_conformance_is_true() -> None:
    networks, primitives = re.search(r"exports (\d+) networks.*? over (\d+)", README, re.DOTALL).groups()  # type: ignore[union-attr]
    assert len(NETWORKS) >= int(networks)
    assert len({case.primitive for case in CASES} & set(PRIMITIVES)) > int(primitives)
    assert set(PRIMITIVES) <= {case.primitive for case in (*CASES, *STATE_CASES)}
    assert "1e-4" in README
    assert TOLERANCE == 1e-4


def test_the_example_of_a_new_operator_is_one() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (name,) = re.findall(r"^Say `(\w+)`", text, re.MULTILINE)
    assert name in layout.TABLES
    assert name not in MODULES


def test_links_lead_somewhere() -> None:
    for document in ("README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / document).read_text(encoding="utf-8")):
            assert (ROOT / target).exists(), f"{document}: {target}"
