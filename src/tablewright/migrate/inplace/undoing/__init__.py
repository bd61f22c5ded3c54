"""Playing an undo file back."""
