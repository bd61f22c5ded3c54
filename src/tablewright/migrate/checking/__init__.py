"""Comparing two ends on their own, or those of a job that is over."""
