"""What a webhook's notice does to the incident of the thing that it speaks of: decided from values alone.

Notices come twice, late, in another order, or never. An episode is what one begin by the sender's clock names: notices
of an older one do nothing, and where two readings are possible the one under which nobody dials is taken.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from controller.core.campaign import Selector, glob_pattern
from controller.core.controls import OpenedIncident, Signal
from controller.core.interval import Instant

REORDERED = 60
"""For so many seconds after a thing was called resolved, a firing of the same episode is taken for an earlier one that
was overtaken on its way.
"""


_LATER = 0.001
"""Seconds."""


class NoticeStatus(StrEnum):
    """What a notice says."""

    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice. `key` is the sender's own name for the thing, `name` and `reason` what people call it; `started` is
    the begin of the episode by the sender's clock. Where the sender does not say that, it is when this was sent, and
    not `dated`. `ended` is the end, where one is told.
    """

    key: str
    status: NoticeStatus
    started: Instant
    labels: Mapping[str, str]
    name: str
    reason: str
    dated: bool = True
    ended: Instant | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """Which notices open an incident, and of which jobs: all `labels`, globs by their names, must be there and match.
    Without `match` it covers every job that a campaign matches; `reason` None: the notice's own.
    """

    labels: Mapping[str, str]
    match: Selector | None = None
    everything: bool = False
    reason: str | None = None
    _patterns: Mapping[str, re.Pattern[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_patterns", {name: glob_pattern((glob,)) for name, glob in self.labels.items()})

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Whether a notice with these labels opens it."""
        return all(name in labels and each.fullmatch(labels[name]) for name, each in self._patterns.items())


def opening_for(opens: Iterable[Opening], labels: Mapping[str, str]) -> Opening | None:
    """The first that fits, None where none does."""
    return next((each for each in opens if each.fits(labels)), None)


@dataclass(frozen=True, slots=True)
class Open:
    """Open an incident, in the place of the known one where that still stands."""

    signal: Signal
    until: Instant
    why: str
    since: Instant


class Turn(StrEnum):
    """What becomes of an open incident."""

    KEPT = "kept"
    ENDING = "ending"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Change:
    """Give the known incident this end."""

    turn: Turn
    signal: Signal
    until: Instant
    why: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """Do nothing; `told`, where there is one, is to be remembered for REORDERED seconds."""

    why: str
    told: Signal | None = None


Answer: TypeAlias = Open | Change | Nothing


@dataclass(frozen=True, slots=True)
class Limits:
    """In seconds: how long an incident goes on after `resolved`, and how long one that never resolves lasts."""

    quiet: int
    longest: int


def answer(known: OpenedIncident | None, told: Signal | None, notice: Notice, now: Instant, limits: Limits) -> Answer:
    """Decide. `known` is the last incident of the thing, open or closed; `told` is what was remembered of it last."""
    if notice.status is NoticeStatus.RESOLVED:
        return _resolved(known, notice, now, limits)
    return _firing(known, told, notice, now, limits)


def _firing(known: OpenedIncident | None, told: Signal | None, notice: Notice, now: Instant, limits: Limits) -> Answer:
    signal = None if known is None else known.signal
    if signal is not None and notice.started < signal.started:
        return Nothing("stale: a later episode is known")
    if _overtaken(signal, notice, now) or _overtaken(told, notice, now):
        return Nothing("it was called resolved just now: taken for an earlier notice that comes late")
    if known is None or signal is None:
        return Open(Signal(notice.key, notice.started), now + limits.longest, "it is firing", now)
    if not notice.dated and signal.resolved is None and _stands(known, now):
        return Nothing("it is open already")
    if notice.started > signal.started:
        return _anew(known, notice, now, limits)
    return _same_again(known, now) or _again(known, notice, now, limits)


def _anew(known: OpenedIncident, notice: Notice, now: Instant, limits: Limits) -> Open:
    """An incident of its own, for the longest time of its own; no end that stands is moved to an earlier one. It begins
    after the known one whatever the clock did meanwhile, since by that the last one of a thing is told.
    """
    since = max(now, known.incident.since + _LATER)
    stands_until = known.incident.until if _stands(known, now) else since
    until = max(since + limits.longest, stands_until)
    return Open(Signal(notice.key, notice.started), until, "it is firing", since)


def _same_again(known: OpenedIncident, now: Instant) -> Nothing | None:
    """Why a firing of the episode that the incident was opened for, or taken back for, changes nothing."""
    if known.signal is not None and known.signal.resolved is None:
        return Nothing("it is open already" if _stands(known, now) else "its incident is over")
    return Nothing("a person closed it") if _closed_by_a_person(known) else None


def _again(known: OpenedIncident, notice: Notice, now: Instant, limits: Limits) -> Open | Change:
    end = known.incident.since + limits.longest
    if not _stands(known, now) or end <= now:
        return _anew(known, notice, now, limits)
    signal = Signal(notice.key, notice.started)
    return Change(Turn.KEPT, signal, max(end, known.incident.until), "it is firing again")


def _resolved(known: OpenedIncident | None, notice: Notice, now: Instant, limits: Limits) -> Answer:
    said = Signal(notice.key, notice.started, now)
    signal = None if known is None else known.signal
    if known is None or signal is None:
        return Nothing("nothing is open for it", said)
    # A sender that merges what several told it may move a begin back: what ended after the known begin is the known.
    if notice.started < signal.started and (notice.ended is None or notice.ended <= signal.started):
        return Nothing("stale: a later episode is known")
    repeated = notice.started <= signal.started or (not notice.dated and _stands(known, now))
    if signal.resolved is not None and repeated:
        return Nothing("it was called resolved before")
    if not _stands(known, now):
        return Nothing("nothing is open for it", said)
    return _end(known, said, now, limits)


def _end(known: OpenedIncident, said: Signal, now: Instant, limits: Limits) -> Change:
    until = known.incident.until
    if known.signal is not None and known.signal.resolved is not None:
        return Change(Turn.ENDING, said, max(until, now + limits.quiet), "it is resolved")
    if until > known.incident.since + limits.longest:
        return Change(Turn.ENDING, said, until, "it is resolved; a person gave it a later end, which stays")
    if limits.quiet == 0:
        return Change(Turn.CLOSED, said, now, "it is resolved")
    return Change(Turn.ENDING, said, now + limits.quiet, "it is resolved")


def _overtaken(signal: Signal | None, notice: Notice, now: Instant) -> bool:
    return (
        signal is not None
        and signal.resolved is not None
        and notice.started <= signal.started
        and abs(now - signal.resolved) <= REORDERED
    )


def _stands(known: OpenedIncident, now: Instant) -> bool:
    return known.closed is None and now < known.incident.until


def _closed_by_a_person(known: OpenedIncident) -> bool:
    """Whatever else ends one does so at its end."""
    return known.closed is not None and known.closed.at < known.incident.until
