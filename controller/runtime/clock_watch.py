"""Whether the wall clock can be trusted: asked of the monotonic clock, and of the date in the API's answers.

Two readings that differ leave the clock untrusted until they agree again. Meanwhile whoever decides is given both.
"""

from dataclasses import dataclass
from enum import StrEnum

from controller.clock import Clock
from controller.core.interval import Instant

STEP = 2.0
"""By how many real seconds the wall clock may move against the monotonic one between two looks."""
DATE_TOLERANCE = 60.0
"""By how many seconds the date of an answer may differ. It is given in whole seconds, and servers' clocks vary."""


class Doubt(StrEnum):
    """Why the clock is not trusted: log field and metric label."""

    STEPPED = "stepped"
    """It moved against the monotonic clock."""
    DATE = "date"
    """The API's answers bear another date."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The wall clock and the monotonic clock, read together."""

    wall: Instant
    monotonic: float

    def later(self, monotonic: float) -> Instant:
        """What the wall clock should read once the monotonic one reads so."""
        return self.wall + monotonic - self.monotonic


@dataclass(frozen=True, slots=True)
class _Witness:
    """Another reading of the clock, and how near it the wall clock counts as agreeing."""

    doubt: Doubt
    at: Moment
    tolerance: float

    def differs(self, moment: Moment) -> float:
        return moment.wall - self.at.later(moment.monotonic)

    def agrees(self, moment: Moment) -> bool:
        return abs(self.differs(moment)) <= self.tolerance


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
        self.steps = 0
        """How many steps were noticed."""

    @property
    def doubt(self) -> Doubt | None:
        """Why the clock is not trusted, None while it is."""
        return self._witness.doubt if self._witness else None

    @property
    def seconds_off(self) -> float:
        """By how much the clock is ahead of the other reading, 0 while it is trusted."""
        return self._witness.differs(self._moment()) if self._witness else 0.0

    def readings(self) -> tuple[Instant, ...]:
        """Look, and give what the clock reads, and, while it is not trusted, what it may be instead."""
        moment = self.look()
        return (moment.wall, self._witness.at.later(moment.monotonic)) if self._witness else (moment.wall,)

    def look(self) -> Moment:
        """Compare the two clocks with what they read last."""
        moment, last = self._moment(), self._last
        self._last = moment
        stepped = abs(moment.wall - last.later(moment.monotonic)) > self._step
        self.steps += stepped
        if self._witness is None and stepped:
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
        waited = moment.monotonic - asked
        if moment.wall - waited - DATE_TOLERANCE <= date <= moment.wall + DATE_TOLERANCE:
            self._witness = None
        else:
            self._witness = _Witness(Doubt.DATE, Moment(date, moment.monotonic), DATE_TOLERANCE)

    def _moment(self) -> Moment:
        return Moment(self.clock.now(), self.clock.monotonic())
