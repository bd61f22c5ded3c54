"""After the switch: the way back, and the ends."""
