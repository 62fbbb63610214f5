"""A world that one seed makes up: it lets things happen around the daemon, and asks what the observers saw."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

from tests.core.build import at
from tests.simulation import rules
from tests.simulation.correspondence import Correspondence
from tests.simulation.daemon import RESYNC, Disk, Life, SimClock
from tests.simulation.ending import change_is_near, misclaimed, wrong
from tests.simulation.happenings import HAPPENINGS, api_trouble, let_go_of_everything
from tests.simulation.loop import VirtualLoop
from tests.simulation.provider import Actor, Change, Provider
from tests.simulation.watcher import HEALED_AFTER, Watcher
from tests.simulation.wire import Fault, Wire

DAY = 86_400.0
APART = 14_000.0
"""Mean seconds between two happenings."""
CLOCK_CHANGES = ("2026-03-08", "2026-04-05", "2026-10-04", "2026-11-01")
"""In the United States and on Lord Howe Island: a quarter of the seeds lives through one."""
NEAR_A_CHANGE = 0.5
"""The share of happenings that wait for hours to begin or end."""
NEAR_A_BURST = 0.5
"""The share of these that wait for a burst."""
BURST = 120.0
"""Seconds."""
MORE_TROUBLE = 3
"""How many times as often the API is in trouble then."""
HALF_HOUR = 1800.0
FAULTS_A_DAY = 28
"""At least; the API is troubled again at the end where there were fewer."""
QUIET = 1800.0
"""Seconds between two resyncs while nothing happens."""
SETTLED = 135.0
"""Seconds for which passes stay close after something happened."""
SECONDS = {"timeout": 0.0, "throttled": 60.0, "lag": 60.0, "slow": 9.0, "late": 30.0, "wrong_date": 7200.0}
"""The most seconds that a fault of a kind carries."""
ONE_PAGE = ("page_skipped", "page_repeated", "page_loops", "filter_ignored", "collapsed")
ALWAYS_BEFORE = ("throttled", "unauthorized", "refused", "late")
ONLY_CHANGES = ("lie", "late")
EITHER = ("timeout", "reset", "server_error", "html")


class World:
    """`trace` is what happened, a line each: two runs of one seed give the same lines."""

    def __init__(self, seed: int, loop: VirtualLoop, folder: Path, disk: Disk) -> None:
        self.chance = random.Random(seed)  # noqa: S311
        self.loop = loop
        self.disk = disk
        self.folder = folder
        self.base = at("2026-01-05T00:00") + self.chance.randrange(0, 340) * DAY
        if seed % 4 == 0:
            self.base = at(f"{self.chance.choice(CLOCK_CHANGES)}T00:00") - self.chance.randrange(1, 13) * DAY
        self.clock = SimClock(self.now)
        self.provider = Provider(self.now)
        self.correspondence = Correspondence(
            self.provider,
            off=lambda: self.clock.off,
            refusing=lambda: self.disk.refusing,
            closed=lambda job, instant: self.watcher.closed(job, instant),  # noqa: PLW0108 - it comes to be just below
            planned=lambda job, instant: self.watcher.planned(job, instant),  # noqa: PLW0108 - the same
        )
        self.watcher = Watcher(self.provider, self.correspondence, lambda: self.clock.off)
        self.correspondence.violations = self.watcher.violations
        self.provider.heard = [self._changed, self.watcher.heard]
        self.kinds: tuple[str, ...] = ()
        self.rate = 0.0
        self.spares_lists = False
        self.spares_changes = False
        self.faults: Counter[str] = Counter()
        self.trace: list[str] = []
        self.life: Life | None = None
        self.lost: set[str] = set()
        self.convergence = 0.0
        self._ids = count()
        self._job_ids = count()
        self._last_seen: dict[str, tuple[str, float]] = {}
        self._pause_sent: dict[str, float] = {}

    def now(self) -> float:
        """True time."""
        return self.base + self.loop.time()

    async def run(self, days: float, without: frozenset[str]) -> None:
        """Trouble for as many days; then none, and everything must become well."""
        happenings = [(weight, each) for weight, each in HAPPENINGS if each.__name__ not in without]
        for _ in range(8):
            self.new_job()
        self.write_rules(whole=True)
        await self.start()
        while self.loop.time() < days * DAY:
            self._pace(QUIET)
            await asyncio.sleep(self.chance.expovariate(1 / APART) + 1.0)
            near = self.chance.random() < NEAR_A_CHANGE
            if near:
                await self._come_near_a_change()
            self._pace(RESYNC)
            if not happenings:
                continue
            weights = [weight * (MORE_TROUBLE if near and each is api_trouble else 1) for weight, each in happenings]
            [(_weight, happening)] = self.chance.choices(happenings, weights)
            self.trace.append(f"{self.now():.6f} {happening.__name__}")
            await happening(self)
            await asyncio.sleep(SETTLED)
            self._look_around()
        while self.faults.total() < days * FAULTS_A_DAY and not without:
            await api_trouble(self)
            await asyncio.sleep(SETTLED)
        await self._converge()
        await self.kill()
        self.watcher.settle(self.now())

    def next_change(self) -> float | None:
        """When some job's hours begin or end next, on a half hour, if any do in the next hours."""
        jobs = {job.name[:2]: job for job in self.provider.jobs.values()}.values()
        for number in range(1, 9):
            at_most = int(self.now() // HALF_HOUR + number) * HALF_HOUR
            if any(
                (self.watcher.closed(job, at_most - 90) is None) != (self.watcher.closed(job, at_most) is None)
                for job in jobs
            ):
                return at_most
        return None

    async def _come_near_a_change(self) -> None:
        """Wait until shortly before one, or before the next burst of short openings."""
        change, before = self.next_change(), 120.0
        if self.chance.random() < NEAR_A_BURST:
            change, before = min(begin for begin in self._bursts() if begin > self.now()), 20.0
        if change is not None:
            await asyncio.sleep(max(0.0, change - self.now() - self.chance.uniform(0.0, before)))

    def burst_is_near(self) -> bool:
        """Whether jobs are about to be opened for a minute, or were just now."""
        return any(abs(begin - self.now()) < BURST for begin in self._bursts())

    def _bursts(self) -> Iterator[float]:
        today = self.now() // DAY * DAY
        return (today + part + begin for part in (0.0, DAY) for begin in rules.BURSTS)

    def _look_around(self) -> None:
        for sentence in misclaimed(self.watcher, self.disk.claimed(), self.lost, self.now()):
            if sentence not in self.watcher.violations:
                self.watcher.violations.append(sentence)
        for job_id in self.correspondence.unproven:
            self.watcher.violations += self.correspondence.unfollowed(job_id)

    async def start(self) -> None:
        """A daemon on what the disk holds."""
        self.correspondence.born()
        self.disk.refusing = False
        self._recall_stops()
        wire = Wire(self.provider, self.chance, self._choose, self.correspondence, seen=self._seen, leaves=self._leaves)
        wire.counts = self.faults
        self.life = Life(self.disk, wire, self.clock, self.folder, lambda: f"{next(self._ids):012x}")
        await self.life.start()

    async def kill(self) -> None:
        """The daemon is gone, with all that only its memory held."""
        assert self.life is not None
        self.correspondence.died = self.now()
        await self.life.kill()
        if self.life.ledger is not None and not self.life.ledger.durable:
            self.lost |= {key.id for key in self.life.ledger.claims} - self.disk.claimed()
        self.doubt()

    def _recall_stops(self) -> None:
        """What the disk does not hold went down with the process, and so did letting go of what it still holds."""
        stored = self.disk.stops()
        for stop in list(self.watcher.stops.values()):
            if stop.name not in stored:
                self.watcher.let_go(stop)
            elif stop.until <= self.now() < stored[stop.name]:
                self.watcher.stopped(replace(stop, since=self.now(), until=stored[stop.name]))

    def new_job(self) -> None:
        """A job that appears in some state; each kind comes among the first ones."""
        number = next(self._job_ids)
        status = self.chance.choice(["ACTIVE", "ACTIVE", "ACTIVE", "PAUSED", "INIT", "SUSPENDED"])
        prefix = rules.PREFIXES[number] if number < len(rules.PREFIXES) else self.chance.choice(rules.PREFIXES)
        self.provider.add(f"j{number}", f"{prefix}{number}", status)

    def write_rules(self, *, whole: bool) -> None:
        """Other good rules in the files."""
        text = rules.write(self.chance, self.now(), whole=whole)
        (self.folder / "a.yaml").write_text(text)
        loaded = rules.read_once({"a.yaml": text.encode()}, now=self.now(), workspaces=frozenset({"main"}))
        self.watcher.rules_written(loaded.rules)
        self.correspondence.edited_at = self.now()

    def next_id(self) -> int:
        """A number that was not given before."""
        return next(self._ids)

    def doubt(self) -> None:
        """What was seen last may not have come to be kept."""
        self._last_seen.clear()

    def _pace(self, seconds: float) -> None:
        if self.life is not None:
            self.life.pace(seconds)

    async def _converge(self) -> None:
        """Nothing fails any more: all must become well in time, and stay so where no change of the rules is near."""
        self.write_rules(whole=True)
        self._pace(RESYNC)
        await let_go_of_everything(self)
        begun = self.now()
        while found := self._wrong():
            if self.now() - begun > HEALED_AFTER:
                self.watcher.violations += found
                return
            await asyncio.sleep(1.0)
        self.convergence = self.now() - begun
        await asyncio.sleep(HEALED_AFTER)
        while change_is_near(self.watcher, self.now()):  # noqa: ASYNC110
            await asyncio.sleep(60.0)
        self.watcher.violations += self._wrong()

    def _wrong(self) -> list[str]:
        return list(wrong(self.watcher, self.disk.claimed(), self.lost, self.now()))

    def _choose(self, method: str, path: str) -> Fault | None:
        spared = (self.spares_lists and not path) or (self.spares_changes and method == "POST")
        if self.chance.random() >= self.rate or spared:
            return None
        left_out = ONE_PAGE if path else ()
        left_out += ONLY_CHANGES if method != "POST" else ()
        fitting = [kind for kind in self.kinds if kind not in left_out]
        if method == "POST":
            fitting += ONLY_CHANGES
        if not fitting:
            return None
        kind = self.chance.choice(fitting)
        before = kind in ALWAYS_BEFORE or (kind in EITHER and self.chance.random() < 0.5)
        return Fault(kind, before, self.chance.uniform(0.0, SECONDS.get(kind, 1.0)))

    def _seen(self, job_id: str, status: str, sampled_at: float) -> None:
        """An answer showed the job so: from then on a person's pause of a job that was seen dialing is known."""
        if self.rate > 0:  # an answer may be lost upon another, and the daemon knows nothing of either
            self._last_seen.pop(job_id, None)
            return
        job = self.provider.jobs.get(job_id)
        before = self._last_seen.get(job_id)
        self._last_seen[job_id] = (status, sampled_at)
        if job is None or status != "PAUSED" or job.paused_by is not Actor.PERSON or job.paused_at > sampled_at:
            return
        told = before is not None and before[0] == "ACTIVE" and before[1] < job.paused_at
        if told and before is not None and self._pause_sent.get(job_id, 0.0) < before[1]:
            self.watcher.foreign[job_id] = sampled_at

    def _leaves(self, job_id: str, paused: bool) -> None:
        self.watcher.leaves(job_id, paused)
        if paused:
            self._pause_sent[job_id] = self.now()

    def _changed(self, change: Change) -> None:
        self.trace.append(f"{change.at:.6f} {change.job} {change.actor} {change.before}>{change.after}")
        if change.after == "ACTIVE" and change.actor is not Actor.US:
            self.watcher.foreign.pop(change.job, None)
        if change.before != change.after and change.actor is Actor.US:
            self.lost.discard(change.job)
