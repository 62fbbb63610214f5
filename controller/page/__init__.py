"""The daemon's page for people: rendered here, on what `view` and `shown` say. Works without scripts."""
