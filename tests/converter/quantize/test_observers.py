"""Observers: what range they find, whatever the order and size of samples, and what they make of odd elements."""
from __future__ import annotations

import numpy as np
import pytest

from converter.quantize.affine import activation_affine
from converter.quantize.observers import observer
from converter.quantize.settings import Quantization
from lite.ops.quantized import dequantize, quantize
from lite.types import Array

KINDS = ("minmax", "average", "percentile", "kl", "mse")
RNG = np.random.default_rng(11)
BELL = RNG.normal(size=20_000).astype(np.float32)
WITH_OUTLIER = np.append(BELL, np.float32(90))


def found(kind: str, *samples: Array, **settings: float) -> tuple[float, float]:
    watching = observer(Quantization(observer=kind, **settings))  # type: ignore[arg-type]
    for x in samples:
        watching.see(x)
    return watching.range()


def squares(x: Array, ends: tuple[float, float]) -> float:
    affine = activation_affine(*ends, 8)
    return float(np.square(dequantize(quantize(x, affine), affine) - x).sum())


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_seen(kind: str) -> None:
    assert found(kind) == (0.0, 0.0)
    assert found(kind, np.zeros((0, 3), np.float32)) == (0.0, 0.0)
    assert found(kind, np.full(4, np.nan, np.float32)) == (0.0, 0.0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("x", [[0.0, 0.0], [3.0], [-2.0], [1e-30, 2e-30], [1e38, -1e38], [5.0, np.inf, np.nan]])
def test_odd_elements(kind: str, x: list[float]) -> None:
    seen = np.array(x, np.float32)
    low, high = found(kind, seen)
    finite = seen[np.isfinite(seen)]
    assert min(finite.min(), 0) <= low <= high <= max(finite.max(), 0)


@pytest.mark.parametrize("kind", ["minmax", "percentile", "kl", "mse"])
def test_the_order_and_size_of_samples_do_not_count(kind: str) -> None:
    small, large = BELL[:5000] / 64, BELL[5000:] * 3
    whole = found(kind, np.concatenate([small, large]))
    assert found(kind, small, large) == whole
    assert found(kind, large, small) == whole
    assert found(kind, *np.split(large, 15), small) == whole


def test_the_widest() -> None:
    assert found("minmax", np.float32([1, 4]), np.float32([-2, 3])) == (-2.0, 4.0)


def test_the_average_moves_a_tenth_of_the_way() -> None:
    assert found("average", np.float32([-1, 10]), np.float32([-2, 20])) == pytest.approx((-1.1, 11.0))


def test_a_share_of_all_is_within() -> None:
    low, high = found("percentile", BELL, percentile=99.0)
    assert np.mean((low <= BELL) & (high >= BELL)) == pytest.approx(0.99, abs=0.001)
    assert np.mean(low > BELL) == pytest.approx(0.005, abs=0.001)
    assert found("percentile", BELL, percentile=100.0) == pytest.approx((BELL.min(), BELL.max()), rel=1e-2)


@pytest.mark.parametrize("kind", ["percentile", "kl", "mse"])
def test_an_outlier_is_given_up(kind: str) -> None:
    many = np.tile(BELL, 50)
    low, high = found(kind, many, np.float32([90]))
    assert -7 < low < -2.5
    assert 2.5 < high < 45


def test_squares_are_no_more_than_those_of_any_other_observer() -> None:
    for x in (BELL, np.maximum(BELL, 0), np.exp(BELL), BELL**3, WITH_OUTLIER):
        others = [squares(x, found(kind, x)) for kind in KINDS if kind != "mse"]
        assert squares(x, found("mse", x)) <= min(others) * 1.02


@pytest.mark.parametrize("share", [49.0, 101.0, True, "99"])
def test_a_share_that_means_nothing_is_refused(share: object) -> None:
    with pytest.raises(ValueError, match="percentile is"):
        Quantization(percentile=share)  # type: ignore[arg-type]
