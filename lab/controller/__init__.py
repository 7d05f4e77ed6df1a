"""Runs experiments: looks at the evidence when it is time, and does what was decided. What it knows survives it, in the journal."""
