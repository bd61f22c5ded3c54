"""One pass over the table: every item looked at, and changed where it needs it."""
