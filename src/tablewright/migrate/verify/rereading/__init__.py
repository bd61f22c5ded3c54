"""Items read again by their keys, as they stand at that moment."""
