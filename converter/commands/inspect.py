"""`mlite inspect`: lite's command, which here shows a `.mindir` too: the graph as imported, before any pass."""
from __future__ import annotations

import argparse
from pathlib import Path

from converter.commands import key
from lite.commands import inspect
from lite.commands.progress import progress
from lite.commands.show import print_json, size
from lite.errors import UnsupportedOpError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    inspect.add_arguments(parser)
    key.add_arguments(parser, of="an encrypted .mindir")


def execute(args: argparse.Namespace) -> int:
    if Path(args.model).suffix.lower() != ".mindir":
        return inspect.execute(args)
    from converter.mindir.reader import read_mindir
    from lite.commands.listing import ListedNode, Listing, as_json, as_text, sources, telling_attributes

    nbytes = Path(args.model).stat().st_size
    secret = key.key_for(args, (Path(args.model),))
    try:
        with progress(f"importing {args.model}", args.progress):
            graph = read_mindir(args.model, key=secret)
    except UnsupportedOpError as error:
        if args.json:
            rows = [{"op": u.op, "nodes": u.count, "where": u.where, "reason": u.reason} for u in error.ops]
            print_json({"model": args.model, "bytes": nbytes, "format": "MindIR", "unsupported": rows})
        else:
            print(f"{args.model}: {size(nbytes)}, MindIR\n{error}")
        return 1
    parts = (graph, *graph.functions.values())
    names = {value: value.name for part in parts for value in part.inputs}
    feeds = sources(names, [(node.inputs, node.outputs) for node in graph.all_nodes()])
    listing = Listing(
        tuple(value.spec for value in graph.fed),
        tuple(value.spec for value in graph.results),
        tuple(
            ListedNode(
                node.op,
                node.name,
                tuple(value.spec for value in node.inputs),
                tuple(value.spec for value in node.outputs),
                telling_attributes(node.attrs),
                feed,
            )
            for node, feed in zip(graph.all_nodes(), feeds, strict=True)
        ),
        tuple(value.spec for part in parts for value in part.constants()),
        tuple(value.spec for value, _ in graph.kept),
    )
    if args.json:
        print_json({"model": args.model, "bytes": nbytes, "format": "MindIR", **as_json(listing), "unsupported": []})
        return 0
    print(f"{args.model}: {size(nbytes)}, MindIR, imported as {len(listing.nodes)} nodes, all of them supported")
    print(as_text(listing))
    return 0
