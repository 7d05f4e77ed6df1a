"""Classifiers of Fisher's iris flowers, with an outlier detector."""
