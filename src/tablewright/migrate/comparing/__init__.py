"""Comparing the two ends of a migration when it is copied."""
