"""What every test needs."""

import signal

import hypothesis

# Always the same examples: a test that fails, fails again.
hypothesis.settings.register_profile("lab", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("lab")

# A shell makes whatever it starts in the background deaf to Ctrl-C, and its children inherit that: those of the tests must hear it.
signal.signal(signal.SIGINT, signal.default_int_handler)
