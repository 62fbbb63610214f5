"""A job as the provider keeps it: its rows, what it was told, and what it is doing."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from controller.core.interval import Instant
from controller.core.job import Status
from controller.sandbox.refused import RefusedError

_NUMBERS_PER_AREA = 100
_AREAS = 600


class Row(NamedTuple):
    """One number to dial, with the variables of its call."""

    to_number: str
    inputs: Mapping[str, str]


def simulated_row(index: int) -> Row:
    """Make up the index-th number of a job that came with a count of rows: 555-01XX is kept free for fiction."""
    area = 200 + index // _NUMBERS_PER_AREA % _AREAS
    return Row(f"+1{area}55501{index % _NUMBERS_PER_AREA:02d}", {})


@dataclass(frozen=True, slots=True)
class Settings:
    """What a PUT changes. `schedule` is JSON text in the reference's shape; None: the provider limits nothing."""

    max_concurrent_dials: int
    schedule: str | None = None
    from_phone_number_ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One call: how long it lasts is known when it begins. `forbidden` is the reason why it should not have begun."""

    job: str
    row: int
    to_number: str
    begun: Instant
    ends: Instant
    forbidden: str | None = None


@dataclass(slots=True)
class SandboxJob:
    """A batch dial job, mutable.

    `shown` is what a GET says, `running` what the dialing follows: they differ after a PUT to an ACTIVE job, until it
    is paused. Rows are dialed in order; `dialed` of them wait no more.

    `given` are the rows as they came, or empty where only their count is known. `due` is the instant at which the
    dialer looks at the job next (None: at no time).
    """

    id: str
    number: int
    name: str
    agent_id: str
    user_id: str
    created: Instant
    status: Status
    shown: Settings
    running: Settings
    rows: int
    given: tuple[Row, ...] = ()
    dialed: int = 0
    calls_begun: int = 0
    in_progress: list[Call] = field(default_factory=list)
    forbidden: Counter[str] = field(default_factory=Counter)
    due: Instant | None = None

    @property
    def waiting(self) -> int:
        """How many rows are in the queue."""
        return self.rows - self.dialed

    def row(self, index: int) -> Row:
        """Find the index-th row, waiting or not."""
        return self.given[index] if self.given else simulated_row(index)

    def set_paused(self, *, paused: bool) -> None:
        """Pause, resume or start; a job that never ran has nothing to pause and stays INIT.

        Raises RefusedError where the job is finished.
        """
        self._refuse_if_finished()
        if not paused:
            self.status = Status.ACTIVE
        elif self.status is Status.ACTIVE:
            self.status = Status.PAUSED
            self.running = self.shown

    def change(self, settings: Settings) -> None:
        """Take new settings; an ACTIVE job follows them once it is paused. Raises RefusedError if it is finished."""
        self._refuse_if_finished()
        self.shown = settings
        if self.status is not Status.ACTIVE:
            self.running = settings

    def _refuse_if_finished(self) -> None:
        if self.status.finished:
            raise RefusedError(400, f"batch dial job {self.id} is {self.status}: it cannot be changed any more")
