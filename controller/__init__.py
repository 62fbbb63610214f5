"""Keeps Vogent batch dial jobs paused or dialing as campaign rules say."""

__version__ = "0.1.0"
