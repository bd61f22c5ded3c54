"""Putting lost items back: a copy compared with the table by key, and what is missing written where nothing stands."""
