"""The journals: append-only files of JSON lines, one file per hour; the truth on disk."""
