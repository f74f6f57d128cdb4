"""Networks that MindSpore exports: each module has `inputs(rng)` and `network()`. Only the exporter imports them."""
