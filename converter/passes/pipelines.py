"""Which passes run, in which order."""
from __future__ import annotations

from converter.passes._manager import Pass
from converter.passes.common_subexpressions import common_subexpressions
from converter.passes.eliminate_dead_code import eliminate_dead_code
from converter.passes.fold_batch_norm import fold_batch_norm
from converter.passes.fold_bias import fold_bias
from converter.passes.fold_constants import fold_constants
from converter.passes.fold_flatten import fold_flatten
from converter.passes.fold_scalar import fold_scalar
from converter.passes.fuse_activation import fuse_activation
from converter.passes.fuse_recurrent import fuse_recurrent
from converter.passes.merge_reshapes import merge_reshapes
from converter.passes.recognize_activations import recognize_activations
from converter.passes.recognize_leaky_relu import recognize_leaky_relu
from converter.passes.simplify_identities import simplify_identities
from converter.passes.sink_reshapes import sink_reshapes
from converter.passes.sink_transposes import sink_transposes

Pipeline = tuple[Pass, ...]

# What is not needed, or known already, goes first, so that patterns are bare when they are looked for.
CLEAN: Pipeline = (eliminate_dead_code, fold_constants, simplify_identities, common_subexpressions)

# Transposes leave the ways between convolutions and what can be folded into them.
LAYOUT: Pipeline = (sink_transposes, sink_reshapes, merge_reshapes, fold_flatten)

FUSE: Pipeline = (fold_batch_norm, fold_bias, fold_scalar, fuse_activation)

# The network as it was exported, without what its outputs do not need.
MINIMAL: Pipeline = (eliminate_dead_code,)

# Steps of recurrent layers are alike only as long as nothing is known of the first.
ROLL: Pipeline = (eliminate_dead_code, fuse_recurrent)

DEFAULT: Pipeline = (*ROLL, *CLEAN, recognize_activations, recognize_leaky_relu, *LAYOUT, *FUSE, *CLEAN)
