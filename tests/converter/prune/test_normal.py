"""Normal equations by columns and by rows: both are the matrix that the docstring says."""
from __future__ import annotations

import numpy as np
import pytest

from converter.prune.normal import Normal

RNG = np.random.default_rng(12)


@pytest.mark.parametrize(("rows", "width"), [(40, 12), (12, 40), (12, 12), (1, 9), (9, 1)])
def test_products_and_solutions_are_those_of_the_matrix(rows: int, width: int) -> None:
    x, v = RNG.normal(size=(3, rows, width)), RNG.normal(size=(3, width, 5))
    held = np.array([1e-3, 1.0, 1e3]).reshape(3, 1, 1)
    whole = x.transpose(0, 2, 1) @ x + held * np.eye(width)
    normal = Normal(x, held)
    np.testing.assert_allclose(normal.diagonal[:, :, 0], np.diagonal(whole, axis1=1, axis2=2))
    np.testing.assert_allclose(normal.times(v), whole @ v, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(normal.solve(v), np.linalg.solve(whole, v), rtol=1e-8, atol=1e-8)
