"""The daemon's HTTP faces: the Unix socket for our own commands, and the listener for everybody else."""
