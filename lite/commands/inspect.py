"""Show what a model holds and how it would run.

For a .ms file: the graph, its operators, sizes, the memory plan, and the delegate
that runs each node. "cpu" has compiled kernels; "reference" is numpy, correct but
slower. A "folded" node is computed or left out when the session is planned; one
that is "cpu, merged" is computed together with the node before it, and one "cpu,
by rows" in turns with it, a few rows at a time. For a .mindir: the graph as it is
imported, or every operator that is not supported.

The inputs of a node are numbers of other nodes (3:1 is the second output of node
3), names of the model's inputs, and constants: their values, where these are few,
or their shape. Below a node are its name, which `mlite convert --outputs` takes,
and its attributes. A state is what a session keeps from run to run; "session"
itself runs the Assign to it, at the end. The exit code is 1 where the model cannot
be run or converted.
"""
from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lite.commands.progress import progress
from lite.commands.show import add_common_arguments, print_json, size, table
from lite.errors import LiteError, ModelError
from lite.types import TensorSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lite.commands.listing import Listing
    from lite.model import Model
    from lite.model.contents import Tensor
    from lite.plan.plan import MemoryReport, StepInfo

KEPT = "session"  # shown as the delegate of an Assign to a state
FOLDED = "folded"  # shown as the delegate of a node that planning has computed or left out


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = __doc__
    parser.add_argument("model", metavar="MODEL", help="a .ms file, or a .mindir where the converter is installed")
    add_common_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    from lite.commands.listing import as_json, as_text
    from lite.model import read_model
    from lite.session import Session

    if Path(args.model).suffix.lower() == ".mindir":
        raise ModelError(f"{args.model} is a MindIR, which the converter shows: mlite inspect {args.model}")
    model = read_model(args.model)
    steps: Sequence[StepInfo] = ()
    memory: MemoryReport | None = None
    cannot_run = ""
    with progress(f"planning {args.model}", args.progress):
        try:
            with Session(args.model) as session:
                steps, memory = session.steps, session.memory
        except LiteError as error:
            cannot_run = str(error)
    listing = _listing(model, steps)

    if args.json:
        print_json(
            {
                "model": args.model,
                "bytes": model.nbytes,
                "format": model.version,
                **as_json(listing),
                "memory": _memory_json(memory),
                "error": cannot_run or None,
            }
        )
        return 1 if cannot_run else 0
    print(f"{args.model}: {size(model.nbytes)}, format {model.version}, {len(listing.nodes)} nodes")
    print(as_text(listing))
    if memory is not None:
        print(_memory_text(memory))
    elif cannot_run:
        print(f"cannot run\n  {cannot_run}".replace("\n", "\n  "))
    else:
        print("memory\n  planned once the inputs' open dimensions are known")
    return 1 if cannot_run else 0


def _listing(model: Model, steps: Sequence[StepInfo]) -> Listing:
    """The model's nodes, each with the delegate of its step; `steps` are in the nodes' order and may leave some out."""
    from lite.commands.listing import ListedNode, Listing, sources, telling_attributes

    main = model.subgraphs[0]
    feeds = sources(
        {i: model.tensors[i].spec.name for i in main.inputs}, [(node.inputs, node.outputs) for node in model.nodes]
    )
    planned = {i for graph in model.subgraphs for i in graph.nodes}
    waiting = list(reversed(steps))
    merged = {node: f"{step.delegate}, merged" for step in steps for node in step.merged}
    merged |= {(stage.name, stage.op): f"{step.delegate}, by rows" for step in steps for stage in step.stages[1:]}
    nodes = []
    for i, (node, feed) in enumerate(zip(model.nodes, feeds, strict=True)):
        delegate = merged.get((node.name, node.op), FOLDED if steps else "")
        if i not in planned:
            delegate = KEPT
        if waiting and (waiting[-1].name, waiting[-1].op) == (node.name, node.op):
            delegate = waiting.pop().delegate
        fields = {name: value for name, value in node.fields.items() if value is not None}
        nodes.append(
            ListedNode(
                node.op,
                node.name,
                tuple(_in_file(model.tensors[i]) for i in node.inputs),
                tuple(model.tensors[i].spec for i in node.outputs),
                fields if node.attrs is None else telling_attributes(node.attrs),
                feed,
                delegate,
            )
        )
    return Listing(
        tuple(model.tensors[i].spec for i in model.inputs),
        tuple(model.tensors[i].spec for i in model.outputs),
        tuple(nodes),
        tuple(_in_file(tensor) for tensor in model.tensors if tensor.spec.is_known),
        tuple(model.tensors[state.tensor].spec for state in model.states),
    )


def _in_file(tensor: Tensor) -> TensorSpec:
    """What is known of a tensor, a constant as the file stores it."""
    spec = tensor.spec
    return spec if tensor.packed is None else TensorSpec(spec.dtype, spec.shape, spec.name, tensor.packed)


def _memory_json(memory: MemoryReport | None) -> dict[str, Any] | None:
    return dataclasses.asdict(memory) if memory is not None else None


def _memory_text(memory: MemoryReport) -> str:
    ratio = memory.arena / memory.lower_bound if memory.lower_bound else 1.0
    rows = [
        ("arena", size(memory.arena), f"tensors of a run; at least {size(memory.lower_bound)}, ratio {ratio:.3f}"),
        ("weights", size(memory.mapped), "read where the file is mapped"),
        ("", size(memory.packed), "packed for kernels"),
        ("scratch", size(memory.scratch), "of all threads"),
        ("op table", size(memory.table), "rows and arguments"),
    ]
    return "memory\n" + table(rows, right="lr")
