"""Making a change set, judging what it would lose, executing it."""
