"""Looking at a stack: reads everything that a plan and a remedy need, and changes nothing."""
