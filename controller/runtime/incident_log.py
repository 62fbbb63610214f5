"""Saying when incidents of the rules begin and end. Tells only; the passes act by themselves."""

from collections.abc import Awaitable, Callable, Sequence

import structlog

from controller.core.campaign import Incident
from controller.core.instant_text import rfc3339
from controller.core.interval import Instant
from controller.core.rulebook import Rulebook
from controller.store.changes import Audit, Change

log = structlog.get_logger()


class IncidentLog:
    """Remembers which incidents were under way when it last looked."""

    def __init__(self, record: Callable[[Sequence[Change]], Awaitable[object]]) -> None:
        self._record = record
        self._under_way: dict[str, Incident] = {}

    async def look(self, book: Rulebook, now: Instant) -> None:
        """Log and record what began or ended since the last look."""
        current = {each.name: each for each in book.rules.incidents if each.since <= now < each.until}
        before, self._under_way = self._under_way, current
        rows = [_row("incident.opened", current[name], book, now) for name in sorted(current.keys() - before.keys())]
        rows += [_row("incident.closed", before[name], book, now) for name in sorted(before.keys() - current.keys())]
        if rows:
            await self._record(rows)


def _row(event: str, incident: Incident, book: Rulebook, now: Instant) -> Audit:
    until = None if incident.until == float("inf") else rfc3339(incident.until)
    facts = {"incident": incident.name, "since": rfc3339(incident.since), "until": until}
    log.warning(event, **facts, detail=incident.reason)
    return Audit(
        at=now, event=event, reason="incident", detail=incident.reason, revision=book.rules.revision, facts=facts
    )
