"""Whether the wall clock can be trusted: asked of the monotonic clock, and of the date in the API's answers.

Two readings that differ leave the clock untrusted until they agree again. Meanwhile whoever decides is given both. A
date that cannot be meant leaves it untrusted too, but is no reading: nothing is decided by it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from controller.clock import Clock
from controller.core.interval import Instant

STEP = 2.0
"""By how many real seconds the wall clock may move against the monotonic one between two looks."""
DATE_TOLERANCE = 60.0
"""By how many seconds the date of an answer may differ. It is given in whole seconds, and servers' clocks vary."""
BELIEVABLE = 10 * 365.25 * 86_400.0
"""By how many seconds the date of an answer may differ and still be one that somebody's clock might show."""
WRITTEN = 1_767_225_600.0
"""2026: a machine whose clock reads 1970 since it lost its battery can still be told by how much it is wrong."""


class Doubt(StrEnum):
    """Why the clock is not trusted: log field and metric label."""

    STEPPED = "stepped"
    """It moved against the monotonic clock."""
    DATE = "date"
    """The API's answers bear another date."""


class Moment(NamedTuple):
    """The wall clock and the monotonic clock, read together."""

    wall: Instant
    monotonic: float

    def later(self, monotonic: float) -> Instant:
        """What the wall clock should read once the monotonic one reads so."""
        return self.wall + monotonic - self.monotonic


@dataclass(frozen=True, slots=True)
class _Witness:
    """Another reading of the clock, and how near it the wall clock counts as agreeing; None: there is no telling."""

    doubt: Doubt
    at: Moment | None
    tolerance: float

    def reading(self, moment: Moment) -> Instant:
        """What the clock may read instead: where there is no telling, the same, so that whoever is given it is careful
        and nobody acts by a date that is none.
        """
        return moment.wall if self.at is None else self.at.later(moment.monotonic)

    def agrees(self, moment: Moment) -> bool:
        return self.at is not None and abs(moment.wall - self.reading(moment)) <= self.tolerance


class ClockWatch:
    """Watches the clock for one workspace. Each look is cheap; a step is noticed at the first look after it.

    A step is believed once a date confirms it, or is over once the clock is back. Without any date the doubt stays
    until then: what is unknown does not allow.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._step = STEP * clock.rate
        self._last = self._moment()
        self._witness: _Witness | None = None
        self.compared = False
        """Whether a date was ever compared: before that, a clock that was wrong from the start looks right."""
        self.steps = 0
        """How many steps were noticed."""

    @property
    def doubt(self) -> Doubt | None:
        """Why the clock is not trusted, None while it is."""
        return self._witness.doubt if self._witness else None

    @property
    def seconds_off(self) -> float:
        """By how much the clock is ahead of the other reading, 0 while it is trusted or nobody can tell."""
        moment = self._moment()
        return moment.wall - self._witness.reading(moment) if self._witness else 0.0

    def readings(self) -> tuple[Instant, ...]:
        """Look, and give what the clock reads, and, while it is not trusted, what it may be instead."""
        moment = self.look()
        return (moment.wall, self._witness.reading(moment)) if self._witness else (moment.wall,)

    def look(self) -> Moment:
        """Compare the two clocks with what they read last."""
        moment, last = self._moment(), self._last
        self._last = moment
        stepped = abs(moment.wall - last.later(moment.monotonic)) > self._step
        self.steps += stepped
        if stepped and (self._witness is None or self._witness.at is None):
            self._witness = _Witness(Doubt.STEPPED, last, self._step)
        elif self._witness is not None and self._witness.agrees(moment):
            self._witness = None
        return moment

    def asked(self) -> float:
        """Mark the begin of a request; give it to `dated` with the answer's date."""
        return self.clock.monotonic()

    def dated(self, date: Instant, asked: float) -> None:
        """Compare the date of an answer to what was asked then: the server wrote it some time in between."""
        moment = self.look()
        self.compared = True
        waited = moment.monotonic - asked
        if moment.wall - waited - DATE_TOLERANCE <= date <= moment.wall + DATE_TOLERANCE:
            self._witness = None
        elif min(abs(date - moment.wall), abs(date - WRITTEN)) <= BELIEVABLE:
            self._witness = _Witness(Doubt.DATE, Moment(date, moment.monotonic), DATE_TOLERANCE)
        elif self._witness is None:  # another reading that there is goes on being asked
            self._witness = _Witness(Doubt.DATE, None, DATE_TOLERANCE)

    def _moment(self) -> Moment:
        return Moment(self.clock.now(), self.clock.monotonic())
