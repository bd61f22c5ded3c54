"""Carrying out remedies."""
