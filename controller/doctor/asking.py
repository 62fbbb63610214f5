"""One question to each workspace, by which key, address and clock are proven, and the jobs become known."""

import asyncio
import math
from dataclasses import dataclass

from controller.build import open_clients
from controller.clock import Clock
from controller.core.interval import Instant
from controller.core.job import Job
from controller.doctor.check import Check, fail, ok, some, warn
from controller.runtime.clock_watch import DATE_TOLERANCE
from controller.runtime.observation import LIVE
from controller.settings import ApiKeySource, EnvKey, FileKey, KeyUnreadable, Settings, WorkspaceSettings
from controller.vogent.dry_run import DryRunClient
from controller.vogent.errors import ApiError, ContractError, Rejected, Throttled, Unauthorized
from controller.vogent.wire import Listing

_KEY, _WORKSPACE, _CLOCK, _JOBS = "key", "workspace", "clock", "jobs"

_KEEP_TIME = "let a time service keep this machine's clock; `timedatectl` shows whether one does"

DOUBTFUL_SECONDS = 5.0
"""A clock that is off by more is not kept in time; beyond DATE_TOLERANCE the daemon does not trust it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one workspace said: `jobs` are the unfinished ones, None where they could not be read."""

    jobs: tuple[Job, ...] | None
    checks: tuple[Check, ...]


async def ask_workspaces(settings: Settings, clock: Clock, seen_keys: set[str]) -> dict[str, Answer]:
    """Ask all of them at once; nothing can be written. Keys that are read go into `seen_keys`."""
    witnesses = {name: Dates(clock) for name in settings.workspaces}
    async with open_clients(settings, seen_keys, witnesses) as clients:
        asked = (
            _ask(settings.workspaces[name], DryRunClient(client), witnesses[name], seen_keys)
            for name, client in clients.items()
        )
        return dict(zip(clients, await asyncio.gather(*asked), strict=True))


class Dates:
    """A witness that keeps the greatest difference between the answers' dates and the clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.seconds_off: float | None = None
        """By how much the clock is ahead; None before any answer bore a date, infinite where one was no date."""

    def asked(self) -> Instant:
        """The begin of a request."""
        return self._clock.now()

    def dated(self, date: float, asked: Instant) -> None:
        """The server wrote it between then and now, and left the fraction of the second out."""
        off = asked - date - 1 if date < asked - 1 else min(0.0, self._clock.now() - date)
        if self.seconds_off is None or abs(off) > abs(self.seconds_off):
            self.seconds_off = off


async def _ask(settings: WorkspaceSettings, api: DryRunClient, dates: Dates, seen_keys: set[str]) -> Answer:
    name = settings.name
    try:
        seen_keys.add(settings.api_key.read())
    except KeyUnreadable as error:
        wrong = fail(_KEY, name, str(error), "put the key of this workspace there")
        unasked = warn(_WORKSPACE, name, "not asked, since there is no key to send", "see the key")
        return Answer(None, (wrong, unasked))
    try:
        listings = [await api.list_jobs(status) for status in LIVE]
    except Unauthorized as error:
        right = "put the key of this workspace there; perhaps it was rotated, or is another workspace's"
        refused = fail(_KEY, name, f"{_where(settings.api_key)}: the API refuses it: {error}", right)
        return Answer(None, (refused, *_clock_of_refusal(name, dates)))
    except ApiError as error:
        seen = f"{_where(settings.api_key)}: it can be read; whether the API takes it is not known"
        unproven = warn(_KEY, name, seen, "run doctor again when the workspace answers")
        problem = fail(_WORKSPACE, name, f"{settings.base_url}: {error}", _right(error))
        return Answer(None, (unproven, problem, *_clock_of_refusal(name, dates)))
    return _answered(settings, listings, dates)


def _answered(settings: WorkspaceSettings, listings: list[Listing], dates: Dates) -> Answer:
    name = settings.name
    # A job that moves while the lists are read may be in two of them.
    jobs = {job.key: job for listing in listings for job in listing.jobs}
    bad = {each for listing in listings for each in listing.unreadable}
    unreadable = sorted(f"{each.id or 'a job without an id'}: {each.problem}" for each in bad)
    checks = [
        ok(_KEY, name, f"{_where(settings.api_key)}: the API takes it"),
        ok(_WORKSPACE, name, f"{settings.base_url} lists {len(jobs)} unfinished job(s)"),
        _clock(name, dates),
    ]
    if unreadable:
        seen = f"{len(unreadable)} cannot be read: {some(unreadable)}"
        checks.append(warn(_JOBS, name, seen, "look at them in Vogent: what cannot be read is never resumed"))
    return Answer(tuple(jobs.values()), tuple(checks))


def _where(key: ApiKeySource) -> str:
    match key:
        case EnvKey(name):
            return f"environment variable {name}"
        case FileKey(path):
            return f"file {path}"
        case _:
            return f"credential {key.name}"


def _right(error: ApiError) -> str:
    match error:
        case Throttled():
            return "wait; if it recurs, ask the provider for a higher limit"
        case Rejected() | ContractError():
            return "see whether base_url is the API's, with its path, as https://api.vogent.ai/api"
        case _:
            return "see base_url, this machine's network (name service, proxy, firewall) and the provider's status"


def _clock_of_refusal(workspace: str, dates: Dates) -> list[Check]:
    """A refusal may bear a date too; that there was no answer at all is told already."""
    return [] if dates.seconds_off is None else [_clock(workspace, dates)]


def _clock(workspace: str, dates: Dates) -> Check:
    off = dates.seconds_off
    if off is None:
        seen = "the API's answers bear no date of now, so that this machine's clock cannot be compared"
        return warn(_CLOCK, workspace, seen, "see that a time service keeps it, and that no cache answers")
    if math.isinf(off):
        right = "look at what stands between here and the API: nothing is resumed while it is so"
        return fail(_CLOCK, workspace, "an answer of the API bears a date that is none", right)
    seen = f"{abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} the API's answers"
    if abs(off) > DATE_TOLERANCE:
        seen = f"{seen}; beyond {DATE_TOLERANCE:.0f} s nothing is resumed"
        return fail(_CLOCK, workspace, seen, _KEEP_TIME)
    if abs(off) > DOUBTFUL_SECONDS:
        return warn(_CLOCK, workspace, seen, _KEEP_TIME)
    return ok(_CLOCK, workspace, f"it agrees with the API's answers to within {DOUBTFUL_SECONDS:.0f} s")
