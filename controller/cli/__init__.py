"""The commands: the only place that prints. Shows what the core computed and computes nothing of its own."""
