"""`python -m lite`: the device's commands where the converter is not installed."""
import sys

from lite.cli import main

sys.exit(main())
