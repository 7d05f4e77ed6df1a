"""A rollout to watch: a real experiment on the running lab, with simulated visitors."""
