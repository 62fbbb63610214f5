"""How Python's collector of reference cycles is set up for a process that meets ten thousand jobs at once."""

import gc

YOUNG, OLDER, OLD = 5_000, 10, 40
"""After so many new objects the young are looked over, after so many of these looks those that survived one too, and
after so many of these all. At Python's own 700 and 10, a close of ten thousand jobs spends a fifth of its time in
looking, and stands still for a tenth of a second at a time; at many more than 5,000, for longer than a millisecond or
two at each look.
"""


def spare_what_is_loaded() -> None:
    """Never look again at what is there now: the program itself. Call it once everything is loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, OLDER, OLD)
