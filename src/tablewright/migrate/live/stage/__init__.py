"""What every state of a live migration works with."""
