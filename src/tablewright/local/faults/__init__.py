"""Faults of the data path that a rehearsal adds on purpose; none is there unless it was added."""
