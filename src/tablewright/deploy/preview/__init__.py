"""The read-only twin of deploying: what would be done, and what it would change and lose."""
