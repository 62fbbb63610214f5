"""Two hundred daemons end by kill -9, amid all that a daemon does, and no pause of theirs is ever without its claim."""

import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.lives import Life, Lives
from tests.e2e.processes import Stage, until
from tests.e2e.provider import in_status, statuses
from tests.e2e.store_file import claimed, claimed_after_a_crash, store_path

pytestmark = pytest.mark.e2e

JOBS = 60
MORNING = "2026-11-25T09:30:00-05:00"
"""A Wednesday in New York; the clock runs as fast as the machine's, and the rules are what changes."""
BIRTHS = 8
"""So many stores are made anew."""
KILLS = 200
MET = (
    "no table yet", "intended, ACTIVE", "intended, PAUSED", "held, PAUSED", "resuming, PAUSED", "resuming, ACTIVE",
    "draining",
)  # fmt: skip
"""What a kill may leave: of the store, of a claim and its job, and of a daemon that was told to end."""


class Scene(Stage):
    """Lives that end by SIGKILL, and what they left: counted by the moment that was aimed at, and by what was met."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, MORNING, 1.0)
        self.limits = "max_concurrency: 10,"
        self.close_jobs()
        self.jobs = [f"j{n}" for n in range(JOBS)]
        self.box = self.sandbox(JOBS)
        self.lives = self.started(Lives(self))
        self.chance = random.Random(6)  # noqa: S311 - a choice of instants, no secret
        self.kills: Counter[str] = Counter()
        self.met: Counter[str] = Counter()

    def close_jobs(self) -> None:
        self.rules("10:00", "11:00")

    def open_jobs(self) -> None:
        self.rules("08:00", "11:00")

    def kill(self, life: Life, moment: str) -> None:
        """Kill it, and look at what it left."""
        self.kills[moment] += life.kill()
        claims = claimed_after_a_crash(self)
        found = statuses(self)
        paused = {job for job, status in found.items() if status == "PAUSED"}
        assert paused <= (claims or {}).keys(), f"pauses without a claim, killed amid the {moment}"
        if claims is None:
            self.met["no table yet"] += store_path(self).exists()
        for job, state in (claims or {}).items():
            self.met[f"{state}, {found[job]}"] += 1
        if life.events("daemon.stopping"):
            self.met["draining"] += 1

    def at_rest(self, *, closed: bool) -> Life:
        """A life whose first pass brings everything to what the rules say, and no claim is too many."""
        life = self.lives.begin()
        life.wait_for("pass.finished")
        wanted = "PAUSED" if closed else "ACTIVE"
        assert statuses(self) == dict.fromkeys(self.jobs, wanted)
        assert claimed(self) == (dict.fromkeys(self.jobs, "held") if closed else {})
        return life

    def changes(self, life: Life, more: int) -> None:
        """Wait until the life has changed so many jobs, or has nothing left to do."""
        since = len(self.box.said)
        until(lambda: len(self.box.said) >= since + more or life.events("pass.finished"), self.box, self.lives)

    def moment(self, longest: float) -> None:
        """Wait for nothing in particular."""
        time.sleep(self.chance.random() * longest)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.close()


@pytest.mark.once
def test_two_hundred_kills_lose_no_claim(scene: Scene) -> None:
    for _ in range(BIRTHS):
        _kill_at_birth(scene)
    life = scene.at_rest(closed=False)
    while scene.kills.total() < KILLS:
        life = _kill_amid_a_turn(scene, life, closed=True)
        life = _kill_amid_a_turn(scene, life, closed=False)
    assert [what for what in MET if not scene.met[what]] == [], scene.met


def test_ten_seconds_after_the_start_that_follows_a_kill_all_is_verified(scene: Scene) -> None:
    life = scene.lives.begin()
    scene.changes(life, 5)
    scene.kill(life, "closing")
    begun = time.monotonic()
    daemon = scene.daemon()
    daemon.wait_for("pass.finished")
    assert time.monotonic() - begun < 10
    assert in_status(scene, "PAUSED") == claimed(scene).keys() == set(scene.jobs)
    assert set(claimed(scene).values()) == {"held"}


def _kill_at_birth(scene: Scene) -> None:
    """Kill who makes the store, three times; the next makes it all the same. Begins and ends with all jobs dialing."""
    shutil.rmtree(scene.folder / "var", ignore_errors=True)
    scene.close_jobs()
    for _ in range(3):
        life = scene.lives.begin()
        until(lambda life=life: store_path(scene).exists() or life.events("daemon.started"), scene.lives)
        scene.moment(0.06)
        scene.kill(life, "first start")
    life = scene.at_rest(closed=True)
    scene.open_jobs()
    life.signal(signal.SIGHUP)
    until(lambda: not claimed(scene), scene.lives)
    scene.kill(life, "rest")


def _kill_amid_a_turn(scene: Scene, life: Life, *, closed: bool) -> Life:
    """Kill who comes to know of other rules, and those that start to follow them; gives one that did."""
    turn = "closing" if closed else "opening"
    (scene.close_jobs if closed else scene.open_jobs)()
    life.signal(signal.SIGHUP)
    since = len(scene.box.said)
    if scene.chance.random() < 0.5:
        until(lambda: len(scene.box.said) > since, scene.box, scene.lives)
    scene.moment(0.03)
    scene.kill(life, f"reload, {turn}")
    life = scene.lives.begin()
    scene.changes(life, scene.chance.randrange(1, 10))
    life.wait_for("daemon.started")  # the provider may still be taking what the one before had sent
    life.signal(signal.SIGTERM)
    scene.moment(0.03)
    scene.kill(life, f"drain, {turn}")
    life = scene.lives.begin()
    scene.moment(0.12)
    scene.kill(life, "start")
    life = scene.lives.begin()
    scene.changes(life, scene.chance.randrange(1, 20))
    scene.kill(life, turn)
    return scene.at_rest(closed=closed)
