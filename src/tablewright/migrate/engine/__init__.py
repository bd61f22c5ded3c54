"""The copy: a state machine that thinks (``machine``, ``pace``, ``batches``), and the run that performs what it says."""
