"""Networks that MindSpore exports: each module has `inputs(rng)` and `network()`, and where those are smaller than the
network that is meant, `benchmark(rng) -> (Cell, inputs)` is that. Only the exporter imports them. blocks/ has what the
networks of a family share, index.py the names that the networks are known by.
"""
