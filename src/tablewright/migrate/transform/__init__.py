"""What becomes of each item on its way: nothing, declared operations, or a function."""
