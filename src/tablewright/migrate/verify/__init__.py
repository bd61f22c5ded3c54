"""Whether two sides hold the same items, by their contents: never by their number."""
