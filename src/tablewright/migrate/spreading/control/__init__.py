"""The control table: segments claimed and acknowledged, pace leased, items set aside."""
