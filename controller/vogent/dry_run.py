"""The API's face without its writes: what would be sent is recorded, and answered as if it had been done."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from controller.core.job import Job, Status
from controller.vogent.api import JobsApi, WithdrawnError, always, ignored, unnoted
from controller.vogent.schedule_text import canonical_schedule
from controller.vogent.wire import Listing, QueuedDial


class Write(StrEnum):
    """The requests that change something."""

    PAUSE = "pause"
    UNPAUSE = "unpause"
    PUT_SCHEDULE = "put_schedule"


@dataclass(frozen=True, slots=True)
class UnsentRequest:
    """A request that was not sent; `schedule` is canonical JSON text, for PUT_SCHEDULE only."""

    write: Write
    job_id: str
    schedule: str | None = None


class DryRunClient:
    """Reads through `inner` and never writes; `requests` holds what would have been sent, in order.

    The answer to a write is the job, read afresh, as it would be; reading may raise ApiError.
    """

    def __init__(self, inner: JobsApi) -> None:
        self._inner = inner
        self.requests: list[UnsentRequest] = []

    @property
    def workspace(self) -> str:
        """The workspace's name."""
        return self._inner.workspace

    async def list_jobs(
        self,
        status: Status | None,
        shown: Callable[[Sequence[Job]], None] = ignored,
        asking: Callable[[], None] = unnoted,
    ) -> Listing:
        """Read the jobs."""
        return await self._inner.list_jobs(status, shown, asking)

    async def get_job(self, job_id: str) -> Job:
        """Read one job."""
        return await self._inner.get_job(job_id)

    async def queue(self, job_id: str) -> tuple[QueuedDial, ...]:
        """Read a job's queue."""
        return await self._inner.queue(job_id)

    async def pause(self, job_id: str) -> Job:
        """Record a pause."""
        return await self._would_be(UnsentRequest(Write.PAUSE, job_id), Status.PAUSED)

    async def room_for_pauses(self) -> None:
        """There is room: nothing is sent."""

    async def unpause(self, job_id: str, still_wanted: Callable[[], bool] = always) -> Job:
        """Record a resume or a start."""
        if not still_wanted():
            raise WithdrawnError
        return await self._would_be(UnsentRequest(Write.UNPAUSE, job_id), Status.ACTIVE)

    async def put_schedule(self, job_id: str, schedule: Mapping[str, Any]) -> Job:
        """Record a new schedule."""
        text = canonical_schedule(dict(schedule))
        self.requests.append(UnsentRequest(Write.PUT_SCHEDULE, job_id, text))
        return replace(await self._inner.get_job(job_id), schedule=text)

    async def close(self) -> None:
        """Close the inner client."""
        await self._inner.close()

    async def _would_be(self, request: UnsentRequest, status: Status) -> Job:
        self.requests.append(request)
        return replace(await self._inner.get_job(request.job_id), status=status, status_text=status.value)
