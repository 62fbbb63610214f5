"""The sandbox as the rest of the program knows it: a server on loopback, and a handle on what is behind it."""

import asyncio
import contextlib
import ipaddress
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import structlog
from aiohttp import web

from controller.clock import Clock
from controller.core.campaign import RuleSet
from controller.core.job import Status
from controller.sandbox.answers import Stats
from controller.sandbox.bodies import UpdateBody
from controller.sandbox.jobs import Call
from controller.sandbox.seed import SeedJob
from controller.sandbox.server import PREFIX, build_app
from controller.sandbox.workspace import SandboxWorkspace

TICK = 1.0
"""Seconds of the clock between two looks at it."""

SHORTEST_SLEEP = 0.02
"""Real seconds: a fast clock is looked at less often, and misses nothing by it."""

log = structlog.get_logger()


class Sandbox:
    """A stand-in for one Vogent workspace that dials simulated numbers by the given clock.

    `seed` decides how long each call lasts; `workspace` is the name by which rules select it; with `state_file` a
    sandbox that is made again comes back with its jobs (`restored`). Raises ValueError for an empty key and for a
    state file that is not one. As an async context manager it listens on a free loopback port.
    """

    def __init__(
        self,
        clock: Clock,
        api_key: str,
        *,
        seed: int = 0,
        workspace: str = "main",
        state_file: Path | None = None,
    ) -> None:
        self._clock = clock
        self._workspace = SandboxWorkspace(clock, seed=seed, name=workspace, state_file=state_file)
        self._runner = web.AppRunner(
            build_app(self._workspace, api_key, clock.now), access_log=None, shutdown_timeout=1.0
        )
        self._dialing: asyncio.Task[None] | None = None
        self._base_url: str | None = None
        self._closed = False

    @property
    def restored(self) -> bool:
        """Whether the jobs came from the state file."""
        return self._workspace.restored

    @property
    def base_url(self) -> str:
        """Where it listens, with the path that the API has. Raises RuntimeError before `start`."""
        if self._base_url is None:
            raise RuntimeError("the sandbox does not listen: call start() first")
        return self._base_url

    def add_job(
        self,
        name: str,
        *,
        status: Status = Status.INIT,
        agent: str = "agent-1",
        rows: int = 100,
        max_concurrent_dials: int = 5,
        schedule: Mapping[str, Any] | None = None,
        job_id: str | None = None,
    ) -> str:
        """Add a job in any status and return its id.

        `rows` counts simulated numbers; `schedule` has the reference's shape, and is kept even where it cannot be read
        (it then limits nothing). Raises ValueError where the id is taken.
        """
        return self._workspace.add(SeedJob(name, status, agent, rows, max_concurrent_dials, schedule, job_id))

    def add_jobs(self, jobs: list[SeedJob]) -> list[str]:
        """Add the jobs of a seed file and return their ids. Raises ValueError where an id is taken."""
        return [self._workspace.add(job) for job in jobs]

    def judge_by(self, rules: RuleSet | None) -> None:
        """From now on count the calls that begin while these rules want the job closed; None judges none."""
        self._workspace.judge_by(rules)

    def status(self, job_id: str) -> Status:
        """Look up the job's status now. Raises KeyError for an unknown id."""
        return self._workspace.statuses()[job_id]

    def set_paused(self, job_id: str, *, paused: bool) -> Status:
        """Do what a person does in the provider's own pages, and return the status after it. Raises RefusedError."""
        return self._workspace.set_paused(job_id, paused=paused).status

    def put_schedule(self, job_id: str, schedule: Mapping[str, Any]) -> None:
        """Edit the schedule as a person does: the running job follows it only once it was paused. Raises
        RefusedError, and pydantic's ValidationError for a shape that is not the reference's.
        """
        self._workspace.update(job_id, UpdateBody.model_validate({"schedule": dict(schedule)}))

    def step(self) -> None:
        """Let the dialing catch up with the clock; it does so by itself while the sandbox listens."""
        self._workspace.step()

    def stats(self) -> Stats:
        """Count the calls of each job and of all, the forbidden ones by reason."""
        return self._workspace.stats()

    def calls(self) -> tuple[Call, ...]:
        """List the last thousand calls since this sandbox was made, in the order in which they began."""
        return self._workspace.calls()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen and dial, and return the base URL; a sandbox that listens already goes on as it is.

        Raises ValueError for a host that is not loopback, RuntimeError after `close`, OSError where the port is taken.
        """
        if self._closed:
            raise RuntimeError("the sandbox was closed: make another one")
        if self._base_url is not None:
            return self._base_url
        address = loopback(host)
        await self._runner.setup()
        await web.TCPSite(self._runner, str(address), port).start()
        bound = self._runner.addresses[0][1]
        shown = f"[{address}]" if isinstance(address, ipaddress.IPv6Address) else str(address)
        self._base_url = f"http://{shown}:{bound}{PREFIX}"
        self._dialing = asyncio.create_task(self._dial(), name="sandbox dialing")
        log.info("sandbox.started", url=self._base_url, jobs=len(self._workspace.statuses()), restored=self.restored)
        return self._base_url

    async def close(self) -> None:
        """Stop dialing and listening, and save. Harmless when repeated."""
        if self._closed:
            return
        self._closed = True
        self._base_url = None
        if self._dialing is not None:
            self._dialing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._dialing
        await self._runner.cleanup()
        self._workspace.save()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _dial(self) -> None:
        while True:
            try:
                self._workspace.step()
            except OSError as error:  # the state file: the disk may have room again at the next tick
                log.error("sandbox.state_unwritable", error=str(error))
            await self._clock.sleep(max(TICK, SHORTEST_SLEEP * self._clock.rate))


def loopback(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Read the address that a host stands for. Raises ValueError unless it is loopback: nobody else may reach it."""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise ValueError(f"the sandbox listens on loopback only, such as 127.0.0.1, ::1 or localhost; not on {host!r}")
    return address
