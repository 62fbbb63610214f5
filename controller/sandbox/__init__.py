"""A stateful stand-in for Vogent that dials simulated numbers: the demo's and the tests' server."""
