"""Read MindIR, the format that MindSpore exports networks in: `reader.read_mindir` gives the IR's graph."""
