"""Updates on their way to a table: how many at once, how fast, and what is tried again."""
