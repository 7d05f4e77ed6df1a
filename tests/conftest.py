"""What every test needs."""

import hypothesis

# Always the same examples: a test that fails, fails again.
hypothesis.settings.register_profile("lab", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("lab")
