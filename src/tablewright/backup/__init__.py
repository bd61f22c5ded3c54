"""Backups of tables: making, listing, restoring with everything that a restore leaves behind, rehearsing, and thinning out."""
