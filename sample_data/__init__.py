"""Pictures of fruit, rendered by us, and Fisher's iris measurements: something to upload and something to train on."""
