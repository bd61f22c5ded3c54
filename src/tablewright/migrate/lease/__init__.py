"""One run at a time on a target: the lock of this machine, and the lease among machines."""
