"""Random cases of every primitive, drawn from a seed, judged by MindSpore: `python -m tests.conformance.generate`."""
