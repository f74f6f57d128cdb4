"""Checkpoints, named tensors without a graph: MindSpore's `.ckpt` and `.safetensors`.

    from converter.checkpoint import read_checkpoint, write_checkpoint

    tensors = read_checkpoint("lenet.ckpt")                  # {"conv1.weight": float32[6,1,5,5], ...}
    write_checkpoint("lenet.safetensors", tensors)

`converter.convert` and `converter.load` take one in place of the weights of an export, as `mlite --checkpoint` does.
"""
from __future__ import annotations

from converter.checkpoint.files import read_checkpoint, write_checkpoint

__all__ = ["read_checkpoint", "write_checkpoint"]
