"""The cut-over, in either direction: fence, drain, compare once more, switch."""
