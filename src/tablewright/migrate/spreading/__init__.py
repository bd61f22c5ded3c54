"""A copy by several machines: each takes some segments, and what they must agree on stands in a control table."""
