"""What commands exit with, beside 0."""

FAILED = 1
BAD_CONFIGURATION = 2
