"""From when that is which is shown."""

from collections.abc import Mapping
from typing import NamedTuple

from controller.core.interval import Instant
from controller.runtime.health import LATE_AFTER
from controller.runtime.view import View


class Freshness(NamedTuple):
    """Of one workspace: when its jobs were last read, None: never yet; `stale`: that is too long ago."""

    workspace: str
    read_at: Instant | None
    stale: bool


def freshness(view: View) -> list[Freshness]:
    """Of each workspace."""
    now, ago = view.now(), view.health.seconds_since_read()
    return [_of(name, now, ago, LATE_AFTER * view.health.resync) for name in view.workspaces]


def _of(name: str, now: Instant, ago: Mapping[str, float], longest: float) -> Freshness:
    seconds = ago.get(name)
    return Freshness(name, None, False) if seconds is None else Freshness(name, now - seconds, seconds > longest)
