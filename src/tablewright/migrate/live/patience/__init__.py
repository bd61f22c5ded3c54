"""Asking again while what stands in the way may pass."""
