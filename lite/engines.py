"""This engine and others behind one interface, each in a process of its own: what `mlite bench --peers` compares.

    python -m lite.engines prepare ENGINE MODEL FOLDER [INPUTS]              the file that it loads, made from ONNX,
                                                                             for LiteRT from the .ms; in int8 where
                                                                             there are inputs to quantize it with
    python -m lite.engines cold    ENGINE MODEL INPUTS THREADS               "done" after one run, then peak memory
    python -m lite.engines serve   ENGINE MODEL INPUTS THREADS OUTPUTS.npz   "ready", then for each line with the
                                                                             seconds of a turn the times of its runs
INPUTS is a JSON file with the path of an .npy for each input: reading an .npz would take as long as to load a small
model. Answers are lines of JSON.

An engine that is missing, crashes or refuses a model does not disturb the others. Every engine is used in the
cheapest way that its interface has: inputs are bound once where that is possible, and outputs are left in its memory.
"""
from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable

import numpy as np

from lite.errors import ShapeError
from lite.memory import peak_memory
from lite.records import dataclass
from lite.timing import timed_runs
from lite.types import Array

OURS = "mindlite"
LITERT = "LiteRT"
# Name -> package.
PEERS = {"onnxruntime": "onnxruntime", "OpenVINO": "openvino", "MNN": "MNN", LITERT: "ai_edge_litert"}
_SHORT = 0.5  # of a turn
_PR_SET_PDEATHSIG = 1
_PER_CHANNEL = 13  # version of the ONNX operators since which weights have a scale for each channel


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model that is ready. run: compute once. outputs: what the last run gave. keep: what must stay alive."""

    run: Callable[[], object]
    outputs: Callable[[], list[Array]]
    keep: object = None


def load_mindlite(model: str, inputs: dict[str, Array], threads: int) -> Loaded:
    from lite.session import Session

    session = Session(model, threads=threads)
    try:
        bound = session.bind()
    except ShapeError:  # what runs depends on the data
        results: list[Array] = []

        def run_unbound() -> None:
            outputs = session.run(inputs)
            results[:] = outputs.values() if isinstance(outputs, dict) else [outputs]

        return Loaded(run_unbound, lambda: results, keep=session)
    pairs = list(zip(bound.inputs.values(), inputs.values(), strict=True))

    def run() -> None:
        for place, x in pairs:
            np.copyto(place, x)
        bound.run()

    return Loaded(run, lambda: list(bound.outputs.values()), keep=session)


def load_onnxruntime(model: str, inputs: dict[str, Array], threads: int) -> Loaded:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    bound = session.io_binding()  # cheaper than session.run, by 5 us on the smallest network
    for place, x in zip(session.get_inputs(), inputs.values(), strict=True):
        bound.bind_cpu_input(place.name, x)
    for place in session.get_outputs():
        bound.bind_output(place.name)
    return Loaded(lambda: session.run_with_iobinding(bound), bound.copy_outputs_to_cpu, keep=inputs)


def load_openvino(model: str, inputs: dict[str, Array], threads: int) -> Loaded:
    import openvino

    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "ENABLE_CPU_PINNING": False,  # where this process may run is the user's choice
    }
    compiled = openvino.Core().compile_model(model, "CPU", settings)
    request = compiled.create_infer_request()
    tensors = [openvino.Tensor(x, shared_memory=True) for x in inputs.values()]
    for place, tensor in zip(compiled.inputs, tensors, strict=True):
        request.set_tensor(place, tensor)

    def outputs() -> list[Array]:
        return [np.array(request.get_tensor(place).data) for place in compiled.outputs]

    return Loaded(lambda: request.infer(), outputs, keep=tensors)


def load_mnn(model: str, inputs: dict[str, Array], threads: int) -> Loaded:
    import MNN

    interpreter = MNN.Interpreter(model)
    session = interpreter.createSession({"numThread": threads, "backend": "CPU", "precision": "high"})
    kinds = {"f": MNN.Halide_Type_Float, "i": MNN.Halide_Type_Int}
    layout = MNN.Tensor_DimensionType_Caffe
    hosts = []
    for name, x in inputs.items():
        place = interpreter.getSessionInput(session, name)
        hosts.append((place, MNN.Tensor(x.shape, kinds[x.dtype.kind], x, layout)))

    def run() -> None:
        for place, host in hosts:
            place.copyFrom(host)
        interpreter.runSession(session)

    def outputs() -> list[Array]:
        found = []
        for y in interpreter.getSessionOutputAll(session).values():
            host = MNN.Tensor(y.getShape(), MNN.Halide_Type_Float, np.zeros(y.getShape(), np.float32), layout)
            y.copyToHostTensor(host)
            found.append(np.array(host.getData(), np.float32).reshape(y.getShape()))
        return found

    return Loaded(run, outputs, keep=(interpreter, inputs))


def load_litert(model: str, inputs: dict[str, Array], threads: int) -> Loaded:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=model, num_threads=threads)
    interpreter.allocate_tensors()
    # As views of its memory, which it has to have back before a run.
    places = [interpreter.tensor(row["index"]) for row in interpreter.get_input_details()]
    results = [row["index"] for row in interpreter.get_output_details()]

    def run() -> None:
        for place, x in zip(places, inputs.values(), strict=True):
            np.copyto(place(), x)
        interpreter.invoke()

    return Loaded(run, lambda: [interpreter.get_tensor(index) for index in results], keep=interpreter)


_LOADERS = {
    OURS: load_mindlite,
    "onnxruntime": load_onnxruntime,
    "OpenVINO": load_openvino,
    "MNN": load_mnn,
    LITERT: load_litert,
}


def prepare(engine: str, model: str, folder: str, sample: dict[str, Array] | None = None) -> str:
    """The path of the file that the engine loads: the ONNX itself, or one converted from it, for LiteRT from the `.ms`.

    sample: inputs to quantize the network with. LiteRT gets the codes that the `.ms` has.
    """
    if engine == LITERT:
        from lite.model import read_model
        from lite.tflite import write_tflite

        path = os.path.join(folder, "model.tflite")
        with open(path, "wb") as file:
            file.write(write_tflite(read_model(model)))
        return path
    if engine != "MNN":
        return model if sample is None else _quantized(model, folder, sample)
    import _tools  # MNN's converter; its console script installs packages

    path = os.path.join(folder, "model.mnn")
    _tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--modelFile", model, "--MNNModel", path, "--bizCode", "mindlite"])
    if not os.path.exists(path):
        raise RuntimeError("MNN's converter wrote no file")
    return path if sample is None else _quantized_mnn(path, folder, sample)


def _quantized_mnn(model: str, folder: str, sample: dict[str, Array]) -> str:
    """The path of the MNN in int8, by its own tool: the way of choosing ranges with which it ends for most networks."""
    import _tools

    path, settings, samples = (os.path.join(folder, name) for name in ("int8.mnn", "int8.json", "samples"))
    first = os.path.join(samples, "input_0")
    os.makedirs(first)
    for name, x in sample.items():
        np.savetxt(os.path.join(first, f"{name}.txt"), x.reshape(-1))
    shapes = [{"name": name, "shape": x.shape} for name, x in sample.items()]
    tables = {
        os.path.join(first, "input.json"): {"inputs": shapes, "outputs": []},
        settings: {
            "input_type": "sequence", "path": samples + os.sep, "used_sample_num": 1, "batch_size": 1, "quant_bits": 8,
            "feature_quantize_method": "EMA", "weight_quantize_method": "MAX_ABS", "model": os.path.basename(model),
        },
    }  # fmt: skip
    for file, table in tables.items():
        with open(file, "w") as target:
            json.dump(table, target)
    _tools.mnnquant(["mnnquant", model, path, settings])
    if not os.path.exists(path):
        raise RuntimeError("MNN's tool for int8 wrote no file")
    return path


def _quantized(model: str, folder: str, sample: dict[str, Array]) -> str:
    """The path of an ONNX with int8 products, QDQ, made once: by onnxruntime's tool, as it is advised for x86.

    Unsigned activations, one scale a channel of the weights, ranges by the least and largest seen with these inputs.
    """
    import onnx
    from onnx.version_converter import convert_version
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Samples(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left = [sample]

        def get_next(self) -> dict[str, Array] | None:
            return self.left.pop() if self.left else None

    merged, path = os.path.join(folder, "merged.onnx"), os.path.join(folder, "int8.onnx")
    if os.path.exists(path):
        return path
    network = onnx.load(model)
    if network.opset_import[0].version < _PER_CHANNEL:
        network = convert_version(network, _PER_CHANNEL)
    quant_pre_process(network, merged, skip_symbolic_shape=True)
    quantize_static(
        merged, path, Samples(), per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8
    )
    return path


def main(arguments: list[str]) -> None:
    """See the module's text. Standard output is for answers only: what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def say(answer: object) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    command, engine, model, *rest = arguments
    if command == "prepare":
        say(prepare(engine, model, rest[0], *(_inputs(path) for path in rest[1:])))
        return
    inputs = _inputs(rest[0])
    loaded = _LOADERS[engine](model, inputs, int(rest[1]))
    loaded.run()
    if command == "cold":
        say("done")
        say(peak_memory())
        return
    np.savez(rest[2], *loaded.outputs())
    _end_with_parent()
    say("ready")
    for line in sys.stdin:
        say(_take_turn(loaded.run, float(line)))


def _end_with_parent() -> None:
    """Lets Linux end this process with the one that asks it: one that is halted would never see that."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _inputs(path: str) -> dict[str, Array]:
    with open(path) as file:
        return {name: np.load(place) for name, place in json.load(file).items()}


def _take_turn(run: Callable[[], object], turn: float) -> list[float]:
    """Seconds of each run within `turn` seconds. A short one goes first and does not count: the caches are others'."""
    seconds = timed_runs(run, 1, 0.0)
    return timed_runs(run, None, turn) if seconds[0] < _SHORT * turn else seconds


if __name__ == "__main__":
    main(sys.argv[1:])
