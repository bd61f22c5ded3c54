"""Plan to events: the situation of a stack, its remedy, the reason of a failure, and the run that converges."""
