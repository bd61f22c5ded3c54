"""Exports to S3: begun, waited for, read back and compared."""
