"""Carrying out what webhooks say: each notice against the last incident of its own thing, and no other."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import structlog

from controller.core.campaign import Incident
from controller.core.controls import Closing, OpenedIncident, Signal
from controller.core.instant_text import rfc3339
from controller.core.interval import Instant
from controller.core.signals import REORDERED, Change, Limits, Nothing, Notice, Open, Opening, Turn, answer, opening_for
from controller.runtime.control_rows import Actor
from controller.runtime.operations import Operations
from controller.store.changes import Audit

log = structlog.get_logger()

_EVENTS = {Turn.KEPT: "incident.extended", Turn.ENDING: "incident.ending", Turn.CLOSED: "incident.closed"}


@dataclass(frozen=True, slots=True)
class Noticed:
    """What became of a notice."""

    key: str
    done: str
    why: str


@dataclass(frozen=True, slots=True)
class Signalling:
    """The notices of one webhook."""

    name: str
    opens: tuple[Opening, ...]
    limits: Limits
    operations: Operations
    new_id: Callable[[], str]
    _told: dict[str, Signal] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """Of its incidents."""
        return f"webhook {self.name}"

    async def take(self, notice: Notice, *rows: Audit) -> Noticed:
        """Act by a notice: what it asks counts in memory before this waits for anything. The rows are stored with it: a
        crash between the two would have it refused as known, and lost.
        """
        now = self.operations.clock.now()
        opening = opening_for(self.opens, notice.labels)
        known = self.operations.ledger.signalled.get((self.source, notice.key))
        if opening is None and (known is None or notice.status == "firing"):
            self.operations.ledger.note(rows)
            return Noticed(notice.key, "ignored", "no entry of opens fits its labels")
        decided = answer(known, self._told.get(notice.key), notice, now, self.limits)
        match decided:
            case Open() if opening is not None:
                await self._open(known, decided, notice, opening, *rows)
                return Noticed(notice.key, "opened", decided.why)
            case Change() if known is not None:
                await self._change(known, decided, now, *rows)
                return Noticed(notice.key, decided.turn.value, decided.why)
            case Nothing(why, told):
                self.operations.ledger.note(rows)
                if told is not None:
                    self._remember(told, now)
                log.info("webhook.ignored", webhook=self.name, key=notice.key, status=notice.status.value, why=why)
                return Noticed(notice.key, "ignored", why)
        raise AssertionError(decided)

    async def durable(self) -> bool:
        """Whether all that was ever taken is on disk."""
        return await self.operations.ledger.record([])

    async def _open(
        self, known: OpenedIncident | None, decided: Open, notice: Notice, opening: Opening, *rows: Audit
    ) -> None:
        gone = None if known is None else known.incident.name
        incident = Incident(
            self.operations.free_name(notice.name, gone),
            opening.reason or notice.reason,
            decided.since,
            decided.until,
            opening.match,
            opening.everything,
            self.source,
        )
        self._warn_of_unknown_campaigns(opening)
        new = OpenedIncident(self.new_id(), incident, self.source, decided.signal)
        if known is not None and known.closed is None:
            # Its end is near or past: the new one stands before it goes, in one batch.
            over = replace(known, closed=Closing(decided.since, self.source, "another one follows it"))
            self.operations.ledger.note(self.operations.changes_of("incident.opened", new, self._actor, decided.why))
            await self.operations.put("incident.closed", over, self._actor, "another one follows it", *rows)
            return
        await self.operations.put("incident.opened", new, self._actor, decided.why, *rows)

    async def _change(self, known: OpenedIncident, decided: Change, now: Instant, *rows: Audit) -> None:
        closed = Closing(now, self.source, decided.why) if decided.turn is Turn.CLOSED else None
        incident = replace(known.incident, until=decided.until)
        changed = replace(known, incident=incident, signal=decided.signal, closed=closed)
        await self.operations.put(_EVENTS[decided.turn], changed, self._actor, decided.why, *rows)

    @property
    def _actor(self) -> Actor:
        return Actor(self.source, "webhook")

    def _remember(self, told: Signal, now: Instant) -> None:
        for key, each in list(self._told.items()):
            if each.resolved is None or abs(now - each.resolved) > REORDERED:
                del self._told[key]
        known = self._told.get(told.key)
        if known is None or known.started <= told.started:
            self._told[told.key] = told

    def _warn_of_unknown_campaigns(self, opening: Opening) -> None:
        """An incident that covers nothing is no reason to refuse a notice, and none to be silent."""
        if opening.match is None:
            return
        asked = {*opening.match.campaigns, *opening.match.except_campaigns}
        unknown = sorted(asked - self.operations.rules().campaigns.keys())
        if unknown:
            log.error("webhook.mismatched", webhook=self.name, unknown_campaigns=unknown)


def accepted_row(webhook: str, notice_id: str, notice: Notice, now: Instant) -> Audit:
    """The row by which a notice that is sent again is known."""
    facts = {
        "webhook": webhook,
        "id": notice_id,
        "key": notice.key,
        "status": notice.status.value,
        "started": rfc3339(notice.started),
    }
    return Audit(at=now, event="webhook.accepted", actor=f"webhook {webhook}", facts=facts)
