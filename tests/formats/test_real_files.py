"""Real files read as they are known to be, and field for field as flatc reads them."""
from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lite.model import Model, read_model
from lite.model.reader import SCHEMA
from lite.schema import layout
from lite.schema.decode import Decoder
from lite.types import DType
from tests.formats.files import REAL, ROOT, real_file, small_tree, to_json, write


def assert_same(table: str, ours: Any, flatcs: dict[str, Any], path: str) -> None:
    """Every field that flatc printed, and the default of every one that it left out."""
    left = dict(flatcs)
    for field in SCHEMA.table(table).fields:
        if field is None:
            continue
        where, mine = f"{path}.{field.name}", ours[field.name]
        if field.name not in left:
            assert mine == (SCHEMA.union[0] if field.name == "value_type" else field.default), where
            continue
        theirs = left.pop(field.name)
        if field.kind == "union":
            assert_same(ours[f"{field.name}_type"], mine, theirs, where)
        elif field.kind == "table":
            assert_same(field.element, mine, theirs, where)
        elif field.kind == "tables":
            for i, (a, b) in enumerate(zip(mine, theirs, strict=True)):
                assert_same(field.element, a, b, f"{where}[{i}]")
        elif field.kind == "scalars":
            assert list(mine) == theirs, where
        elif isinstance(theirs, float):
            assert math.isclose(mine, theirs, rel_tol=1e-6), where  # flatc prints few digits
        else:
            assert (field.allowed[mine] if field.allowed else mine) == theirs, where
    assert not left, path


@pytest.mark.parametrize("name", REAL)
def test_real_file_reads_as_flatc_reads_it(name: str, tmp_path: Path) -> None:
    path = real_file(name)
    ours = Decoder(SCHEMA, memoryview(path.read_bytes())).root(layout.ROOT)
    assert_same(layout.ROOT, ours, json.loads(to_json(path, tmp_path)), "")


# name, version, nodes, tensors, inputs, outputs
KNOWN = [
    ("lenet_tod_infer", "1.5.0", 13, 27, {"inputs0": (2, 32, 32, 1)}, [(2, 10)]),
    ("lenet_train", "2.1.1", 56, 124, {"inputs0": (2, 32, 32, 1), "inputs1": (2, 10)}, None),
    ("ml_face_isface", "1.5.0", 15, 29, {"data": (1, 48, 48, 3)}, [(1, 2)]),
    ("parallel", "1.3.0", 12, 25, {"graph_input-0": (1, 2, 4, 4)}, [(1, 1, 2, 4, 2), (1, 1, 2, 4, 1), (1, 1, 2, 4, 2)]),
]


@pytest.mark.parametrize(("name", "version", "nodes", "tensors", "inputs", "outputs"), KNOWN, ids=REAL)
def test_real_file_is_as_known(
    name: str, version: str, nodes: int, tensors: int, inputs: dict[str, Any], outputs: list[Any] | None
) -> None:
    path = real_file(name)
    model = read_model(path)
    assert (model.name, model.version, model.nbytes) == (path.name, version, path.stat().st_size)
    assert (len(model.nodes), len(model.tensors), len(model.subgraphs)) == (nodes, tensors, 1)
    assert model.subgraphs[0].nodes == tuple(range(nodes))
    specs = {model.tensors[i].spec.name: model.tensors[i].spec.shape for i in model.inputs}
    assert specs == inputs
    assert outputs is None or [model.tensors[i].spec.shape for i in model.outputs] == outputs


def test_nodes_of_a_real_file() -> None:
    model = read_model(real_file("ml_face_isface"))
    assert [node.op for node in model.nodes] == [
        *["Conv2DFusion", "MaxPoolFusion", "Activation"] * 3,
        *["Conv2DFusion", "Transpose", "FullConnection", "Activation", "FullConnection", "Softmax"],
    ]
    pool = model.nodes[1]
    assert (pool.name, pool.inputs, pool.outputs) == ("pool1", (3,), (4,))
    assert (pool.fields["kernel_size"], pool.fields["strides"], pool.fields["round_mode"]) == ((3, 3), (2, 2), 1)
    assert model.nodes[9].fields["activation_type"] == 1
    assert model.nodes[14].attrs is not None
    assert model.nodes[14].attrs.axis == (1,)  # type: ignore[attr-defined]


def test_constants_of_a_real_file_are_views_of_it() -> None:
    path = real_file("ml_face_isface")
    data = path.read_bytes()
    model = read_model(data)
    constants = [t.spec for t in model.tensors if t.spec.value is not None]
    assert len(constants) == 13
    assert sum(spec.nbytes for spec in constants) == 1_408_664
    for spec in constants:
        value = spec.value
        assert value is not None
        assert value.shape == spec.shape
        assert not value.flags.writeable
        assert not value.flags.owndata
        assert np.isfinite(value).all()
        assert value.tobytes() in data
    perm = next(spec for spec in constants if spec.name == "conv4_post_perm")
    assert perm.dtype is DType.INT32
    assert perm.value is not None
    assert perm.value.tolist() == [0, 3, 1, 2]


@pytest.mark.parametrize("name", REAL)
def test_a_path_and_its_bytes_read_the_same(name: str) -> None:
    path = real_file(name)
    data = path.read_bytes()
    models = [read_model(source, name="m") for source in (path, str(path), data, bytearray(data), memoryview(data))]
    assert all(same(models[0], model) for model in models[1:])


def same(a: Model, b: Model) -> bool:
    values = ((x.spec.value, y.spec.value) for x, y in zip(a.tensors, b.tensors, strict=True))
    return a == b and all(x is y is None or x.tobytes() == y.tobytes() for x, y in values)


def test_constants_outlive_the_model(tmp_path: Path) -> None:
    path = tmp_path / "m.ms"
    path.write_bytes(write(small_tree()))
    value = read_model(path).tensors[1].spec.value
    path.unlink()
    assert value is not None
    assert value.tolist() == [1, 2, 3]


def test_an_empty_quantization_entry_means_none() -> None:
    assert all(tensor.quant is None for tensor in read_model(real_file("parallel")).tensors)


def test_reading_a_model_imports_no_generated_code_or_compiler() -> None:
    program = "import sys, lite.model; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"numba", "llvmlite", "google.protobuf", "flatbuffers"} & set(done.stdout.split())
