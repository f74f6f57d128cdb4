"""Float32 graphs made smaller before anything else is done with them.

    settings.py     what a user chooses
    channels.py     which channels have to go together, found by a walk over the graph
    observe.py      runs parts of a graph on samples; what a product multiplies its weights with
    choose.py       which channels go
    cut.py          the graph without them
    weights.py      which single weights go
    refit.py        the remaining weights, so that products compute on samples what they did before
    apply.py        all of it
"""
