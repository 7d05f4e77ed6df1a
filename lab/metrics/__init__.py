"""Evidence from elsewhere than the lab's journals: Prometheus, asked as a file's Metric resources say, or for counts per epoch."""
