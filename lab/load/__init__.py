"""Simulated visitors of the gateway: what they do, and what they met."""
