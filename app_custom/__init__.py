"""A small convolutional network that tells apple, grapes and lemon apart."""
