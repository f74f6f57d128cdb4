"""What a network differs by is a tie or a mistake: a detector, and engines that make mistakes in it."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from converter.exporters.mindir import write_mindir
from converter.ir.evaluate import evaluate
from converter.ir.graph import Graph, Value
from converter.mindir.reader import read_mindir
from lite import ops
from lite.ops.activation import Activation
from lite.ops.concat import Concat
from lite.ops.enums import ActivationType
from lite.ops.extremum import TopKFusion
from lite.ops.gather import Gather
from lite.ops.nms_with_mask import NMSWithMask
from lite.ops.registry import Attributes
from lite.ops.reshape import Reshape
from lite.types import DType, TensorSpec
from tests.conformance.cut import Pieces, cut
from tests.conformance.pieces import Verdict, judge_pieces

COUNT, KEPT = 40, 12
TIED, EQUAL = (3, 31), (8, 20)  # boxes whose scores are nearer to each other than rounding, and those of two equal ones
Results = tuple[np.ndarray, ...]
Mistake = Callable[[str, Results], Results]


def inputs() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    corner = rng.uniform(0, 60, (COUNT, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(8, 40, (COUNT, 2))], axis=1).astype(np.float32)
    logits = rng.permutation(np.linspace(-2, 1, COUNT)).astype(np.float32)
    logits[list(TIED)] = 2, 2.000002
    logits[list(EQUAL)] = 1.5
    return {"logits": logits, "boxes": boxes}


def nudged(feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What another engine's rounding may make of it: the two that are tied change places."""
    logits = feeds["logits"].copy()
    logits[list(TIED)] = logits[list(TIED[::-1])]
    return {**feeds, "logits": logits}


def detector() -> bytes:
    """The best boxes, by falling score, and which of them are not suppressed."""
    graph, feeds = Graph(), inputs()
    logits, boxes = (graph.add_input(TensorSpec.of(x, name).like().named(name)) for name, x in feeds.items())
    (scores,) = graph.add(Activation(ActivationType.SIGMOID), [logits], "scores")
    best, places = graph.add(TopKFusion(0, 1), [scores, Value.constant(np.int64(KEPT))], "top")
    (found,) = graph.add(Gather(), [boxes, places, Value.constant(np.int32(0))], "found")
    (column,) = graph.add(Reshape(), [best, Value.constant(np.array([KEPT, 1], np.int32))], "column")
    (together,) = graph.add(Concat(1), [found, column], "together")
    ordered, _, kept = graph.add(NMSWithMask(0.5), [together], "suppress")
    graph.outputs = [ordered, kept]
    return bytes(write_mindir(graph))


def run(model: bytes, feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """By the references."""
    graph = read_mindir(model)
    results = evaluate(graph, {value.name: feeds[value.name] for value in graph.inputs})
    return [results[value.name] for value in graph.outputs]


@pytest.fixture
def taken_apart(tmp_path: Path) -> Pieces:
    path = tmp_path / "model.mindir"
    path.write_bytes(detector())
    pieces = cut(path)
    assert pieces is not None
    return pieces


def judged(pieces: Pieces, monkeypatch: pytest.MonkeyPatch, mistake: Mistake | None = None) -> Verdict:
    """MindSpore's rounding is another one; the engine that is judged may make a mistake."""
    model, theirs = detector(), nudged(inputs())
    shown, expected = run(pieces.whole, theirs), run(model, theirs)
    if mistake is not None:
        right = ops.evaluate

        def evaluate_wrongly(attrs: Attributes, operands: Sequence[np.ndarray]) -> Results:
            return mistake(attrs.op, right(attrs, operands))

        monkeypatch.setattr("converter.ir.evaluate.ops.evaluate", evaluate_wrongly)
    return judge_pieces(pieces, inputs(), run(model, inputs()), expected, shown, run, 2e-4)


def wrong_box(op: str, results: Results) -> Results:
    if op != "Gather":
        return results
    boxes = results[0].copy()
    boxes[5] *= np.float32(1.01)
    return (boxes,)


def wrong_score(op: str, results: Results) -> Results:
    return (results[0] * np.float32(1.001),) if op == "Activation" else results


def dropped_box(op: str, results: Results) -> Results:
    """The best of all goes, the thirteenth comes."""
    if op != "TopKFusion":
        return results
    values, places = (np.roll(x, -1) for x in results)
    places[-1] = next(i for i in range(COUNT) if i not in results[1])
    return values, places


def exchanged(op: str, results: Results, ranks: list[int]) -> Results:
    if op != "TopKFusion":
        return results
    places = results[1].copy()
    places[ranks] = places[ranks[::-1]]
    return results[0], places


def exchanged_boxes(op: str, results: Results) -> Results:
    return exchanged(op, results, [4, 5])


def equal_boxes(op: str, results: Results) -> Results:
    """Those of the same score, in the other order."""
    return exchanged(op, results, [2, 3])


def suppressed_box(op: str, results: Results) -> Results:
    if op != "NMSWithMask":
        return results
    kept = results[2].copy()
    kept[0] = False
    return *results[:2], kept


def kept_box(op: str, results: Results) -> Results:
    return (*results[:2], np.ones_like(results[2])) if op == "NMSWithMask" else results


def test_a_tie_is_no_mistake(taken_apart: Pieces, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not np.array_equal(run(detector(), inputs())[0], run(detector(), nudged(inputs()))[0])
    verdict = judged(taken_apart, monkeypatch)
    assert verdict.wrong == ()
    assert verdict.error < 1e-6
    assert verdict.others == 2


def test_the_order_of_equal_scores_is_no_mistake(taken_apart: Pieces, monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = judged(taken_apart, monkeypatch, equal_boxes)
    assert verdict.wrong == ()
    assert verdict.error < 1e-6


@pytest.mark.parametrize("mistake", [dropped_box, exchanged_boxes, suppressed_box, kept_box])
def test_a_wrong_choice_is_a_mistake(taken_apart: Pieces, monkeypatch: pytest.MonkeyPatch, mistake: Mistake) -> None:
    why = "\n".join(judged(taken_apart, monkeypatch, mistake).wrong)
    assert "chooses otherwise from MindSpore's operands" in why


@pytest.mark.parametrize("mistake", [wrong_box, wrong_score])
def test_a_wrong_number_is_a_mistake(taken_apart: Pieces, monkeypatch: pytest.MonkeyPatch, mistake: Mistake) -> None:
    assert judged(taken_apart, monkeypatch, mistake).error > 2e-4


def test_other_outputs_than_the_pieces_make_are_a_mistake(taken_apart: Pieces) -> None:
    shown = run(taken_apart.whole, inputs())
    outputs = [1.1 * shown[0], shown[1]]
    assert judge_pieces(taken_apart, inputs(), outputs, shown[:2], shown, run, 2e-4).wrong


def test_without_choices_there_is_nothing_to_cut(tmp_path: Path) -> None:
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.FLOAT32, (4,), "x"))
    graph.outputs = list(graph.add(Activation(ActivationType.SIGMOID), [x], "y"))
    path = tmp_path / "model.mindir"
    path.write_bytes(write_mindir(graph))
    assert cut(path) is None
