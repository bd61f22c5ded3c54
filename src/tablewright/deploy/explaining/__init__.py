"""Explaining a failure after the fact."""
