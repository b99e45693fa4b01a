"""The database: its tables, connections, migrations and the embedded server."""
