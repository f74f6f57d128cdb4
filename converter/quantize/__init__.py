"""Quantization: a float32 graph becomes one that computes with int8 codes, or whose weights are stored as codes.

    settings.py     the settings that users give
    calibrate.py    runs the graph on samples; observers.py derives the range of each tensor from them
    affine.py       from ranges and weights to scales, zero points and codes
    correct.py      biases corrected for the shift of means that rounded weights cause
    full.py         the graph rewritten to compute with codes
    weights.py      weights alone as codes; ranges.py their scales; rounding.py compensates for rounding errors
    clusters.py     codes for values that k-means finds
    mixed.py        bits of weights chosen layer by layer
    halve.py        constants in 16 bits
    measure.py      how far the result is from the exact graph, layer by layer
    limit.py        layers that stay float32, so that the error stays below a limit
    apply.py        the order of all these
"""
