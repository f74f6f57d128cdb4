"""Networks that MindSpore exports: each module has `inputs(rng)` and `network()`, and where `mlite bench --suite`
measures another size `benchmark(rng) -> (Cell, inputs)`. Only the exporter imports them.
"""
