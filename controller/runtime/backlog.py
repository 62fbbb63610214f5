"""What a broken store has not taken yet, kept small however long that lasts.

Of what something is, only the last word is kept; of what happened, the newest rows. A store that returns thus ends up
with the same claims, findings and rules as if it had never been away; its audit may have a gap.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice

import structlog

from controller.store.changes import (
    Audit,
    Change,
    CloseFinding,
    OpenFinding,
    PutClaim,
    PutHold,
    PutIncident,
    UseRevision,
)

log = structlog.get_logger()

AUDIT_ROWS = 50_000
"""The most rows of audit that are kept: some 50 MB of memory."""


class Backlog:
    """Changes in their order, the audit behind all others; `dropped` counts the rows of audit that were given up."""

    def __init__(self) -> None:
        self._states: dict[object, Change] = {}
        self._audit: deque[Audit] = deque()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._states) + len(self._audit)

    def __iter__(self) -> Iterator[Change]:
        return chain(self._states.values(), self._audit)

    def add(self, changes: Iterable[Change]) -> None:
        """Put the changes behind what is there, in the place of those that they supersede."""
        for change in changes:
            if isinstance(change, Audit):
                self._audit.append(change)
                continue
            subject = _subject(change)
            # Where the last word was said: only in that order is a job's claim closed before the next one is opened.
            self._states.pop(subject, None)
            self._states[subject] = change
        while len(self._audit) > AUDIT_ROWS:
            self._drop_oldest()

    def take(self, limit: int) -> list[Change]:
        """Remove the first changes, at most so many."""
        taken = [self._states.pop(subject) for subject in list(islice(self._states, limit))]
        rows = min(limit - len(taken), len(self._audit))
        return [*taken, *(self._audit.popleft() for _ in range(rows))]

    def change(self, anew: Callable[[Change], Change | None]) -> None:
        """Put what `anew` gives in the place of each change that is no row of the audit; None removes it."""
        before, self._states = self._states, {}
        self.add(changed for change in before.values() if (changed := anew(change)) is not None)

    def _drop_oldest(self) -> None:
        self._audit.popleft()
        if self.dropped == 0:
            log.error("store.audit_dropped", kept=AUDIT_ROWS)
        self.dropped += 1


def _subject(change: Change) -> object:  # noqa: PLR0911 - a table
    match change:
        case PutClaim(claim):
            return PutClaim, claim.id
        case OpenFinding(finding):
            return OpenFinding, finding.job, finding.kind
        case CloseFinding(job, kind):
            return CloseFinding, job, kind
        case UseRevision(revision):
            return UseRevision, revision
        case PutIncident(opened):
            return PutIncident, opened.id
        case PutHold(placed):
            return PutHold, placed.id
        case _:
            return change
