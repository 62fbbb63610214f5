"""Ending the incidents and holds whose time is over. Decisions do not wait for it: they know the ends themselves."""

from dataclasses import replace

from controller.core.controls import Closing
from controller.core.interval import Instant
from controller.runtime.control_rows import Actor, hold_row, incident_row
from controller.runtime.journal import OURSELVES
from controller.runtime.ledger import Ledger
from controller.store.changes import Change, PutHold, PutIncident

_US = Actor(OURSELVES, "clock")
_OVER = "its end came"


class Expiry:
    """Looks after those of the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def next_end(self, now: Instant) -> Instant | None:
        """The next instant after `now` at which one of them ends by itself; None where none does."""
        return self._ledger.controls.next_end(now)

    async def look(self, now: Instant) -> None:
        """End for good, and say so, what is over at `now`."""
        changes: list[Change] = []
        for opened in list(self._ledger.incidents.values()):
            if opened.incident.until <= now:
                ended = replace(opened, closed=Closing(now, OURSELVES, _OVER))
                changes += [PutIncident(ended), incident_row("incident.closed", ended, now, _US, _OVER)]
        for placed in list(self._ledger.holds.values()):
            if placed.hold.until <= now:
                lifted = replace(placed, closed=Closing(now, OURSELVES, _OVER))
                changes += [PutHold(lifted), hold_row("hold.ended", lifted, now, _US, _OVER)]
        if changes:
            await self._ledger.record(changes)
