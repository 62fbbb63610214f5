"""The time zone data that decides: how old it is, and whether the machine's own is newer."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import tzdata

from controller.core.interval import Instant
from controller.core.zone import DAY
from controller.doctor.check import Check, ok, warn

_TZDATA = "tzdata"
PINNED: Final = tzdata.IANA_VERSION
SYSTEM: Final = Path("/usr/share/zoneinfo")

STALE_DAYS: Final = 400
"""The database changes several times in most years. Of a release only year and letter are known, so that its age is
counted from the middle of its year.
"""
_RELEASE: Final = re.compile(r"(\d{4})([a-z]+)")
_UPDATE: Final = "install a version of the controller with newer data, or a newer tzdata package beside it"


def check_zone_data(now: Instant, pinned: str = PINNED, system: Path = SYSTEM) -> list[Check]:
    """Both checks; `pinned` is the release that comes with the program, `system` the machine's folder of zones."""
    return [_age(now, pinned), _compared(pinned, system)]


def _age(now: Instant, pinned: str) -> Check:
    release = _RELEASE.match(pinned)
    if release is None:
        return warn(_TZDATA, pinned, "its release is not a year and a letter, so that its age is unknown", _UPDATE)
    days = int((now - datetime(int(release[1]), 7, 1, tzinfo=UTC).timestamp()) // DAY)
    if days > STALE_DAYS:
        seen = f"the pinned zone data is some {days} days old, counted from the middle of {release[1]}"
        return warn(_TZDATA, pinned, f"{seen}; zones may have changed since", _UPDATE)
    return ok(_TZDATA, pinned, f"the pinned zone data is of {release[1]}, not older than {STALE_DAYS} days")


def _compared(pinned: str, system: Path) -> Check:
    found = _system_release(system)
    if found is None:
        return ok(_TZDATA, pinned, f"nothing to compare with: {system} does not tell a release")
    ours, theirs = _order(pinned), _order(found)
    if ours is None or theirs is None:
        return warn(_TZDATA, pinned, f"cannot be compared with the machine's own, {found}", "compare them yourself")
    if ours < theirs:
        return warn(_TZDATA, pinned, f"older than the machine's own, {found}; the pinned one decides", _UPDATE)
    relation = "the same as" if ours == theirs else "newer than"
    return ok(_TZDATA, pinned, f"{relation} the machine's own, {found}; the pinned one decides")


def _system_release(system: Path) -> str | None:
    """What the machine's data says of itself: Debian and Fedora ship `tzdata.zi`, others `+VERSION`."""
    for name, begin in (("tzdata.zi", "# version "), ("+VERSION", "")):
        try:
            with (system / name).open(encoding="ascii", errors="replace") as lines:
                first = lines.readline(100).strip()
        except OSError:
            continue
        if first.startswith(begin) and (release := first.removeprefix(begin)):
            return release
    return None


def _order(release: str) -> tuple[int, int, str] | None:
    """What sorts releases: 2026a … 2026z, 2026za."""
    parts = _RELEASE.match(release)
    return None if parts is None else (int(parts[1]), len(parts[2]), parts[2])
