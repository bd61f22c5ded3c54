"""Restores: to a new table, whole, and looked into."""
