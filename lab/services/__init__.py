"""The models' services, asked through the gateway: what each is, and what it says to one input."""
