"""Experiment files: their shape, what they mean in this lab, and what is questionable about them. Pure."""
