"""From evidence to a decision: what was seen since the last look, what it adds up to, and what follows. Pure."""
