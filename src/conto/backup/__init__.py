"""Backups: everything that a server holds in one file, taken while it runs, and put back elsewhere."""
