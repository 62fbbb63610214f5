"""Logs that a person can be woken by. Knows no domain object; events and their fields are listed in deploy/logs.md."""
