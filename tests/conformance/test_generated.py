"""Random cases of every primitive: the same in every run. Many more: `python -m tests.conformance.generate`."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.mindir.primitives import PRIMITIVES
from converter.mindir.structure import STRUCTURE
from tests.conformance.generate.index import GENERATORS, NOT_GENERATED
from tests.conformance.generate.run import Batch, case_of, judge, prepare, repeat

pytestmark = pytest.mark.conformance

SEED = 1
CASES = 12


@pytest.fixture(scope="module")
def exports(request: pytest.FixtureRequest) -> Path:
    """The folder with the exports of all primitives that this run asks for, made together."""
    assert request.config.cache is not None
    folder = request.config.cache.mkdir("conformance")
    selected = [item.callspec.params.get("primitive") for item in request.session.items if hasattr(item, "callspec")]
    prepare([Batch(SEED, primitive, 0, CASES) for primitive in GENERATORS if primitive in selected], folder)
    return folder


@pytest.mark.parametrize("primitive", sorted(GENERATORS))
def test_random_cases_agree_with_mindspore(primitive: str, exports: Path) -> None:
    batch = Batch(SEED, primitive, 0, CASES)
    results = judge(batch, exports)
    assert len(results) == CASES, "MindSpore refuses too many cases"
    failures = [
        f"{case_of(SEED, primitive, result.index)}\n    {result.failure}\n    repeat: {repeat(batch, result)}"
        for result in results
        if result.failure
    ]
    assert not failures, "\n".join(failures)


def test_generators_are_of_primitives() -> None:
    assert set(GENERATORS) | set(NOT_GENERATED) <= set(PRIMITIVES) | set(STRUCTURE)
    assert not set(GENERATORS) & set(NOT_GENERATED)
