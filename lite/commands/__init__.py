"""One module a command: `add_arguments(parser)` and `execute(args) -> exit code`.

Modules import what they need when they execute, so that `mlite --help` starts at once and a command pays for itself
alone.
"""
