"""The face of the Vogent API that the rest of the program sees: the client and the dry run both satisfy it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from controller.core.job import Job, Status
from controller.vogent.wire import Listing, QueuedDial, Unreadable

__all__ = ["JobsApi", "Listing", "QueuedDial", "Unreadable", "WithdrawnError", "always", "ignored", "unnoted"]


class WithdrawnError(Exception):
    """A request was not sent, since it was no longer wanted when its turn came."""


def always() -> bool:
    """Whatever happened meanwhile, the request is still wanted."""
    return True


def ignored(_jobs: Sequence[Job]) -> None:
    """Nobody needs a job before its list is whole."""


def unnoted() -> None:
    """Nobody needs to know when a page is asked for."""


class JobsApi(Protocol):
    """One workspace's jobs. Every method may raise ApiError; see its classes for what to do then."""

    @property
    def workspace(self) -> str:
        """The workspace's name, as in every job's key."""

    async def list_jobs(
        self,
        status: Status | None,
        shown: Callable[[Sequence[Job]], None] = ignored,
        asking: Callable[[], None] = unnoted,
    ) -> Listing:
        """Every job of that status, or every job; never a part of them. Those of each page are also `shown`, and in
        whatever status, as soon as it was read: the list may take minutes, or fail at a later page. `asking` is called
        each time that a page is about to be asked for. A job that is as it was the last time may be the same object.
        """

    async def get_job(self, job_id: str) -> Job:
        """One job. Raises NotFound where it is gone or never was."""

    async def pause(self, job_id: str) -> Job:
        """Send `paused: true`, more than once where an attempt fails; the job as answered."""

    async def room_for_pauses(self) -> None:
        """Returns once so few pauses wait for their place that more are welcome: thousands need not wait at once."""

    async def unpause(self, job_id: str, still_wanted: Callable[[], bool] = always) -> Job:
        """Send `paused: false`, once: it resumes a PAUSED job and starts an INIT one; the job as answered.

        `still_wanted` is asked when the request has its place in the budget, and again at the last moment before it
        leaves: making a connection may take seconds. Raises WithdrawnError where it says no, and nothing was sent.
        """

    async def put_schedule(self, job_id: str, schedule: Mapping[str, Any]) -> Job:
        """Replace the job's whole provider-side schedule, once; the job as answered."""

    async def queue(self, job_id: str) -> tuple[QueuedDial, ...]:
        """Every row that waits to be dialed."""

    async def close(self) -> None:
        """Give back what is held; nothing else may be called afterwards."""
