"""The live migration: a copy of a table whose writers go on, its tail, its cut-over, and the way back."""
