"""A run: one seed makes up a world, lets it happen around the daemon, and says what the observer saw."""

import asyncio
import random
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import structlog

from controller.rules.loader import load_rules
from controller.sandbox.oracle import Oracle
from controller.store.errors import StoreReason
from controller.store.migrate import upgrade
from controller.store.sqlite import IMMEDIATE, create_file, sync_engine
from tests.core.build import at
from tests.simulation import rules
from tests.simulation.daemon import RESYNC, Disk, Life, SimClock, task_factory
from tests.simulation.loop import VirtualLoop, timers_read
from tests.simulation.provider import Actor, Change, Provider, TrueJob
from tests.simulation.watcher import HEALED_AFTER, Trouble, Watcher
from tests.simulation.wire import FAULTS, Fault, Wire

DAY = 86_400.0
APART = 9000.0
"""Mean seconds between two troubles."""
QUIET = 1800.0
"""Seconds between two resyncs while nothing happens."""
SETTLED = 180.0
"""Seconds for which passes stay close after something happened."""
PREFIXES = ("E ", "B ", "N ", "X ")
SECONDS = {"timeout": 0.0, "throttled": 60.0, "lag": 60.0, "slow": 9.0}
"""The most seconds that a fault of a kind carries."""


@dataclass(slots=True)
class Result:
    """What one run came to."""

    seed: int
    days: float
    faults: Counter[str]
    forbidden: Counter[str]
    violations: list[str]
    trace: list[str] = field(default_factory=list)
    convergence: float = 0.0


class World:
    """`log` is what happened, a line each: two runs of one seed give the same lines."""

    def __init__(self, seed: int, days: float, loop: VirtualLoop, folder: Path, disk: Disk) -> None:
        self.chance = random.Random(seed)  # noqa: S311
        self.loop = loop
        self.days = days
        self.disk = disk
        self.folder = folder
        self.base = at("2026-01-05T00:00") + self.chance.randrange(0, 340) * DAY
        self.clock = SimClock(self.now)
        self.provider = Provider(self.now)
        self.watcher = Watcher(self.provider)
        self.provider.heard = [self._changed, self.watcher.heard]
        self.window: Trouble | None = None
        self.kinds: tuple[str, ...] = ()
        self.rate = 0.0
        self.faults: Counter[str] = Counter()
        self.trace: list[str] = []
        self.ids = count()
        self.job_ids = count()
        self.last_seen: dict[str, tuple[str, float]] = {}
        self.pause_sent: dict[str, float] = {}
        self.life: Life | None = None
        self.convergence = 0.0
        self.lost: set[str] = set()

    def now(self) -> float:
        return self.base + self.loop.time()

    async def run(self) -> None:
        """Trouble for as many days; then none, and everything must become well."""
        for _ in range(8):
            self._new_job()
        self._write_rules()
        await self._start()
        while self.loop.time() < self.days * DAY:
            self.life and self.life.pace(QUIET)
            await asyncio.sleep(self.chance.expovariate(1 / APART) + 1.0)
            self.life and self.life.pace(RESYNC)
            await self._event()
            await asyncio.sleep(SETTLED)
        await self._converge()
        assert self.life is not None
        await self.life.kill()
        self.watcher.settle(self.now())

    async def _event(self) -> None:
        events: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (8, self._api_trouble), (3, self._person), (1, self._jobs_come_and_go), (2, self._rules_edit),
            (2, self._disk_trouble), (3, self._crash), (2, self._freeze),
        ]  # fmt: skip
        weights = [weight for weight, _event in events]
        [(_weight, event)] = self.chance.choices(events, weights)
        self._say(event.__name__)
        await event()

    async def _api_trouble(self) -> None:
        """For a while some requests fail, in one or a few ways; people and crashes come in between."""
        self.kinds = tuple(self.chance.sample(FAULTS, self.chance.randint(1, 4)))
        with self._trouble("+".join(self.kinds)):
            self.rate = self.chance.choice([0.1, 0.5, 0.9])
            left = self.chance.expovariate(1 / 90.0) + 5.0
            while left > 0:
                part = min(left, self.chance.uniform(5.0, 60.0))
                await asyncio.sleep(part)
                left -= part
                match self.chance.randrange(8):
                    case 0 | 1:
                        await self._person()
                    case 2:
                        await self._crash()
            self.rate = 0.0

    async def _person(self) -> None:
        """Somebody pauses or resumes one job."""
        jobs = [job for job in self.provider.jobs.values() if job.status in ("ACTIVE", "PAUSED")]
        if jobs:
            job = self.chance.choice(jobs)
            self.provider.set_paused(job.id, job.status == "ACTIVE", Actor.PERSON)

    async def _jobs_come_and_go(self) -> None:
        jobs = sorted(self.provider.jobs)
        if len(jobs) > 8 or (len(jobs) > 4 and self.chance.random() < 0.4):
            gone = self.chance.choice(jobs)
            if self.chance.random() < 0.7:
                self.provider.finish(gone, self.chance.choice(["COMPLETE", "CANCELLED"]))
            else:
                self.watcher.settle_one(gone, self.now())
                del self.provider.jobs[gone]
        else:
            self._new_job()

    def _new_job(self) -> None:
        number = next(self.job_ids)
        status = self.chance.choice(["ACTIVE", "ACTIVE", "ACTIVE", "PAUSED", "INIT", "SUSPENDED"])
        self.provider.add(f"j{number}", f"{self.chance.choice(PREFIXES)}{number}", status)
        self.watcher.appeared(f"j{number}")

    async def _rules_edit(self) -> None:
        if self.chance.random() < 0.3:
            (self.folder / "a.yaml").write_text(self.chance.choice(rules.BAD))
        else:
            self._write_rules()
        if self.chance.random() < 0.5:
            self.life and self.life.notice()

    def _write_rules(self) -> None:
        text = rules.write(self.chance, self.now())
        (self.folder / "a.yaml").write_text(text)
        loaded = load_rules({"a.yaml": text.encode()}, now=self.now(), workspaces=frozenset({"main"}))
        self.watcher.rules_written(Oracle(loaded.rules))

    async def _disk_trouble(self) -> None:
        with self._trouble("disk"):
            self.disk.broken = self.chance.choice([StoreReason.FULL, StoreReason.IO, StoreReason.UNWRITABLE])
            await asyncio.sleep(self.chance.expovariate(1 / 120.0) + 1.0)
            if self.chance.random() < 0.3:
                await self._person()
                await asyncio.sleep(20.0)
            self.disk.broken = None
        self._doubt()

    async def _crash(self) -> None:
        """At any turn of the loop; it starts again within a minute."""
        steps = self.chance.randrange(1, 400)
        goal = self.loop.steps + steps
        deadline = self.loop.time() + 40.0
        while self.loop.steps < goal and self.loop.time() < deadline:
            await asyncio.sleep(0)
            if self.loop.steps % 16 == 0:
                await asyncio.sleep(0.002)
        assert self.life is not None
        with self._trouble("crash"):
            self.faults["crash"] += 1
            await self.life.kill()
            self._doubt()
            await asyncio.sleep(self.chance.uniform(0.1, 45.0))
            await self._start()

    async def _freeze(self) -> None:
        """The process is stopped and goes on."""
        with self._trouble("freeze"):
            self.faults["freeze"] += 1
            self.loop.freeze(self.chance.uniform(1.0, 120.0))
            await asyncio.sleep(0.1)

    async def _converge(self) -> None:
        """Nothing fails any more: all must become well in time, and stay so where no change of the rules is near."""
        self._write_rules()
        assert self.life is not None
        self.life.pace(RESYNC)
        begun = self.now()
        while wrong := list(self._wrong()):
            if self.now() - begun > HEALED_AFTER:
                self.watcher.violations += wrong
                return
            await asyncio.sleep(1.0)
        self.convergence = self.now() - begun
        await asyncio.sleep(HEALED_AFTER)
        while self._change_is_near():  # noqa: ASYNC110
            await asyncio.sleep(60.0)
        self.watcher.violations += self._wrong()

    def _wrong(self) -> Iterator[str]:
        for job in self.provider.jobs.values():
            why = self.watcher.closed(job, self.now())
            if job.status == "ACTIVE" and why is not None:
                yield f"at the end {job.id} {job.name!r} dials though {why}"
            ours = job.status == "PAUSED" and job.paused_by is Actor.US and job.id not in self.lost
            if ours and why is None and not job.name.startswith("X ") and not self._closes_soon(job):
                yield f"at the end {job.id} {job.name!r} is paused by us and should dial"

    def _closes_soon(self, job: TrueJob) -> bool:
        return self.watcher.closed(job, self.now() + 150) is not None

    def _change_is_near(self) -> bool:
        now = self.now()
        return any(
            (self.watcher.closed(job, now - 90) is None, self.watcher.closed(job, now + 150) is None)
            != (self.watcher.closed(job, now) is None,) * 2
            for job in self.provider.jobs.values()
        )

    async def _start(self) -> None:
        wire = Wire(self.provider, self.chance, self._choose, seen=self._seen, sent=self._sent)
        wire.counts = self.faults
        self.life = Life(self.disk, wire, self.clock, self.folder, lambda: f"{next(self.ids):012x}")
        await self.life.start()

    def _choose(self, method: str, path: str) -> Fault | None:
        if self.chance.random() >= self.rate:
            return None
        kind = self.chance.choice(self.kinds)
        if kind in ("page_skipped", "page_repeated", "page_loops", "filter_ignored", "collapsed") and path:
            return None
        if kind == "lie" and method != "POST":
            return None
        always_before = ("throttled", "unauthorized", "refused")
        before = kind in always_before or (
            kind in ("timeout", "reset", "server_error", "html") and self.chance.random() < 0.5
        )
        return Fault(kind, before, self.chance.uniform(0.0, SECONDS.get(kind, 1.0)))

    def _seen(self, job_id: str, status: str, sampled_at: float) -> None:
        """An answer showed the job so: from then on a person's pause of a job that was seen dialing is known."""
        job = self.provider.jobs.get(job_id)
        before = self.last_seen.get(job_id)
        self.last_seen[job_id] = (status, sampled_at)
        if job is None or status != "PAUSED" or job.paused_by is not Actor.PERSON or job.paused_at > sampled_at:
            return
        told = before is not None and before[0] == "ACTIVE" and before[1] < job.paused_at
        if told and before is not None and self.pause_sent.get(job_id, 0.0) < before[1]:
            self.watcher.foreign[job_id] = sampled_at

    def _sent(self, job_id: str, paused: bool, at: float) -> None:
        if paused:
            self.pause_sent[job_id] = at

    def _doubt(self) -> None:
        """What was seen last may not have come to be kept."""
        self.last_seen.clear()

    def _changed(self, change: Change) -> None:
        self.trace.append(f"{change.at:.6f} {change.job} {change.actor} {change.before}>{change.after}")
        if change.after == "ACTIVE" and change.actor is not Actor.US:
            self.watcher.foreign.pop(change.job, None)

    def _say(self, what: str) -> None:
        self.trace.append(f"{self.now():.6f} {what}")

    @contextmanager
    def _trouble(self, kind: str) -> Iterator[None]:
        trouble = Trouble(kind, self.now(), float("inf"))
        self.watcher.troubles.append(trouble)
        try:
            yield
        finally:
            trouble.until = self.now()


def simulate(seed: int, days: float) -> Result:
    """Run one seed to its end."""
    random.seed(seed)  # the jitter of timers and retries
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    loop = VirtualLoop()
    loop.set_task_factory(task_factory)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "rules").mkdir()
        create_file(folder / "store.db")
        engine = sync_engine(folder / "store.db", ("PRAGMA journal_mode = MEMORY", "PRAGMA synchronous = OFF"))
        upgrade(engine.execution_options(**IMMEDIATE))
        with engine.execution_options(**IMMEDIATE).connect() as connection:
            disk = Disk(connection)
            world = World(seed, days, loop, folder / "rules", disk)
            with timers_read(world.clock.now):
                try:
                    loop.run_until_complete(world.run())
                finally:
                    loop.close()
                    structlog.configure(**before)
    world.faults["disk"] = disk.refusals
    return Result(
        seed, days, world.faults, world.watcher.forbidden, world.watcher.violations, world.trace, world.convergence
    )
