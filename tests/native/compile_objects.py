"""Run as a program: writes <target>.o of the test kernels, for every target, to the folder it is given."""
from __future__ import annotations

import os
import sys

os.environ["NUMBA_OPT"] = "0"

from lite.kernels import declare
from lite.kernels.target import TARGETS
from lite.native import codegen, driver  # noqa: F401  declares the entries
from tests.native.sources import arithmetic  # noqa: F401  declares the kernels

if __name__ == "__main__":
    lowered = codegen.lower(declare.KERNELS.values())
    for target in TARGETS:
        with open(os.path.join(sys.argv[1], f"{target.name}.o"), "wb") as file:
            file.write(codegen.assemble(lowered, target))
