"""The pure core: calendars, decisions, verification. Values in, values out.

Nothing here does I/O, reads a clock, logs or parses YAML or JSON of the network; only the standard library's pure
parts are imported. An instant is seconds since the Unix epoch, UTC (`Instant`); local time exists only inside
`calendar.py`, to generate boundaries.
"""
