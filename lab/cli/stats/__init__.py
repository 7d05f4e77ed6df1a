"""The statistics on the command line, for anybody's own numbers."""
