"""Changes who gets which model, while the gateway runs."""
