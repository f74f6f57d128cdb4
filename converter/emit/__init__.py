"""Write the IR as a `.ms` file: `graph.emit` gives its bytes, `graph.emit_parts` writes constants where they are.

graph.py turns nodes, functions and states into what the format has for them, attributes.py an operator's attributes,
constants.py weights in all their forms, quantization.py scales and zero points; tables.py collects the result.
"""
