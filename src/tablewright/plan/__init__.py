"""Design and actual to plan: what is still to do, what it may lose, and why nothing is to be done."""
