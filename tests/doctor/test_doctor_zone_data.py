from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.doctor.check import Check, Verdict
from controller.doctor.zone_data import check_zone_data

NOW = datetime(2026, 11, 26, tzinfo=UTC).timestamp()


def compared(folder: Path, pinned: str) -> Check:
    return check_zone_data(NOW, pinned, folder)[1]


def age(pinned: str, now: datetime) -> Check:
    return check_zone_data(now.timestamp(), pinned, Path("/none"))[0]


@pytest.mark.parametrize("name", ["tzdata.zi", "+VERSION"])
@pytest.mark.parametrize(
    ("system", "verdict", "seen"),
    [
        ("2025b", Verdict.OK, "newer than the machine's own, 2025b"),
        ("2026b", Verdict.OK, "the same as the machine's own, 2026b"),
        ("2025z", Verdict.OK, "newer than the machine's own, 2025z"),
        ("2026c", Verdict.WARN, "older than the machine's own, 2026c"),
        ("2026za", Verdict.WARN, "older than the machine's own, 2026za"),
        ("2027a", Verdict.WARN, "older than the machine's own, 2027a"),
        ("unknown", Verdict.WARN, "cannot be compared with the machine's own, unknown"),
    ],
)
def test_the_pinned_data_is_compared_with_the_machine_s(
    tmp_path: Path, name: str, system: str, verdict: Verdict, seen: str
) -> None:
    begin = "# version " if name == "tzdata.zi" else ""
    (tmp_path / name).write_text(f"{begin}{system}\n# This zic input file is in the public domain.\n")
    check = compared(tmp_path, "2026b")
    assert (check.verdict, check.about) == (verdict, "2026b")
    assert check.seen.startswith(seen)
    assert bool(check.todo) == (verdict is Verdict.WARN)


def test_a_machine_without_zone_data_has_nothing_to_compare(tmp_path: Path) -> None:
    assert compared(tmp_path, "2026b").verdict is Verdict.OK
    (tmp_path / "tzdata.zi").write_text("# redo posix_only\n")
    assert compared(tmp_path, "2026b").seen == f"nothing to compare with: {tmp_path} does not tell a release"


@pytest.mark.parametrize(
    ("now", "verdict"),
    [
        (datetime(2024, 2, 1, tzinfo=UTC), Verdict.OK),
        (datetime(2025, 8, 5, tzinfo=UTC), Verdict.OK),
        (datetime(2025, 8, 6, tzinfo=UTC), Verdict.WARN),
        (datetime(2027, 1, 1, tzinfo=UTC), Verdict.WARN),
    ],
)
@pytest.mark.parametrize("pinned", ["2024a", "2024b"])
def test_the_age_is_counted_from_the_middle_of_the_release_s_year(pinned: str, now: datetime, verdict: Verdict) -> None:
    assert age(pinned, now).verdict is verdict


def test_an_age_that_is_too_great_is_told_with_how_it_was_counted() -> None:
    check = age("2024a", datetime(2026, 7, 1, tzinfo=UTC))
    assert check.seen.startswith("the pinned zone data is some 730 days old, counted from the middle of 2024")


def test_a_release_that_is_no_year_has_no_age() -> None:
    check = age("snapshot", datetime(2026, 7, 1, tzinfo=UTC))
    assert (check.verdict, check.seen) == (
        Verdict.WARN,
        "its release is not a year and a letter, so that its age is unknown",
    )


def test_what_is_pinned_here_is_told_and_fresh() -> None:
    assert check_zone_data(NOW)[0].verdict is Verdict.OK
