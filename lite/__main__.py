"""`python -m lite`: the device's commands where the converter is not installed."""
import sys

try:
    from lite.cli import main
except KeyboardInterrupt:  # numpy takes a while to import
    print("python -m lite: interrupted", file=sys.stderr)
    sys.exit(130)

sys.exit(main())
