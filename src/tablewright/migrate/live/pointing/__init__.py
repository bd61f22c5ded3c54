"""Where the application looks up which table is in use."""
