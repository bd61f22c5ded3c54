"""Access patterns to policies, and policies to decisions: written, evaluated and audited without asking AWS."""
