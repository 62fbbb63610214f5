"""Keeps Vogent batch dial jobs paused or dialing as campaign rules say."""
