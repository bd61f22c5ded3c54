"""What a migration would do, from a sample of the source: nothing is written."""
