"""VGG16 with a new head that tells apple, grapes and lemon apart."""
