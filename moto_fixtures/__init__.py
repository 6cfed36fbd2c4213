"""Emulated accounts for tests: pytest fixtures, and the states they can start from as data."""
