"""Rules from a ConfigMap, as in Kubernetes: a swap raises no event on the files themselves, and counts all the same."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.config_map import ConfigMapMount
from tests.e2e.processes import RULES, Process, Stage

pytestmark = pytest.mark.e2e

NIGHT = RULES.format(start="22:00", end="23:00")
DAY = RULES.format(start="08:00", end="17:00")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """It is 09:30 in New York and closed; the clock runs as fast as the wall's, so that no resync helps."""
    made = Stage(tmp_path, "2026-11-25T09:30:00-05:00", 1.0)
    made.resync = "1h"
    (tmp_path / "rules").rmdir()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def mount(stage: Stage) -> ConfigMapMount:
    return ConfigMapMount(stage.folder / "rules", {"a.yaml": NIGHT})


@pytest.fixture
def daemon(stage: Stage) -> Process:
    stage.sandbox()
    found = stage.daemon()
    found.wait_for("job.paused", 2)
    return found


def test_a_swap_is_noticed_and_obeyed_at_once(daemon: Process, mount: ConfigMapMount) -> None:
    mount.write({"a.yaml": DAY})
    daemon.wait_for("rules.reloaded")
    daemon.wait_for("job.resumed", 2)
    assert daemon.end(signal.SIGTERM) == 0
    assert daemon.events("rules.rejected") == []


def test_a_swap_to_broken_rules_keeps_the_last_good_ones_until_one_that_is_right(
    daemon: Process, mount: ConfigMapMount
) -> None:
    mount.write({"a.yaml": DAY.replace("08:00", "25:00")})
    rejected = daemon.wait_for("rules.rejected")
    assert rejected["problems"][0].startswith("a.yaml:4:23: calendars.floor.hours.mon-fri[0]: ")
    assert daemon.events("job.resumed") == []
    mount.write({"a.yaml": DAY})
    daemon.wait_for("job.resumed", 2)
    assert daemon.end(signal.SIGTERM) == 0
    assert len(daemon.events("rules.rejected")) == len(daemon.events("rules.reloaded")) == 1


def test_files_come_and_go_with_a_swap(daemon: Process, mount: ConfigMapMount) -> None:
    calendars, campaigns = DAY.split("campaigns:\n")
    mount.write({"calendars.yaml": calendars, "campaigns.yaml": f"campaigns:\n{campaigns}"})
    daemon.wait_for("job.resumed", 2)
    mount.write({"a.yaml": NIGHT})
    daemon.wait_for("job.paused", 4)
    assert daemon.end(signal.SIGTERM) == 0
