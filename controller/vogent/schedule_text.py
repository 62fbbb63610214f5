"""A schedule as the one text by which two of them are compared."""

import json
import sys
from functools import lru_cache

from pydantic_core import to_json

_COMPACT = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def canonical_schedule(schedule: object) -> str | None:
    """Canonical JSON text of a schedule as it came: sorted keys, no spaces, equal texts one object; None for null."""
    if schedule is None:
        return None
    try:
        return _canonical(to_json(schedule))
    except ValueError:  # half a surrogate pair
        return sys.intern(compact(schedule))


def compact(value: object) -> str:
    """JSON text with sorted keys and no spaces."""
    return _COMPACT.encode(value)


@lru_cache(maxsize=1024)
def _canonical(text: bytes) -> str:
    """Thousands of jobs share a few schedules, and are read again and again."""
    return sys.intern(compact(json.loads(text)))
