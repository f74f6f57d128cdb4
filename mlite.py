"""The command `mlite`, before anything else is imported: an interrupt is as quiet then as it is later."""
import sys


def main() -> int:
    """Run the command that sys.argv names, and return its exit code; see converter.cli."""
    try:
        from converter.cli import main as run
    except KeyboardInterrupt:  # numpy takes a while to import
        print("mlite: interrupted", file=sys.stderr)
        return 130
    return run()
