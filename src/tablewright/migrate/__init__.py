"""Copying and reshaping tables of any size: source and target to events. What each package does stands in ARCHITECTURE.md."""
