"""A run: one seed makes up a world, lets it happen around the daemon, and says what the observers saw."""

import gc
import random
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import structlog

from controller.runtime import engine as engine_module
from controller.runtime import rules_keeper
from controller.store.migrate import upgrade
from controller.store.sqlite import IMMEDIATE, create_file, sync_engine
from tests.simulation.daemon import RESYNC, Disk, task_factory
from tests.simulation.loop import VirtualLoop, timers_read
from tests.simulation.rules import read_once
from tests.simulation.world import World


@dataclass(slots=True)
class Result:
    """What one run came to. `forbidden` and `paused_open` are seconds; `share` of `dialable` ones is false pauses."""

    seed: int
    days: float
    faults: Counter[str]
    forbidden: Counter[str]
    violations: list[str]
    trace: list[str] = field(default_factory=list)
    convergence: float = 0.0
    paused_open: float = 0.0
    dialable: float = 0.0


def simulate(seed: int, days: float, without: frozenset[str] = frozenset()) -> Result:
    """Run one seed to its end; `without` are names of happenings that are left out."""
    random.seed(seed)  # the jitter of timers and retries
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    loop = VirtualLoop()
    loop.set_task_factory(task_factory)
    with (
        tempfile.TemporaryDirectory() as name,
        patch.object(engine_module, "CLOCK_LOOK", RESYNC / 2),
        patch.object(rules_keeper, "load_rules", read_once),
    ):
        folder = Path(name)
        (folder / "rules").mkdir()
        create_file(folder / "store.db")
        engine = sync_engine(folder / "store.db", ("PRAGMA journal_mode = MEMORY", "PRAGMA synchronous = OFF"))
        upgrade(engine.execution_options(**IMMEDIATE))
        with engine.execution_options(**IMMEDIATE).connect() as connection:
            world = World(seed, loop, folder / "rules", Disk(connection))
            with timers_read(world.clock.now):
                gc.disable()  # a tenth of the time, and a run is short
                try:
                    loop.run_until_complete(world.run(days, without))
                finally:
                    gc.enable()
                    loop.close()
                    structlog.configure(**before)
    world.faults["disk"] = world.disk.refusals
    watcher = world.watcher
    return Result(
        seed=seed,
        days=days,
        faults=world.faults,
        forbidden=watcher.forbidden,
        violations=watcher.violations,
        trace=world.trace,
        convergence=world.convergence,
        paused_open=watcher.paused_open,
        dialable=watcher.dialable,
    )
