"""Holding the writers of a table, and letting them go."""
