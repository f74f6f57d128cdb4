"""Which module of `lite.ops` defines an operator. One row an operator; a test checks that the table is true."""
from __future__ import annotations

MODULES: dict[str, str] = {
    "Softmax": "softmax",
}
