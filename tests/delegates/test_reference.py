"""The reference delegate runs every operator there is."""
from __future__ import annotations

import numpy as np
import pytest

from lite import ops
from lite.delegates.base import HostClaim, Operation
from lite.delegates.reference import ReferenceDelegate
from lite.ops.softmax import Softmax
from lite.types import TensorSpec


@pytest.mark.parametrize("op", ops.known_ops())
def test_every_operator_has_what_the_delegate_calls(op: str) -> None:
    assert ops.definition(op).evaluate is not None


def test_a_claim_evaluates_the_operator() -> None:
    x = np.array([[0.0, np.log(3.0)]], np.float32)
    spec = TensorSpec.of(x).like()
    claim = ReferenceDelegate().claim(Operation("node", Softmax(), (spec,), (spec,)))
    assert isinstance(claim, HostClaim)
    (y,) = claim.call([x])
    np.testing.assert_allclose(y, [[0.25, 0.75]], rtol=1e-6)
