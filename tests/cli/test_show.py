"""How commands show things, and the line of progress on a terminal, in a log and nowhere."""
from __future__ import annotations

import errno
import io
import json
import logging

import pytest

from lite.commands import progress as progress_module
from lite.commands.progress import progress
from lite.commands.show import duration, percent, print_json, size, table

LOG = logging.getLogger("mindlite")


@pytest.mark.parametrize(
    ("nbytes", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (54_321, "54.3 kB"), (999_960, "1.0 MB"), (102_226_000, "102.2 MB"),
     (3_100_000_000, "3.1 GB"), (2 * 10**12, "2.0 TB")],
)  # fmt: skip
def test_size(nbytes: int, text: str) -> None:
    assert size(nbytes) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0.00 µs"), (2.13e-5, "21.3 µs"), (0.0009996, "1.00 ms"), (0.123, "123 ms"), (1.0, "1.00 s")],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_table_aligns_columns() -> None:
    assert table([("a", 1), ("bcd", 234)], ("x", "count"), right="lr") == "  x    count\n  a        1\n  bcd    234"


def test_json_has_no_nan(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": float("nan"), "b": [1.5, float("inf")], "c": ("é", None)})
    assert json.loads(capsys.readouterr().out) == {"a": None, "b": [1.5, None], "c": ["é", None]}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_QUIET_SECONDS", "_SECONDS_BETWEEN_UPDATES", "_SECONDS_BETWEEN_LINES"):
        monkeypatch.setattr(progress_module, name, 0.001)


def wait_for(stream: io.StringIO, text: str) -> None:
    while text not in stream.getvalue():
        pass


@pytest.mark.usefixtures("at_once")
def test_a_terminal_gets_one_line_that_goes_away() -> None:
    stream = Terminal()
    with progress("converting net", stream=stream) as stage:
        wait_for(stream, "converting net ... 0 s")
        stage("fold_constants")
        wait_for(stream, "converting net: fold_constants ... 0 s")
        LOG.info("kernel 3 of 7")
        wait_for(stream, "converting net: kernel 3 of 7 ... 0 s")
        LOG.warning("slow")
    assert "\x1b[Kslow\n" in stream.getvalue()
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().endswith("\r\x1b[K")


@pytest.mark.usefixtures("at_once")
def test_a_log_gets_lines_where_it_is_asked_for() -> None:
    stream = io.StringIO()
    with progress("converting net", always=True, stream=stream):
        wait_for(stream, "converting net ... 0 s\n")
    assert "\x1b" not in stream.getvalue()


@pytest.mark.usefixtures("at_once")
def test_a_log_gets_nothing_but_warnings() -> None:
    stream = io.StringIO()
    with progress("converting net", stream=stream) as stage:
        stage("anything")
        LOG.info("anything")
        LOG.warning("slow")
    assert stream.getvalue() == "slow\n"


class Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("stream", [None, Full()])
def test_a_log_that_cannot_be_written_stops_no_work(stream: Full | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", stream)
    with progress("converting net", always=True):
        LOG.warning("slow")


def test_the_line_leaves_the_log_as_it_was() -> None:
    before = (LOG.level, list(LOG.handlers))
    with pytest.raises(ZeroDivisionError), progress("dividing"):
        _ = 1 / 0
    assert (LOG.level, LOG.handlers) == before


@pytest.mark.parametrize(("share", "text"), [(0, "0 %"), (7.7e-6, "0.00077 %"), (0.035, "3.5 %"), (1.204, "120 %")])
def test_percent(share: float, text: str) -> None:
    assert percent(share) == text
