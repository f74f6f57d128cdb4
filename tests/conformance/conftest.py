"""Fixtures of the conformance tests."""
from __future__ import annotations

import pytest

from tests.conformance.oracle import Oracle


@pytest.fixture(scope="session")
def oracle(request: pytest.FixtureRequest) -> Oracle:
    """MindSpore, with its answers kept in pytest's cache."""
    assert request.config.cache is not None
    return Oracle(request.config.cache.mkdir("conformance"))
