"""A stateful stand-in for Vogent that dials simulated numbers: the demo's and the tests' server.

An independent reading of the provider's reference: nothing here imports the client that it is there to test, and the
judge of forbidden calls (`oracle.py`) shares no calendar code with the controller.
"""

from controller.sandbox.sandbox import Sandbox
from controller.sandbox.seed import SeedError, SeedJob, load_jobs
from controller.sandbox.state_file import StateFileError

__all__ = ["Sandbox", "SeedError", "SeedJob", "StateFileError", "load_jobs"]
