"""One module a command, as in lite.commands: `add_arguments(parser)` and `execute(args) -> exit code`."""
