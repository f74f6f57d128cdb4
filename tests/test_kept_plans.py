"""Plans that an earlier session has kept: of use for the same file alone, and never needed."""
from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from lite import MemoryPlanError, ModelError, Session
from lite.native import cache, plans
from lite.native.pack import load_pack
from tests.kept import keeping, recalling, run_twice

ROOT = Path(__file__).resolve().parents[1]
DIGITS = ROOT / "samples" / "digits" / "digits.ms"

pytestmark = pytest.mark.skipif(load_pack() is None, reason="only plans for kernels are kept")


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Path]:
    """The folder of plans."""
    with keeping(tmp_path / "cache") as folder:
        yield folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "digits.ms"
    path.write_bytes(DIGITS.read_bytes())
    return path


def image(session: Session, batch: int = 1) -> np.ndarray:
    shape = (batch, *session.inputs[0].shape[1:])
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("threads", [1, 2])
def test_it_runs_the_same(threads: int) -> None:
    with Session(DIGITS) as session:
        x = image(session)
    run_twice(DIGITS.read_bytes(), [x], threads=threads)


def test_for_any_number_of_threads(kept: Path, model: Path) -> None:
    with Session(model, threads=1) as session:
        x = image(session)
        expected = session.run(x)
    with recalling(), Session(model, threads=2) as session:
        np.testing.assert_array_equal(session.run(x), expected)


def test_all_that_a_session_offers(kept: Path, model: Path) -> None:
    with Session(model) as session:
        x = image(session)
        expected = session.run(x)
    with recalling(), Session(model) as session:
        assert repr(session).startswith("<Session 'digits.ms': ")
        bound = session.bind()
        np.copyto(next(iter(bound.inputs.values())), x)
        bound.run()
        np.testing.assert_array_equal(next(iter(bound.outputs.values())), expected)
        times = session.profile(x)
        assert [time.step for time in times] == list(session.steps)
        assert session.states == {}
        session.reset()
    with Session(model) as session:  # it reads the model now that it has to
        session.resize({session.inputs[0].name: (2, *x.shape[1:])})
        np.testing.assert_allclose(session.run(np.concatenate([x, x]))[:1], expected, rtol=0, atol=1e-5)
    assert len(list(kept.iterdir())) == 1


def test_another_process_reads_no_model(kept: Path, model: Path) -> None:
    Session(model).close()
    pack = load_pack()
    assert pack is not None
    folder = kept.parent / "packs"
    folder.mkdir(mode=0o700)
    (folder / Path(pack.path).name).write_bytes(Path(pack.path).read_bytes())
    code = (
        "import sys, numpy as np, lite, lite.model.source\n"
        "lite.model.source._SETTLED = -(1 << 62)\n"
        "with lite.Session(sys.argv[1]) as session:\n"
        "    session.run(np.zeros(session.inputs[0].shape, np.float32))\n"
        "print(*sorted(name for name in sys.modules if name.startswith('lite.')))"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    for _ in range(2):  # the first finds a plan for a pack at another path
        done = subprocess.run(
            [sys.executable, "-c", code, str(model)], env=environment, capture_output=True, text=True, check=True
        )
    imported = done.stdout.split()
    assert "lite.session" in imported
    assert not [name for name in imported if name.startswith(("lite.ops", "lite.schema", "lite.model.reader"))]


DAMAGE = {
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "a byte more": lambda data: data + b"\0",
    "a bit": lambda data: data[:1000] + bytes([data[1000] ^ 4]) + data[1001:],
    "the digest": lambda data: bytes([data[0] ^ 1]) + data[1:],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_one_is_made_again(kept: Path, model: Path, damage: str) -> None:
    with Session(model) as session:
        x = image(session)
        expected = session.run(x)
    (path,) = kept.iterdir()
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    with Session(model) as session:
        np.testing.assert_array_equal(session.run(x), expected)
    with recalling(), Session(model):
        pass


def test_a_file_that_others_could_write_is_left_alone(kept: Path, model: Path) -> None:
    Session(model).close()
    (path,) = kept.iterdir()
    path.chmod(0o666)
    with pytest.raises(AssertionError, match="not recalled"), recalling():
        Session(model)


@pytest.mark.parametrize("how", ["in place", "by another file"])
def test_a_changed_file_is_planned_anew(kept: Path, model: Path, tmp_path: Path, how: str) -> None:
    Session(model).close()
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 1
    status = os.stat(model)
    if how == "in place":
        model.write_bytes(data)
    else:
        (tmp_path / "new").write_bytes(data)
        os.replace(tmp_path / "new", model)
    os.utime(model, ns=(status.st_atime_ns, status.st_mtime_ns))  # as if it were the old one
    with pytest.raises(AssertionError, match="not recalled"), recalling():
        Session(model)


def test_a_write_through_a_mapping_is_seen(kept: Path, model: Path) -> None:
    """The system may leave the times as they are where a page is written that is dirty already."""
    with Session(model) as session:
        x = image(session)
    status = os.stat(model)
    data = bytearray(model.read_bytes())
    with mock.patch("lite.model.source._identity", return_value=(status.st_ino,)):
        Session(model).close()
        for place in range(0, len(data), len(data) // 97):
            data[place] ^= 1
            with open(model, "r+b") as file:
                file.write(data)
            try:
                with Session(bytes(data)) as session:
                    expected = session.run(x)
            except ModelError:
                with pytest.raises(ModelError):
                    Session(model)
            else:
                with Session(model) as session:
                    np.testing.assert_array_equal(session.run(x), expected)
            data[place] ^= 1


def test_paths_may_be_bytes(kept: Path, model: Path) -> None:
    for _ in range(2):
        (entry,) = (entry for entry in os.scandir(os.fsencode(model.parent)) if entry.is_file())
        with Session(entry) as session:  # type: ignore[arg-type]
            assert repr(session).startswith("<Session 'digits.ms'")


def test_an_interrupted_write_leaves_nothing(kept: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Session(model)
    assert not list(kept.iterdir())


def test_a_record_under_another_name_is_not_taken(kept: Path, model: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.ms"
    other.write_bytes(model.read_bytes())
    Session(model).close()
    (first,) = kept.iterdir()
    Session(other).close()
    (second,) = set(kept.iterdir()) - {first}
    second.write_bytes(first.read_bytes())
    with pytest.raises(AssertionError, match="not recalled"), recalling():
        Session(other)


def test_a_file_just_written_is_not_trusted(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_pack()
    monkeypatch.setenv("MINDLITE_CACHE", str(tmp_path / "cache"))
    Session(model).close()
    assert not (tmp_path / "cache").exists()


def test_nothing_is_kept_where_nothing_can_be(kept: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "publish", lambda *_: None)
    for _ in range(2):
        with Session(model) as session:
            session.run(image(session))
    monkeypatch.setattr(plans, "_PACKAGE", "/nowhere")
    Session(model).close()
    assert not kept.exists()


def test_a_limit_holds(kept: Path, model: Path) -> None:
    Session(model).close()
    with pytest.raises(MemoryPlanError, match="memory_limit"):
        Session(model, memory_limit=1000)


def test_other_delegates_have_no_plan_kept(kept: Path, model: Path) -> None:
    Session(model, delegates=["reference"]).close()
    assert not kept.exists()


def test_old_ones_go(kept: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Session(model).close()
    (first,) = kept.iterdir()
    os.utime(first, (0, 0))
    other = tmp_path / "other.ms"
    other.write_bytes(model.read_bytes())
    Session(other).close()
    assert [path.name.endswith("other.ms.plan") for path in kept.iterdir()] == [True]
    monkeypatch.setattr(plans, "_MOST", 2)
    for number in range(3):
        copy = tmp_path / f"{number}.ms"
        copy.write_bytes(model.read_bytes())
        Session(copy).close()
    assert len(list(kept.iterdir())) == 2


def test_the_command_shows_and_deletes_them(kept: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from lite.cli import main

    Session(model).close()
    assert main(["cache"]) == 0
    assert "plans of model files: 1, " in capsys.readouterr().out
    assert main(["cache", "--clear"]) == 0
    assert "1 plans" in capsys.readouterr().out
    assert not list(kept.iterdir())
