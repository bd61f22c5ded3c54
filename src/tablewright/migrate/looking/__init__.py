"""Looking at both ends before anything is written."""
