"""What happens to a simulated world: troubles of the API, the disk, the clock and the process, and people."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from controller.core.job import JobKey
from controller.runtime.operations import OperationRefused
from controller.store.errors import StoreReason
from tests.simulation import rules
from tests.simulation.provider import Actor
from tests.simulation.watcher import Stop, Trouble
from tests.simulation.wire import CHANGE_FAULTS, FAULTS

if TYPE_CHECKING:
    from tests.simulation.world import World

WOKEN_AFTER = 5.0
"""Seconds after a process that was stopped goes on within which its timers have come."""
CLOCK_LOOKED_AT = 20.0
"""Seconds after somebody set the clock within which a daemon has looked at it."""

Happening = Callable[["World"], Awaitable[None]]


async def api_trouble(world: "World") -> None:
    """For a while some requests fail, in one or a few ways, lists perhaps not. People and crashes come in between.

    At a burst of openings only what leaves a change in doubt, or refuses it, is of interest.
    """
    chance, burst = world.chance, world.burst_is_near()
    world.kinds = tuple(chance.sample(CHANGE_FAULTS if burst else FAULTS, chance.randint(1, 4)))
    with trouble(world, "+".join(world.kinds)):
        world.rate = chance.choice([0.5, 0.7, 0.9] if burst else [0.2, 0.5, 0.9])
        world.spares_lists = chance.random() < (0.7 if burst else 0.5)
        left = chance.expovariate(1 / 120.0) + 10.0
        while left > 0:
            part = min(left, chance.uniform(5.0, 60.0))
            await asyncio.sleep(part)
            left -= part
            match chance.randrange(12):
                case 0 | 1:
                    await person(world)
                case 2:
                    await crash(world)
        world.rate = 0.0
        world.spares_lists = False


async def person(world: "World") -> None:
    """Somebody pauses or resumes one job."""
    jobs = [job for job in world.provider.jobs.values() if job.status in ("ACTIVE", "PAUSED")]
    if jobs:
        job = world.chance.choice(jobs)
        world.provider.set_paused(job.id, job.status == "ACTIVE", Actor.PERSON)


async def tug_of_war(world: "World") -> None:
    """Somebody resumes one job again and again."""
    job = world.chance.choice(list(world.provider.jobs.values()))
    for _ in range(world.chance.randint(2, 6)):
        if job.status == "PAUSED" and job.id in world.provider.jobs:
            world.provider.set_paused(job.id, False, Actor.PERSON)
        await asyncio.sleep(world.chance.uniform(1.0, 60.0))


async def ownership(world: "World") -> None:
    """Somebody adopts a pause, or releases a claim."""
    assert world.life is not None
    keys = [JobKey("main", job) for job in world.provider.jobs]
    key = world.chance.choice(keys)
    job = world.provider.jobs[key.id]
    if world.chance.random() < 0.5:
        if await world.life.adopt(key):
            job.paused_by = Actor.US
            world.watcher.foreign.pop(key.id, None)
            world.correspondence.forget(key.id)
    elif await world.life.release(key):
        job.paused_by = Actor.PERSON
        world.watcher.foreign[key.id] = world.now()
        world.correspondence.forget(key.id)


async def stop(world: "World") -> None:
    """Somebody opens an incident or holds a job, with or without an end, and lets go of it sooner or later or never."""
    chance, life, watcher = world.chance, world.life, world.watcher
    assert life is not None
    seconds = chance.choice([math.inf, chance.uniform(30.0, 7200.0)])
    name, job, prefixes = f"stop-{world.next_id()}", None, rules.PREFIXES
    if chance.random() < 0.4:
        job = chance.choice(sorted(world.provider.jobs))
    elif chance.random() < 0.6:
        prefixes = (chance.choice(rules.PREFIXES),)
    until = world.now() + seconds
    watcher.stopped(Stop(name, world.now(), until, job, prefixes))
    await life.stop_jobs(name, job, prefixes, until)
    await asyncio.sleep(chance.expovariate(1 / 60.0))
    match chance.randrange(6):
        case 0 | 1:
            await person(world)
        case 2:
            await crash(world)
        case 3:
            await restart(world)
    await asyncio.sleep(chance.expovariate(1 / 300.0))
    if chance.random() < 0.7:
        await let_go(world, watcher.stops[name])


async def second_thoughts(world: "World") -> None:
    """Somebody stops everything and lets go of it within a minute, while readings lag behind."""
    chance, life, watcher = world.chance, world.life, world.watcher
    assert life is not None
    kinds, world.kinds = world.kinds, ("lag",)
    world.rate, world.spares_changes = chance.choice([0.5, 0.9]), True
    with trouble(world, "lag"):
        name = f"stop-{world.next_id()}"
        watcher.stopped(Stop(name, world.now(), math.inf, None, rules.PREFIXES))
        await life.stop_jobs(name, None, rules.PREFIXES, math.inf)
        await asyncio.sleep(chance.uniform(2.0, 40.0))
        await let_go(world, watcher.stops[name])
        await asyncio.sleep(60.0)
        world.rate, world.kinds, world.spares_changes = 0.0, kinds, False


async def let_go(world: "World", stopped: Stop) -> None:
    """Somebody closes the incident, or releases the job."""
    assert world.life is not None
    if stopped.until > world.now():
        try:
            await world.life.let_go(stopped.name, stopped.job)
        except OperationRefused as error:
            world.watcher.violations.append(f"{world.now():.3f}: {stopped.name} was stopped, and: {error}")
        world.watcher.let_go(stopped)
        if stopped.job is not None:  # every hold on it is gone
            for other in world.watcher.stops.values():
                if other.job == stopped.job:
                    world.watcher.let_go(other)


async def let_go_of_everything(world: "World") -> None:
    """Of all that was stopped."""
    for each in list(world.watcher.stops.values()):
        await let_go(world, each)


async def jobs_come_and_go(world: "World") -> None:
    """A job appears, ends or vanishes."""
    chance, jobs = world.chance, sorted(world.provider.jobs)
    if len(jobs) > 8 or (len(jobs) > 4 and chance.random() < 0.4):
        gone = chance.choice(jobs)
        if chance.random() < 0.7:
            world.provider.finish(gone, chance.choice(["COMPLETE", "CANCELLED"]))
        else:
            world.watcher.settle_one(gone, world.now())
            del world.provider.jobs[gone]
    else:
        world.new_job()


async def rules_edit(world: "World") -> None:
    """Other rules, or bad ones; the file system may tell of them or not."""
    if world.chance.random() < 0.3:
        (world.folder / "a.yaml").write_text(world.chance.choice(rules.BAD))
    else:
        world.write_rules(whole=False)
    if world.chance.random() < 0.5 and world.life:
        world.life.notice()
    if world.chance.random() < 0.2:
        await crash(world)


async def disk_trouble(world: "World") -> None:
    """Nothing can be written for a while."""
    with trouble(world, "disk"):
        world.disk.broken = world.chance.choice(
            [StoreReason.FULL, StoreReason.IO, StoreReason.UNWRITABLE, StoreReason.CORRUPT, StoreReason.CORRUPT]
        )
        await asyncio.sleep(world.chance.expovariate(1 / 120.0) + 1.0)
        if world.chance.random() < 0.6:
            await person(world)
            await asyncio.sleep(40.0)
        if world.chance.random() < 0.2:
            await crash(world)
        world.disk.broken = None
    world.doubt()


async def crash(world: "World") -> None:
    """At any turn of the loop; it starts again within a minute."""
    loop = world.loop
    goal = loop.steps + world.chance.randrange(1, 400)
    deadline = loop.time() + 40.0
    while loop.steps < goal and loop.time() < deadline:
        await asyncio.sleep(0)
        if loop.steps % 16 == 0:
            await asyncio.sleep(0.002)
    with trouble(world, "crash"):
        world.faults["crash"] += 1
        await world.kill()
        await asyncio.sleep(world.chance.uniform(0.1, 45.0))
        await world.start()


async def restart(world: "World") -> None:
    """It is told to end, in order; sometimes it is killed while it does so."""
    assert world.life is not None
    with trouble(world, "restart"):
        world.faults["restart"] += 1
        ending = asyncio.create_task(world.life.stop())
        if world.chance.random() < 0.5:
            await asyncio.sleep(world.chance.uniform(0.0, 0.1))
            await world.kill()
            ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)
        await world.kill()
        await asyncio.sleep(world.chance.uniform(0.1, 20.0))
        await world.start()


async def freeze(world: "World") -> None:
    """The process is stopped and goes on."""
    with trouble(world, "freeze"):
        world.faults["freeze"] += 1
        seconds = world.chance.uniform(1.0, 120.0)
        world.correspondence.disable(world.now() + seconds + WOKEN_AFTER)
        world.loop.freeze(seconds)
        await asyncio.sleep(0.1)


async def clock_step(world: "World") -> None:
    """Somebody sets the daemon's wall clock, perhaps beyond the next change, and back again after a while; the API may
    be slow meanwhile.
    """
    chance = world.chance
    kinds, world.kinds = world.kinds, ("slow", "timeout")
    world.rate = chance.choice([0.0, 0.0, 0.5])
    with trouble(world, "clock"):
        world.faults["clock"] += 1
        stepped = world.correspondence.disable(float("inf"))
        world.clock.off = chance.choice([-1, 1]) * chance.choice([3.0, 45.0, 90.0, 600.0, 3600.0, 7200.0])
        if chance.random() < 0.3 and (change := world.next_change()) is not None:
            world.clock.off = change - world.now() + chance.uniform(-30.0, 30.0)
        await asyncio.sleep(chance.expovariate(1 / 120.0))
        match chance.randrange(4):
            case 0:
                await person(world)
            case 1:
                await crash(world)
        await asyncio.sleep(chance.expovariate(1 / 60.0))
        world.clock.off = 0.0
        world.rate, world.kinds = 0.0, kinds
        stepped.until = world.now() + CLOCK_LOOKED_AT
        await asyncio.sleep(1.0)


RARE = 1e-9
"""Only where the others are left out: a seeded defect that needs just this is hunted so."""

HAPPENINGS: tuple[tuple[float, Happening], ...] = (
    (12, api_trouble), (3, person), (1, jobs_come_and_go), (2, rules_edit), (2, disk_trouble), (2, crash), (1, restart),
    (1, freeze), (2, clock_step), (1, ownership), (1, tug_of_war), (2, stop), (RARE, second_thoughts),
)  # fmt: skip
"""Each with how often it happens, against the others."""


@contextmanager
def trouble(world: "World", kind: str) -> Iterator[None]:
    """The observer excuses what cannot be helped while this lasts, and shortly after."""
    span = Trouble(kind, world.now(), float("inf"))
    world.watcher.troubles.append(span)
    try:
        yield
    finally:
        span.until = world.now()
