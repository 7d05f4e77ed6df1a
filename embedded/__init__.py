"""The lab without Docker: the same services as processes of one machine."""
