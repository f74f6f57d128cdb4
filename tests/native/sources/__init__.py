"""Kernels that exist for the tests of the build: every kind of parameter, element, helper and micro-kernel once."""
