"""What stands: one stack read into one value, and what is wrong with it."""
