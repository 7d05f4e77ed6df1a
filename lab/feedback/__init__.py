"""Takes feedback on predictions: reads it, finds the prediction, decides what becomes of it, keeps it, answers."""
