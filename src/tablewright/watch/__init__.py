"""What the tables' metrics say: which series to read, what is wrong, and what to do."""
