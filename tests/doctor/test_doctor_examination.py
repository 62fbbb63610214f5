import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.clock import StoppedClock
from controller.doctor.check import Verdict
from controller.doctor.examination import Place, examine_place, examine_workspaces

NOW = 1_795_000_000.0
CONFIG = """\
workspaces:
  main: {base_url: "http://127.0.0.1:9/api", api_key: {file: closed/key}}
rules: rules/
store: sqlite:///closed/var/controller.db
control: closed/control.sock
listen: 127.0.0.1:0
"""
RULES = "calendars: {}\ncampaigns: {}\n"


@pytest.fixture
def place(open_folder: Path) -> Iterator[Path]:
    """The configuration of a place of which another user may see hardly anything."""
    (open_folder / "rules").mkdir()
    (open_folder / "rules" / "a.yaml").write_text(RULES)
    (open_folder / "closed" / "var").mkdir(parents=True)
    (open_folder / "controller.yaml").write_text(CONFIG)
    for name in ("key", "control.sock", "var/controller.db", "var/controller.db.lock"):
        (open_folder / "closed" / name).touch()
    (open_folder / "closed").chmod(0o700 if os.geteuid() == 0 else 0)
    yield open_folder / "controller.yaml"
    (open_folder / "closed").chmod(0o700)


def examined(config: Path) -> Place:
    examine_place(config, lambda _: StoppedClock(NOW))  # imports what is imported late: nobody may not read that either
    user = os.geteuid()
    os.seteuid(65534 if user == 0 else user)
    try:
        return examine_place(config, lambda _: StoppedClock(NOW))
    finally:
        os.seteuid(user)


def test_a_user_who_may_not_look_gets_every_check_all_the_same(place: Path) -> None:
    told = {check.name: check for check in examined(place).checks}
    assert told["store"].verdict is Verdict.FAIL
    assert told["store"].seen.endswith(f" may not write in {place.parent / 'closed'}")
    assert told["lock"].verdict is Verdict.WARN
    assert told["lock"].seen.endswith("controller.db.lock: Permission denied")
    assert told["control socket"].verdict is Verdict.FAIL
    assert {"configuration", "rules", "tzdata", "writers", "folder", "disk", "listen"} <= told.keys()


def test_rules_that_may_not_be_read_are_2_for_the_command(place: Path) -> None:
    (place.parent / "rules").chmod(0o700 if os.geteuid() == 0 else 0)
    found = examined(place)
    assert not found.readable
    [rules] = [check for check in found.checks if check.name == "rules"]
    assert (rules.verdict, "cannot be read: Permission denied" in rules.seen) == (Verdict.FAIL, True)
    (place.parent / "rules").chmod(0o700)


async def test_without_settings_nobody_is_asked(tmp_path: Path) -> None:
    found = examine_place(tmp_path / "none.yaml", lambda _: StoppedClock(NOW))
    assert not found.readable
    assert await examine_workspaces(found, set()) == []
