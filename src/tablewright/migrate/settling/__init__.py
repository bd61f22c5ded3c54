"""Switching the target's TTL off for a migration, and on again after it."""
