"""Einstein's sums of random equations: what they are lowered to computes what numpy computes."""
from __future__ import annotations

import numpy as np
import pytest

from converter.errors import ParseError
from converter.ir.evaluate import evaluate
from converter.mindir.reader import read_mindir
from lite.errors import UnsupportedOpError
from tests.converter.mindir.building import ModelBuilder


def _model(equation: str, *shapes: tuple[int, ...]) -> bytes:
    model = ModelBuilder()
    inputs = [model.input(f"x{i}", shape) for i, shape in enumerate(shapes)]
    model.output(model.node("Einsum", model.node("MakeTuple", *inputs), equation=equation))
    return model.bytes()


@pytest.mark.parametrize("seed", range(40))
def test_random_sums_are_numpys(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = dict(zip("abcdef", rng.integers(1, 5, 6).tolist(), strict=True))
    terms = ["".join(rng.permutation(list(sizes))[: rng.integers(1, 5)]) for _ in range(rng.integers(1, 4))]
    used = sorted(set("".join(terms)))
    equation = f"{','.join(terms)}->{''.join(rng.permutation(used)[: rng.integers(0, len(used) + 1)])}"
    inputs = {f"x{i}": rng.normal(size=[sizes[c] for c in term]).astype(np.float32) for i, term in enumerate(terms)}
    graph = read_mindir(_model(equation, *(x.shape for x in inputs.values())))
    (y,) = evaluate(graph, inputs).values()
    np.testing.assert_allclose(y, np.einsum(equation, *inputs.values()), rtol=1e-4, atol=1e-4, err_msg=equation)


@pytest.mark.parametrize("equation", ["ij,jk->ik", "ij", "ij->jj", "ij->k", "i->i", "i.->i", "...ijk->i", "i1->i"])
def test_equations_that_do_not_fit_are_errors(equation: str) -> None:
    with pytest.raises(ParseError, match="Einsum"):
        read_mindir(_model(equation, (2, 3), *[(3, 4)] * (equation == "ij")))


def test_diagonals_name_a_way_out() -> None:
    with pytest.raises(UnsupportedOpError, match=r"ops\.diagonal"):
        read_mindir(_model("ii->i", (3, 3)))
