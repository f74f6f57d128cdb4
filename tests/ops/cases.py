"""Every operator's rows. Importable by other tests: the same rows judge native kernels."""
from __future__ import annotations

from tests.ops.case import Case
from tests.ops.cases_elementwise import ELEMENTWISE
from tests.ops.cases_layers import LAYERS
from tests.ops.cases_movement import MOVEMENT
from tests.ops.cases_quantized import QUANTIZED

CASES: list[Case] = ELEMENTWISE + LAYERS + MOVEMENT + QUANTIZED
