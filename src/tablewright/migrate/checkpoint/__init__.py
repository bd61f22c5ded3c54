"""What a migration remembers between processes: one SQLite file a job."""
