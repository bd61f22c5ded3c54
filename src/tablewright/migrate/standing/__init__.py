"""How a job stands, seen from beside the process that works at it."""
