"""The kernel pack of this machine."""
from __future__ import annotations

import pytest

from lite.native.pack import KernelPack, load_pack


@pytest.fixture(scope="session")
def pack() -> KernelPack:
    found = load_pack()
    assert found is not None, "numba is part of the test extra, so there is a pack"
    return found
