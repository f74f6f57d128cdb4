"""MindSpore checkpoints (`.ckpt`): named tensors without a graph."""
