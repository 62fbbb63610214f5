"""Whether a place is ready for the daemon: each check looks at one thing, says what it saw, and changes nothing."""
