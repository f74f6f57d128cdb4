"""Graphs with float32 arithmetic made graphs with int8 codes, or with weights in codes.

    settings.py     what a user chooses
    calibrate.py    runs the graph on samples, and observers.py what they say of the range of each tensor
    affine.py       from ranges and weights to scales, zero points and codes
    correct.py      biases that make up for what rounded weights shift means by
    full.py         the graph rewritten
    weights.py      weights alone as codes, ranges.py their scales, rounding.py what makes up for errors of rounding
    clusters.py     codes that stand for what k-means finds
    mixed.py        bits of weights chosen layer by layer
    halve.py        constants in 16 bits
    measure.py      how far the result is from the exact graph, layer by layer
    limit.py        layers that stay float32, so that the error stays below a limit
    apply.py        all of it
"""
