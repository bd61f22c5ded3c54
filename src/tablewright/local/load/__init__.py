"""How the embedded AWS feels load: capacity is metered, limits throttle, partitions split, and metrics are published."""
