"""Saying when a workspace's clock becomes doubtful and when it is trusted again. Tells only; the passes act."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

import structlog

from controller.core.interval import Instant
from controller.runtime.clock_watch import ClockWatch, Doubt
from controller.store.changes import Audit, Change

log = structlog.get_logger()

Record = Callable[[Sequence[Change]], Awaitable[object]]


class ClockLog:
    """`watches` are the workspaces' own. Remembers what it found at the last look."""

    def __init__(self, record: Record, watches: Mapping[str, ClockWatch]) -> None:
        self._record = record
        self._watches = watches
        self._known = {name: self._state(watch) for name, watch in watches.items()}

    def others(self) -> list[Instant]:
        """What the clock may read instead, by each workspace that does not trust it."""
        return [other for watch in self._watches.values() for other in watch.readings()[1:]]

    @property
    def trusted(self) -> bool:
        """Whether each workspace trusts the clock, after a date of the API was compared with it."""
        return not self.others() and all(watch.compared for watch in self._watches.values())

    def look(self, now: Instant) -> list[Audit] | None:
        """The rows that say what changed; None where the clock went on as it should and no doubt began or ended."""
        known, self._known = self._known, {name: self._state(watch) for name, watch in self._watches.items()}
        if known == self._known:
            return None
        return [row for name in known for row in self._rows(name, known[name][0], now)]

    async def record(self, rows: Sequence[Audit]) -> None:
        """Put the rows into the audit."""
        if rows:
            await self._record(rows)

    def _rows(self, name: str, before: Doubt | None, now: Instant) -> Iterator[Audit]:
        after = self._known[name][0]
        if after is before:
            return
        doubt = str(after or before)
        facts = {"doubt": doubt, "seconds_off": round(self._watches[name].seconds_off, 1)}
        if after is None:
            event = "clock.trusted"
            log.warning("clock.trusted", workspace=name, **facts)
        else:
            event = "clock.untrusted"
            log.error("clock.untrusted", workspace=name, **facts)
        yield Audit(at=now, event=event, workspace=name, reason=doubt, facts=facts)

    @staticmethod
    def _state(watch: ClockWatch) -> tuple[Doubt | None, int]:
        watch.look()
        return watch.doubt, watch.steps
