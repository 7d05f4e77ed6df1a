"""What the lab says over HTTP."""
