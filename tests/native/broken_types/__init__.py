"""A kernel that numba cannot type."""
