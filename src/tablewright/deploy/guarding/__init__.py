"""Gathering the evidence that the guard judges by."""
