"""Changes in place, and undoing them, as jobs."""
