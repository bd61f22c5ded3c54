"""Changing a table's items where they are, while others write to it: no update of theirs is lost, and it can be undone."""
