"""Following a stream: onto the disk, and from there to the other table."""
