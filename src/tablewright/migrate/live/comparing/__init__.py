"""Comparing two tables of which one is written to."""
