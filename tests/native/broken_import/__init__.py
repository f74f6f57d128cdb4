"""A kernel that needs libm, which packs must not."""
