"""One workspace on stage: a real sandbox over HTTP, a real client, a real store, and a clock that is moved by hand."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from controller.build import build_reconciler, new_id, open_client
from controller.core.claim import Claim
from controller.core.job import JobKey, Status
from controller.core.rulebook import Rulebook
from controller.rules.loader import load_rules
from controller.runtime.clock_watch import ClockWatch
from controller.runtime.ledger import Ledger
from controller.runtime.reconciler import Reconciler
from controller.runtime.report import PassReport, Trigger
from controller.sandbox.sandbox import Sandbox
from controller.settings import load_settings
from controller.store.changes import Change
from controller.store.errors import StoreError, StoreReason
from controller.store.store import Store
from controller.vogent.client import VogentClient

RULES = """\
calendars:
  floor:
    timezone: UTC
    hours: {{mon-sun: ["09:00-17:00"]}}
campaigns:
  renewals: {{match: {{names: ["R *"]}}, calendars: [floor]{policy}}}
{more}
"""


def at(text: str) -> float:
    """An instant of 2026-11-25, UTC, as `09:00`."""
    return datetime.fromisoformat(f"2026-11-25T{text}+00:00").timestamp()


class HandClock:
    """Reads what it is set to; sleeping moves it."""

    rate = 1.0

    def __init__(self, instant: float) -> None:
        self.instant = instant

    def now(self) -> float:
        return self.instant

    def monotonic(self) -> float:
        return self.now()

    def real(self, instant: float) -> datetime:
        return datetime.fromtimestamp(instant, UTC)

    async def sleep(self, seconds: float) -> None:
        self.instant += seconds
        await asyncio.sleep(0)


class SandboxClock:
    """The same time for the sandbox, whose own waiting must not move the hand."""

    rate = 1.0

    def __init__(self, hand: HandClock) -> None:
        self.hand = hand

    def now(self) -> float:
        return self.hand.instant

    def monotonic(self) -> float:
        return self.now()

    def real(self, instant: float) -> datetime:
        return datetime.fromtimestamp(instant, UTC)

    async def sleep(self, _seconds: float) -> None:
        await asyncio.sleep(0.01)


@dataclass
class Stage:
    clock: HandClock
    box: Sandbox
    store: Store
    ledger: Ledger
    client: VogentClient
    book: Rulebook
    reconciler: Reconciler = field(init=False)
    broken: bool = False

    async def run(self, instant: str | None = None, trigger: Trigger = Trigger.RESYNC) -> PassReport:
        """Move the clock and do one pass."""
        if instant is not None:
            self.clock.instant = at(instant)
        return await self.reconciler.run_pass(trigger)

    async def audited(self) -> list[str]:
        """The events in the audit so far."""
        from controller.store.records import AuditFilter  # noqa: PLC0415 - only here

        return [row.event for row in await self.store.audit_rows(AuditFilter())]

    def rule(self, policy: str = "", more: str = "") -> None:
        """Put other rules into force."""
        self.book = rulebook(self.clock, policy, more)

    def claim(self, job: str) -> Claim | None:
        """The open claim on a job."""
        return self.ledger.claims.get(JobKey("main", job))

    async def write(self, changes: Sequence[Change]) -> None:
        """Write through to the store, unless it is broken."""
        if self.broken:
            raise StoreError(StoreReason.FULL, "the disk is full")
        await self.store.write(changes)


def rulebook(clock: HandClock, policy: str, more: str) -> Rulebook:
    """The rules of the stage."""
    text = RULES.format(policy=policy, more=more)
    return Rulebook(load_rules({"a.yaml": text.encode()}, now=clock.now()).rules)


@asynccontextmanager
async def staged(folder: Path, instant: str, policy: str = "", more: str = "") -> AsyncIterator[Stage]:
    """Everything set up, and taken down."""
    clock = HandClock(at(instant))
    box = Sandbox(SandboxClock(clock), "key")
    url = await box.start()
    (folder / "key").write_text("key")
    (folder / "rules").mkdir()
    config = folder / "controller.yaml"
    config.write_text(
        f"workspaces: {{main: {{base_url: '{url}', api_key: {{file: key}}}}}}\n"
        "rules: rules/\nstore: sqlite:///var/c.db\ncontrol: var/c.sock\n"
    )
    settings = load_settings(config).workspaces["main"]
    store = await Store.open(load_settings(config).store)
    client = open_client(settings, set())
    stage = Stage(clock, box, store, Ledger.of(store.write, await store.kept()), client, rulebook(clock, policy, more))
    stage.ledger.write = stage.write
    stage.reconciler = build_reconciler(
        settings, client, stage.ledger, ClockWatch(clock), lambda: stage.book, first_full_scan=clock.monotonic()
    )
    try:
        yield stage
    finally:
        await stage.reconciler.close()
        await client.close()
        await store.close()
        await box.close()


__all__ = ["HandClock", "Stage", "Status", "at", "new_id", "staged"]
