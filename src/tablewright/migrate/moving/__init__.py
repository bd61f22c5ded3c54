"""What a move from one table to another needs in the template that both stand in, and the edits that write it. Pure."""
