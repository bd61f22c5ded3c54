"""What a job begins with: its record, what its checkpoint belongs to, and how its copy goes about it."""
