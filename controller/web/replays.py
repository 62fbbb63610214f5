"""Which signed notices were accepted lately, over restarts too: none counts twice."""

from collections.abc import Awaitable, Callable

import structlog

from controller.core.interval import Instant
from controller.store.errors import StoreError
from controller.store.records import AuditFilter, AuditRow

log = structlog.get_logger()

TOLERANCE = 300
"""Seconds that a sender's clock may be off by, and a notice under way."""
REMEMBERED = 2 * TOLERANCE
"""Seconds after which a notice is refused for its age alone, however far ahead its sender's clock was."""

Rows = Callable[[AuditFilter], Awaitable[list[AuditRow]]]
"""Reads the audit. Raises StoreError."""


class Replays:
    """The ids of all webhooks. Those that were answered 503 are owed an answer: they may be sent again."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._recalled = False
        self._accepted: dict[tuple[str, str], Instant] = {}
        self._owed: set[tuple[str, str]] = set()

    async def recall(self, now: Instant) -> None:
        """Read back what was accepted before we started; tried anew until it succeeds."""
        if self._recalled:
            return
        wanted = AuditFilter(event="webhook.accepted", since=now - REMEMBERED)
        try:
            rows = await self._rows(wanted)
        except StoreError as error:
            log.warning("webhook.unrecalled", reason=error.reason.value, problem=str(error))
            return
        for row in rows:
            self._accepted.setdefault((str(row.facts.get("webhook")), str(row.facts.get("id"))), row.at)
        self._recalled = True

    def seen(self, webhook: str, notice_id: str) -> bool:
        """Whether it was accepted, and the sender knows."""
        return (webhook, notice_id) in self._accepted.keys() - self._owed

    def accept(self, webhook: str, notice_id: str, now: Instant) -> bool:
        """Remember it; whether that is news."""
        for each, at in list(self._accepted.items()):
            if abs(now - at) > REMEMBERED:
                del self._accepted[each]
                self._owed.discard(each)
        new = (webhook, notice_id) not in self._accepted
        self._accepted.setdefault((webhook, notice_id), now)
        return new

    def answered(self, webhook: str, notice_id: str, *, durable: bool) -> None:
        """What the sender was told."""
        if durable:
            self._owed.discard((webhook, notice_id))
        else:
            self._owed.add((webhook, notice_id))
