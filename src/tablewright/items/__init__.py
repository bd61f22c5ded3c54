"""Looking at the items of a table within a budget, and writing single ones on purpose."""
