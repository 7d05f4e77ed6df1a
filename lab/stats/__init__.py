"""Statistics that hold while you watch: tests and intervals that stay valid however often, and whenever, one looks."""
