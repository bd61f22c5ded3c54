"""Items of one table, by key."""
