"""What people and webhooks ask for while the program runs: incidents and holds.

Each change counts at once, in memory, and wakes the passes before the disk is waited for: a stop that cannot be stored
is still a stop.
"""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from controller.clock import Clock
from controller.core.campaign import Hold, Incident, Selector
from controller.core.controls import OPERATOR, Closing, OpenedIncident, PlacedHold
from controller.core.instant_text import rfc3339
from controller.core.interval import Instant
from controller.core.job import JobKey
from controller.core.rulebook import Rulebook
from controller.runtime.control_rows import Actor, hold_row, incident_row
from controller.runtime.ledger import Ledger
from controller.runtime.ownership import Answer
from controller.runtime.report import Trigger
from controller.store.changes import Change, PutHold, PutIncident

NOT_STORED = "done, but the store could not be written: it is lost if the daemon stops now"


class OperationRefused(Exception):  # noqa: N818 - it says what happened
    """What was asked for cannot be; the message says why and what would be right."""


class UnknownIncident(OperationRefused):
    """No incident of that name is open."""


@dataclass(frozen=True, slots=True)
class WantedIncident:
    """What a person wants opened. No name: one is made; without `match` it covers every job that a campaign matches,
    with `everything` all others too.
    """

    reason: str
    name: str | None = None
    until: Instant = math.inf
    match: Selector | None = None
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """An incident as it stands now; `problem` is None where that is stored too."""

    opened: OpenedIncident
    problem: str | None


@dataclass(frozen=True, slots=True)
class Operations:
    """Carries them out. `job_name` gives a job's name as far as it is known; `wake` asks for a pass."""

    ledger: Ledger
    clock: Clock
    rules: Callable[[], Rulebook]
    workspaces: Collection[str]
    new_id: Callable[[], str]
    job_name: Callable[[JobKey], str]
    wake: Callable[[Trigger], None]

    async def open_incident(self, wanted: WantedIncident, actor: Actor) -> Done:
        """Stop what it covers, now. Raises OperationRefused for a name that is taken, or an end that is past."""
        now = self.clock.now()
        self._refuse_past(wanted.until, now)
        self._refuse_unknown_campaigns(wanted.match)
        name = self._free_name() if wanted.name is None else wanted.name
        if name in self._names():
            raise OperationRefused(f"an incident named {name!r} is open already: extend it, or choose another name")
        incident = Incident(name, wanted.reason, now, wanted.until, wanted.match, wanted.everything, actor.name)
        return await self.put(
            "incident.opened", OpenedIncident(self.new_id(), incident, OPERATOR), actor, wanted.reason
        )

    async def extend_incident(self, name: str, until: Instant, actor: Actor, why: str) -> Done:
        """Move its end later; infinity: open until closed. Raises OperationRefused for an earlier one."""
        opened = self.open_incident_named(name)
        self._refuse_past(until, self.clock.now())
        if until <= opened.incident.until:
            ends = opened.incident.until
            told = "is open until it is closed" if math.isinf(ends) else f"ends at {rfc3339(ends)}"
            raise OperationRefused(f"{name} {told}, which is no earlier: to let go earlier, close it")
        extended = replace(opened, incident=replace(opened.incident, until=until))
        return await self.put("incident.extended", extended, actor, why)

    async def close_incident(self, name: str, actor: Actor, why: str) -> Done:
        """Let go. Raises OperationRefused where none of that name is open beside the rules."""
        opened = self.open_incident_named(name)
        closed = replace(opened, closed=Closing(self.clock.now(), actor.name, why))
        return await self.put("incident.closed", closed, actor, why)

    async def put(self, event: str, opened: OpenedIncident, actor: Actor, why: str, *more: Change) -> Done:
        """Take a change of one incident in, with `more` in the same transaction, and act by it."""
        durable = await self._take([*self.changes_of(event, opened, actor, why), *more], Trigger.INCIDENT)
        return Done(opened, None if durable else NOT_STORED)

    def changes_of(self, event: str, opened: OpenedIncident, actor: Actor, why: str) -> list[Change]:
        """What `put` takes in, for whoever takes in more with it."""
        return [PutIncident(opened), incident_row(event, opened, self.clock.now(), actor, why)]

    def open_incident_named(self, name: str) -> OpenedIncident:
        """The open incident of this name. Raises UnknownIncident."""
        for opened in self.ledger.incidents.values():
            if opened.incident.name == name:
                return opened
        if any(each.name == name for each in self.rules().rules.incidents):
            raise OperationRefused(f"{name} stands in the rules files: change it there")
        known = ", ".join(sorted(each.incident.name for each in self.ledger.incidents.values())) or "none"
        raise UnknownIncident(f"no incident named {name!r} is open; open are: {known}")

    async def hold(self, jobs: Sequence[JobKey], until: Instant, actor: Actor, reason: str) -> list[Answer]:
        """Stop these jobs, now, and keep them stopped. Raises OperationRefused for an end that is past."""
        now = self.clock.now()
        self._refuse_past(until, now)
        known = [job for job in jobs if job.workspace in self.workspaces]
        placed = [
            PlacedHold(self.new_id(), Hold(job, actor.name, reason, now, until), self.job_name(job)) for job in known
        ]
        changes: list[Change] = []
        for each in placed:
            changes += [PutHold(each), hold_row("hold.placed", each, now, actor, reason)]
        durable = await self._take(changes, Trigger.HOLD) if changes else True
        return [self._answer(job, durable) for job in jobs]

    async def release(self, jobs: Sequence[JobKey], actor: Actor, why: str) -> list[Answer]:
        """Remove every hold from these jobs."""
        now = self.clock.now()
        held = [placed for placed in self.ledger.holds.values() if placed.hold.job in set(jobs)]
        changes: list[Change] = []
        for each in held:
            changes.append(PutHold(replace(each, closed=Closing(now, actor.name, why))))
            changes.append(hold_row("hold.released", each, now, actor, why))
        durable = await self._take(changes, Trigger.REQUEST) if changes else True
        released = {placed.hold.job for placed in held}
        return [
            self._answer(job, durable) if job in released else Answer(*job, self.job_name(job), "no hold is on it")
            for job in jobs
        ]

    async def _take(self, changes: Sequence[Change], trigger: Trigger) -> bool:
        self.ledger.note(changes)
        self.wake(trigger)
        return await self.ledger.record([])

    def _answer(self, job: JobKey, durable: bool) -> Answer:
        if job.workspace not in self.workspaces:
            return Answer(*job, job.id, f"there is no workspace {job.workspace!r} in the configuration")
        return Answer(*job, self.job_name(job), None if durable else NOT_STORED)

    def free_name(self, wanted: str, given_up: str | None = None) -> str:
        """The name, with a number behind it where another incident has it; `given_up` is free from now on."""
        taken = self._names() - {given_up}
        names = (f"{wanted}-{n}" if n > 1 else wanted for n in range(1, len(taken) + 2))
        return next(name for name in names if name not in taken)

    def _names(self) -> set[str]:
        opened = (each.incident.name for each in self.ledger.incidents.values())
        return {*opened, *(each.name for each in self.rules().rules.incidents)}

    def _free_name(self) -> str:
        """`incident-N`, which is short enough to be typed in haste."""
        taken = self._names()
        return next(name for n in range(1, len(taken) + 2) if (name := f"incident-{n}") not in taken)

    def _refuse_past(self, until: Instant, now: Instant) -> None:
        if until <= now:
            raise OperationRefused(f"its end {rfc3339(until)} is not after now, {rfc3339(now)}")

    def _refuse_unknown_campaigns(self, match: Selector | None) -> None:
        asked = () if match is None else (*match.campaigns, *match.except_campaigns)
        unknown = sorted(set(asked) - self.rules().campaigns.keys())
        if unknown:
            known = ", ".join(self.rules().campaigns) or "none"
            raise OperationRefused(f"there is no campaign {', '.join(unknown)}; the rules define {known}")
