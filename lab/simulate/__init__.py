"""Experiments on a virtual clock: the lab's own judge and decisions, run many times in a described world whose truth is known."""
