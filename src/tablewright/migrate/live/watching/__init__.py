"""Seeing, and asking for, what another process does."""
