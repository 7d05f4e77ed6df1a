"""The pictures of a run, one module each. Pure."""
