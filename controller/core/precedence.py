"""The precedence table: which rule gives the reason.

The first row that applies wins; the rows behind it are named in the detail. Row 8 is kept free for legal hours.
"""

from collections.abc import Callable
from dataclasses import dataclass

from controller.core.calendar import DayKind
from controller.core.campaign import Incident
from controller.core.decision import Desired, Reason
from controller.core.finding import DANGEROUS_DRIFT
from controller.core.hours import Closed
from controller.core.interval import Instant
from controller.core.situation import Situation, any_pauses_on_drift


@dataclass(frozen=True, slots=True)
class Row:
    """`applies` gives the details under which the row applies at an instant: () where it does not."""

    number: int
    condition: str
    desired: Desired
    reason: Reason
    applies: Callable[[Situation, Instant], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one row said."""

    number: int
    condition: str
    desired: Desired
    reason: Reason
    applies: bool
    detail: str


def _incident(situation: Situation, now: Instant) -> tuple[str, ...]:
    lead = situation.close_early
    return tuple(_told(each) for each in situation.incidents if each.since - lead <= now < each.until)


def _told(incident: Incident) -> str:
    author = f" (opened by {incident.author})" if incident.author is not None else ""
    return f"{incident.name}: {incident.reason}{author}"


def _hold(situation: Situation, now: Instant) -> tuple[str, ...]:
    return tuple(f"{hold.author}: {hold.reason}" for hold in situation.holds if hold.since <= now < hold.until)


def _unmatched(situation: Situation, _now: Instant) -> tuple[str, ...]:
    return () if situation.campaigns else ("no campaign matches this job",)


def _closed(situation: Situation, now: Instant) -> tuple[Closed, ...]:
    found = dict.fromkeys(closed for hours in situation.campaigns for closed in hours.closed_by(now))
    return tuple(found)


def _special_date(situation: Situation, now: Instant) -> tuple[str, ...]:
    return tuple(
        f"{closed.calendar}: closed by the dates entry {closed.label}"
        for closed in _closed(situation, now)
        if closed.kind is DayKind.DATES
    )


def _holiday(situation: Situation, now: Instant) -> tuple[str, ...]:
    return tuple(
        f"{closed.calendar}: {closed.label}"
        for closed in _closed(situation, now)
        if closed.kind in (DayKind.HOLIDAY, DayKind.UNKNOWN)
    )


def _outside_hours(situation: Situation, now: Instant) -> tuple[str, ...]:
    closed = tuple(
        f"{closed.calendar}: no window is open" for closed in _closed(situation, now) if closed.kind is DayKind.HOURS
    )
    closing = tuple(
        f"{hours.campaign.name}: within {hours.campaign.close_early} s of its close"
        for hours in situation.campaigns
        if not hours.is_dialing(now) and hours.hours(now).is_open(now)
    )
    return closed + closing


def _schedule_drift(situation: Situation, _now: Instant) -> tuple[str, ...]:
    if not any_pauses_on_drift(tuple(hours.campaign for hours in situation.campaigns)):
        return ()
    return tuple(f"{found.kind}: {found.detail}" for found in situation.drift if found.kind in DANGEROUS_DRIFT)


def _otherwise(_situation: Situation, _now: Instant) -> tuple[str, ...]:
    return ("every matching campaign is open",)


FINISHED_ROW = Row(
    1, "status COMPLETE or CANCELLED", Desired.LEAVE, Reason.FINISHED, lambda _situation, _now: ()
)  # asked of the job itself, before its situation

PRECEDENCE: tuple[Row, ...] = (
    FINISHED_ROW,
    Row(2, "an incident covers it", Desired.PAUSE, Reason.INCIDENT, _incident),
    Row(3, "a hold is on it", Desired.PAUSE, Reason.HOLD, _hold),
    Row(4, "no campaign matches", Desired.LEAVE, Reason.UNMATCHED, _unmatched),
    Row(
        5,
        "the local date has a `dates` entry, and no window of it is open",
        Desired.PAUSE,
        Reason.SPECIAL_DATE,
        _special_date,
    ),
    Row(6, "the local date, without a `dates` entry, is a holiday", Desired.PAUSE, Reason.HOLIDAY, _holiday),
    Row(
        7,
        "no window is open, or within `close_early` of the close",
        Desired.PAUSE,
        Reason.OUTSIDE_HOURS,
        _outside_hours,
    ),
    Row(
        9,
        "provider schedule drifts and a campaign says `on_drift: pause`",
        Desired.PAUSE,
        Reason.SCHEDULE_DRIFT,
        _schedule_drift,
    ),
    Row(10, "otherwise", Desired.DIAL, Reason.OPEN, _otherwise),
)
"""The whole table, in order."""
