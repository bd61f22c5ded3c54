"""From two tables to one that follows the other."""
