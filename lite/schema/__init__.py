"""The `.ms` file format: what its tables look like (layout.py, generated), and reading and writing them by that."""
