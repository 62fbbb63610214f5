"""Which rules are in force while files are edited, broken, mended and removed."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from controller.core.interval import Instant
from controller.rules.problem import RulesError
from controller.runtime.rules_keeper import RulesKeeper
from controller.store.changes import Audit, Change, UseRevision
from controller.store.records import StoredRevision
from tests.core.build import at
from tests.runtime.stage import OPEN, HandClock, lines, until

RULES = """\
calendars:
  floor: {timezone: America/New_York, hours: {mon-fri: ["09:00-17:00"]}, holidays: [{country: US, subdivision: NY}]}
campaigns:
  renewals: {match: {names: ["R *"]}, calendars: [floor]}
"""
OTHER = RULES.replace("09:00", "10:00")
BROKEN = RULES.replace("mon-fri", "mon-frx")


class Desk:
    """A rules folder with one file, and a keeper of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "rules"
        self.folder.mkdir()
        self.clock = HandClock()
        self.recorded: list[Change] = []
        self.changes = 0
        self.keeper = self.build()

    def build(self) -> RulesKeeper:
        return RulesKeeper(self.folder, frozenset({"main"}), self.clock, self._record, self._changed)

    def write(self, text: str) -> None:
        (self.folder / "a.yaml").write_text(text)

    def hours(self) -> list[bool]:
        """Whether the floor is open at 09:30 and at 10:30 in New York."""
        return [self.is_open(at(f"2026-11-24T{hour}:30")) for hour in (14, 15)]

    def is_open(self, instant: Instant) -> bool:
        return self.keeper.book.campaigns["renewals"].hours(instant).is_open(instant)

    def audited(self) -> list[Audit]:
        return [row for row in self.recorded if isinstance(row, Audit)]

    def kept(self) -> list[UseRevision]:
        return [row for row in self.recorded if isinstance(row, UseRevision)]

    def stored(self, text: str = RULES, revision: str = "kept-before") -> StoredRevision:
        return StoredRevision(revision, {"a.yaml": text}, "2026a", "0.1", first_used=OPEN, last_used=OPEN)

    async def _record(self, changes: Sequence[Change]) -> None:
        self.recorded += changes

    def _changed(self) -> None:
        self.changes += 1


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made.write(RULES)
    return made


async def test_it_tells_since_when_its_rules_are_in_force_and_what_is_wrong_with_newer_ones(desk: Desk) -> None:
    with pytest.raises(RuntimeError, match="no rules are loaded yet"):
        _ = desk.keeper.in_force
    await desk.keeper.start(None)
    begun = desk.clock.now()
    assert (desk.keeper.in_force.since, desk.keeper.problems) == (begun, ())
    desk.clock.instant += 60
    desk.write(BROKEN)
    await desk.keeper.look()
    [problem] = desk.keeper.problems
    assert problem.startswith("a.yaml:2:")
    assert desk.keeper.in_force.since == begun
    desk.write(OTHER)
    await desk.keeper.look()
    assert (desk.keeper.in_force.since, desk.keeper.problems) == (begun + 60, ())


def set_to(desk: Desk, instant: Instant) -> None:
    desk.clock.instant = instant


async def test_before_the_start_there_are_no_rules(desk: Desk) -> None:
    with pytest.raises(RuntimeError, match="start"):
        _ = desk.keeper.book


async def test_the_files_come_into_force_and_are_kept_with_the_versions_of_their_data(
    desk: Desk, logs: list[Any]
) -> None:
    await desk.keeper.start(None)
    assert desk.hours() == [True, True]
    [kept] = desk.kept()
    assert kept.revision == desk.keeper.book.rules.revision
    assert kept.sources == {"a.yaml": RULES}
    [row] = desk.audited()
    assert (row.event, row.revision, row.facts["tzdata"]) == ("rules.loaded", kept.revision, kept.tzdata_version)
    [line] = lines(logs, "rules.loaded")
    assert (line["revision"], line["campaigns"], line["calendars"]) == (kept.revision, 1, 1)
    assert desk.changes == 0  # who starts it, runs the first pass


async def test_files_that_did_not_change_are_not_loaded_again(desk: Desk, logs: list[Any]) -> None:
    await desk.keeper.start(None)
    before = desk.keeper.book
    await desk.keeper.look()
    assert desk.keeper.book is before
    assert [line["event"] for line in logs] == ["rules.loaded"]


async def test_an_edit_comes_into_force_and_is_told(desk: Desk, logs: list[Any]) -> None:
    await desk.keeper.start(None)
    desk.write(OTHER)
    await desk.keeper.look()
    assert desk.hours() == [False, True]
    assert desk.changes == 1
    assert len(lines(logs, "rules.reloaded")) == 1
    assert [row.event for row in desk.audited()] == ["rules.loaded", "rules.reloaded"]


async def test_an_edit_without_meaning_changes_no_revision_and_wakes_nobody(desk: Desk, logs: list[Any]) -> None:
    await desk.keeper.start(None)
    revision = desk.keeper.book.rules.revision
    desk.write(f"# said better\n{RULES}")
    await desk.keeper.look()
    assert desk.keeper.book.rules.revision == revision
    assert desk.changes == 0
    assert len(lines(logs, "rules.unchanged")) == 1
    assert len(desk.kept()) == 1


async def test_a_broken_edit_changes_nothing_and_is_told_once_with_every_problem(desk: Desk, logs: list[Any]) -> None:
    await desk.keeper.start(None)
    before = desk.keeper.book
    desk.write(BROKEN.replace("17:00", "25:00"))
    for _ in range(3):
        await desk.keeper.look()
    assert desk.keeper.book is before
    assert desk.changes == 0
    [line] = lines(logs, "rules.rejected")
    assert line["revision_in_force"] == before.rules.revision
    assert ["frx" in problem or "25:00" in problem for problem in line["problems"]] == [True, True]
    [row] = [row for row in desk.audited() if row.event == "rules.rejected"]
    assert row.revision == before.rules.revision
    assert row.facts == {"problems": line["problems"], "of": 2}


async def test_another_mistake_is_told_anew(desk: Desk, logs: list[Any]) -> None:
    await desk.keeper.start(None)
    for text in (BROKEN, RULES.replace("17:00", "25:00")):
        desk.write(text)
        await desk.keeper.look()
    assert len(lines(logs, "rules.rejected")) == 2


async def test_of_very_many_problems_the_audit_keeps_twenty_and_their_number(desk: Desk) -> None:
    await desk.keeper.start(None)
    names = "\n".join(f"  c{n}: {{match: {{names: [x]}}, calendars: [nowhere]}}" for n in range(50))
    desk.write(f"{RULES}{names}\n")
    await desk.keeper.look()
    row = desk.audited()[-1]
    assert (row.event, len(row.facts["problems"]), row.facts["of"]) == ("rules.rejected", 20, 50)


async def test_a_correction_comes_into_force_and_the_same_mistake_later_is_told_again(
    desk: Desk, logs: list[Any]
) -> None:
    await desk.keeper.start(None)
    for text in (BROKEN, OTHER, BROKEN):
        desk.write(text)
        await desk.keeper.look()
    assert desk.hours() == [False, True]
    assert len(lines(logs, "rules.rejected")) == 2
    assert len(lines(logs, "rules.reloaded")) == 1


async def test_a_mistake_that_is_taken_back_is_over(desk: Desk, logs: list[Any]) -> None:
    await desk.keeper.start(None)
    for text in (BROKEN, RULES, BROKEN):
        desk.write(text)
        await desk.keeper.look()
    assert len(lines(logs, "rules.rejected")) == 2
    assert len(lines(logs, "rules.unchanged")) == 1


async def test_a_folder_that_is_gone_changes_nothing_and_is_read_again_once_it_is_back(
    desk: Desk, logs: list[Any]
) -> None:
    await desk.keeper.start(None)
    away = desk.folder.rename(desk.folder.with_name("away"))
    await desk.keeper.look()
    assert desk.hours() == [True, True]
    assert len(lines(logs, "rules.rejected")) == 1
    away.rename(desk.folder)
    desk.write(OTHER)
    await desk.keeper.look()
    assert desk.hours() == [False, True]


async def test_an_emptied_folder_changes_nothing(desk: Desk, logs: list[Any]) -> None:
    await desk.keeper.start(None)
    (desk.folder / "a.yaml").unlink()
    await desk.keeper.look()
    assert desk.hours() == [True, True]
    assert len(lines(logs, "rules.rejected")) == 1


async def test_a_start_with_broken_files_uses_the_last_good_ones(desk: Desk, logs: list[Any]) -> None:
    desk.write(BROKEN)
    await desk.keeper.start(desk.stored(OTHER))
    assert desk.hours() == [False, True]
    [line] = lines(logs, "rules.rejected")
    assert line["revision_in_force"] == "kept-before"
    await desk.keeper.look()  # the mistake was told at the start
    assert len(lines(logs, "rules.rejected")) == 1
    desk.write(RULES)
    await desk.keeper.look()
    assert desk.hours() == [True, True]


async def test_a_start_with_broken_files_and_no_last_good_ones_fails(desk: Desk) -> None:
    desk.write(BROKEN)
    with pytest.raises(RulesError, match="frx"):
        await desk.keeper.start(None)
    assert desk.recorded == []


async def test_a_start_whose_last_good_rules_are_not_good_any_more_fails(desk: Desk) -> None:
    desk.write(BROKEN)
    with pytest.raises(RulesError):
        await desk.keeper.start(desk.stored(BROKEN))


async def test_a_new_year_brings_its_holidays_without_an_edit(desk: Desk, logs: list[Any]) -> None:
    await desk.keeper.start(None)
    revision = desk.keeper.book.rules.revision
    set_to(desk, at("2030-01-02T12:00"))
    await desk.keeper.look()
    assert desk.keeper.book.rules.revision == revision
    assert not desk.is_open(at("2031-12-25T16:00"))  # a Thursday
    assert desk.is_open(at("2031-12-26T16:00"))
    assert len(lines(logs, "rules.unchanged")) == 1


async def test_warnings_are_told_and_keep_nothing_back(desk: Desk, logs: list[Any]) -> None:
    desk.write(RULES.replace("17:00", "23:59"))
    await desk.keeper.start(None)
    [line] = lines(logs, "rules.warned")
    assert "23:59" in line["problem"]


async def test_an_edit_is_acted_upon_before_it_is_on_disk(desk: Desk) -> None:
    await desk.keeper.start(None)
    gate = asyncio.Event()

    async def slow(_changes: Sequence[Change]) -> None:
        await gate.wait()

    desk.keeper._record = slow
    desk.write(OTHER)
    looking = asyncio.create_task(desk.keeper.look())
    await until(lambda: desk.changes == 1)
    assert desk.hours() == [False, True]
    gate.set()
    await looking


async def test_files_whose_loading_failed_for_another_reason_are_loaded_at_the_next_look(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.keeper.start(None)
    desk.write(OTHER)
    with monkeypatch.context() as broken:
        broken.setattr(desk.keeper, "_load", lambda _sources: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            await desk.keeper.look()
    assert desk.hours() == [True, True]
    await desk.keeper.look()
    assert desk.hours() == [False, True]
