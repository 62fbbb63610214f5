import csv
import io
import json
from itertools import pairwise
from typing import Any

import pytest

from controller.core.decide import judge
from controller.core.decision import Desired
from controller.core.instant_text import rfc3339
from controller.core.rulebook import Rulebook
from controller.core.situation import Situation
from controller.rules.loader import load_rules_folder
from tests.cli.stage import Stage

WEEK = ("--from", "2026-11-23T00:00:00-05:00", "--until", "2026-12-03T00:00:00-05:00")


def of(records: list[dict[str, Any]], campaign: str) -> dict[str, Any]:
    return next(each for each in records if each["campaign"] == campaign)


def test_the_record_is_as_documented(stage: Stage) -> None:
    found = stage.records("preview", *WEEK)
    assert [each["campaign"] for each in found] == ["night", "renewals", "starts"]
    for each in found:
        assert list(each) == ["campaign", "timezone", "intervals", "partial_incidents"]
        for interval in each["intervals"]:
            assert list(interval) == ["from", "until", "state", "reason", "detail"]
            assert interval["state"] in ("open", "closed")
    assert of(found, "renewals")["timezone"] == "America/New_York"


def test_intervals_are_gapless_from_begin_to_end(stage: Stage) -> None:
    for each in stage.records("preview", *WEEK):
        intervals = each["intervals"]
        assert intervals[0]["from"] == "2026-11-23T05:00:00Z"
        assert intervals[-1]["until"] == "2026-12-03T05:00:00Z"
        assert all(one["until"] == other["from"] for one, other in pairwise(intervals))


def test_a_holiday_a_special_date_and_an_incident_are_named(stage: Stage) -> None:
    found = stage.records("preview", *WEEK[:3], "2026-12-25T00:00:00-05:00")
    said = {(each["reason"], each["detail"]) for each in of(found, "renewals")["intervals"]}
    assert ("holiday", "floor: Thanksgiving Day") in said
    assert ("incident", "flood: The floor is under water") in said
    assert any(reason == "special_date" for reason, _detail in said)


def test_a_campaign_closes_early_and_says_so(stage: Stage) -> None:
    found = stage.records("preview", "--campaign", "starts", *WEEK[:3], "2026-11-24T00:00:00-05:00")
    assert [(each["from"], each["until"], each["state"]) for each in found[0]["intervals"]] == [
        ("2026-11-23T05:00:00Z", "2026-11-23T14:00:00Z", "closed"),
        ("2026-11-23T14:00:00Z", "2026-11-23T21:59:00Z", "open"),
        ("2026-11-23T21:59:00Z", "2026-11-23T22:00:00Z", "closed"),
        ("2026-11-23T22:00:00Z", "2026-11-24T05:00:00Z", "closed"),
    ]


def test_incidents_that_cover_some_jobs_are_apart_and_those_that_cover_all_are_in_the_intervals(stage: Stage) -> None:
    renewals = of(stage.records("preview", *WEEK), "renewals")
    assert renewals["partial_incidents"] == [
        {
            "incident": "carrier",
            "reason": "Carrier is down",
            "from": "2026-11-30T15:00:00Z",
            "until": "2026-11-30T16:00:00Z",
        }
    ]
    assert "incident" in {each["reason"] for each in renewals["intervals"]}


def test_an_incident_without_an_end_is_on_until_it_is_removed(stage: Stage) -> None:
    stage.write(
        "incidents: {endless: {reason: '[red]Fire[/red]', match: {ids: [j1]}, from: 2026-11-24T00:00:00Z}}", "b.yaml"
    )
    renewals = of(stage.records("preview", *WEEK), "renewals")
    assert {each["incident"]: each["until"] for each in renewals["partial_incidents"]}["endless"] is None
    drawn = stage.run("preview", *WEEK).stdout
    assert "may cover some of its jobs: incident endless: [red]Fire[/red], from Mon 2026-11-23" in drawn
    assert "on until removed" in drawn


def test_what_is_shown_is_what_the_core_decides(stage: Stage) -> None:
    rulebook = Rulebook(load_rules_folder(stage.folder / "rules", now=stage.clock.now()).rules)
    shown = of(stage.records("preview", *WEEK), "starts")
    situation = Situation((rulebook.campaigns["starts"],))
    begin = 1_795_410_000  # 2026-11-23T05:00:00Z
    assert rfc3339(begin) == shown["intervals"][0]["from"]
    spans = [(each["from"], each["until"], each) for each in shown["intervals"]]
    for minute in range(10 * 24 * 60):
        instant = begin + minute * 60
        text = rfc3339(instant)
        interval = next(each for since, until, each in spans if since <= text < until)
        judgement = judge(situation, instant)
        assert (interval["state"] == "open") == (judgement.desired is Desired.DIAL)
        assert (interval["reason"], interval["detail"]) == (judgement.reason, judgement.detail)


def test_the_span_is_seven_days_from_now_by_default(stage: Stage) -> None:
    intervals = stage.records("preview")[0]["intervals"]
    assert intervals[0]["from"].startswith("2026-11-24T17:0")
    assert intervals[-1]["until"].replace("2026-12-01", "2026-11-24") == intervals[0]["from"]


@pytest.mark.parametrize("columns", [80, 160])
def test_a_drawing_fits_and_its_strips_stay_whole(stage: Stage, columns: int) -> None:
    stage.env["COLUMNS"] = str(columns)
    drawn = stage.run("preview", *WEEK).stdout
    assert max(map(len, drawn.splitlines())) <= columns
    assert len([line for line in drawn.splitlines() if line[4:9] == "2026-"]) == 30
    assert len([line for line in drawn.splitlines() if "·" * 18 + "█" * 15 + "▒" + "·" * 14 in line]) == 13
    assert "The floor is under water" in " ".join(drawn.split()) or columns == 80


def strips(drawn: str) -> dict[str, str]:
    """The 48 half hours of each drawn day, and its notes."""
    return {line[4:14]: line[16:].rstrip() for line in drawn.splitlines() if line[4:8] in ("2026", "2027")}


def test_each_half_hour_of_a_day_is_one_character_and_hours_are_in_words(stage: Stage) -> None:
    drawn = strips(stage.run("preview", "--campaign", "starts", *WEEK).stdout)
    assert drawn["2026-11-23"] == "·" * 18 + "█" * 15 + "▒" + "·" * 14 + "  09:00-16:59"
    assert drawn["2026-11-26"] == "·" * 48 + "  Holiday (floor: Thanksgiving Day)"
    assert drawn["2026-11-28"] == "·" * 48 + "  closed"


def test_incidents_and_special_dates_are_named_beside_the_day(stage: Stage) -> None:
    drawn = strips(stage.run("preview", "--campaign", "renewals", *WEEK).stdout)
    assert drawn["2026-12-01"].endswith("09:00-09:59 15:15-16:59; Incident (flood: The floor is under water)")
    assert drawn["2026-12-01"][30] == "▒"  # 15:00 to 15:30 holds the end of the incident
    late = ("--from", "2026-12-24T00:00:00-05:00", "--until", "2026-12-25T00:00:00-05:00")
    drawn = strips(stage.run("preview", "--campaign", "starts", *late).stdout)
    assert drawn["2026-12-24"].startswith("·" * 18 + "█" * 5 + "▒" + "·" * 24 + "  09:00-11:59; Special date (")


def test_strips_stay_under_their_ruler_when_clocks_change(stage: Stage) -> None:
    stage.write(
        "calendars: {c: {timezone: America/New_York, hours: {sun: ['01:00-04:00']}}}\n"
        "campaigns: {n: {match: {names: ['N *']}, calendars: [c]}}\n"
    )
    spans = ("--from", "2026-10-31T00:00:00-04:00", "--until", "2027-03-15T00:00:00-04:00")
    drawn = strips(stage.run("preview", "--campaign", "n", *spans).stdout)
    assert drawn["2026-11-01"] == "··" + "█" * 5 + "▒" + "·" * 40 + "  01:00-03:59; clocks go back 60 min"
    assert drawn["2027-03-14"] == "··██  █▒" + "·" * 40 + "  01:00-03:59; clocks go forward 60 min"
    assert drawn["2027-03-07"] == "··" + "█" * 5 + "▒" + "·" * 40 + "  01:00-03:59"


@pytest.mark.parametrize(
    ("zone", "day", "gap", "said"),
    [
        ("Africa/Cairo", "2026-04-24", slice(0, 2), "forward 60"),  # at midnight
        ("Australia/Lord_Howe", "2026-10-04", slice(4, 5), "forward 30"),
        ("America/Havana", "2026-03-08", slice(0, 2), "forward 60"),
    ],
)
def test_a_skipped_half_hour_is_blank(stage: Stage, zone: str, day: str, gap: slice, said: str) -> None:
    stage.write(
        f"calendars: {{c: {{timezone: {zone}, hours: {{mon-sun: ['00:00-24:00']}}}}}}\n"
        "campaigns: {n: {match: {names: ['N *']}, calendars: [c], close_early: 0s}}\n"
    )
    spans = ("--from", f"{day}T12:00Z", "--until", f"{day}T13:00Z")
    year = ("--from", f"{day[:8]}01T00:00Z", "--until", f"{day[:8]}27T00:00Z")
    drawn = strips(stage.run("preview", *year).stdout)
    assert drawn[day][gap] == " " * (gap.stop - gap.start)
    assert set(drawn[day][: gap.start] + drawn[day][gap.stop : 48]) == {"█"}
    assert f"clocks go {said} min" in drawn[day]
    assert "clocks" not in "".join(note for other, note in drawn.items() if other != day)
    assert strips(stage.run("preview", *spans).stdout)[day].strip(" █").startswith("")


def test_what_lies_outside_of_the_span_is_blank(stage: Stage) -> None:
    part = ("--from", "2026-11-23T10:00:00-05:00", "--until", "2026-11-23T11:00:00-05:00")
    drawn = strips(stage.run("preview", "--campaign", "starts", *part).stdout)
    assert drawn == {"2026-11-23": " " * 20 + "██" + " " * 26 + "  10:00-11:00"}


def test_the_csv_has_a_row_for_each_interval_and_partial_incident(stage: Stage) -> None:
    done = stage.run("preview", *WEEK, "--output", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert list(rows[0]) == ["campaign", "timezone", "from", "until", "state", "reason", "detail"]
    records = stage.records("preview", *WEEK)
    assert len(rows) == sum(len(each["intervals"]) + len(each["partial_incidents"]) for each in records)
    partial = [row for row in rows if row["state"] == "partial_incident"]
    assert [
        (row["from"], row["until"], row["reason"], row["detail"]) for row in partial if row["campaign"] == "renewals"
    ] == [("2026-11-30T15:00:00Z", "2026-11-30T16:00:00Z", "incident", "carrier: Carrier is down")]


def test_json_lines_are_the_same_records(stage: Stage) -> None:
    done = stage.run("preview", *WEEK, "--output", "jsonl")
    assert [json.loads(line) for line in done.stdout.splitlines()] == stage.records("preview", *WEEK)


def test_an_unknown_campaign_is_bad_usage_and_the_known_ones_are_named(stage: Stage) -> None:
    done = stage.run("preview", "--campaign", "renewal")
    assert done.exit_code == 2
    assert "there is no campaign 'renewal'; the rules define night, renewals, starts" in done.stderr


def test_rules_without_a_campaign_say_so(stage: Stage) -> None:
    stage.write("calendars: {}\n")
    assert stage.run("preview").stdout.startswith("The rules define no campaign.")
    done = stage.run("preview", "--campaign", "renewals")
    assert "the rules define none" in done.stderr


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2026-11-23T00:00Z", "2026-11-23T00:00Z"),
        ("2026-11-23T00:00Z", "2026-11-22T00:00Z"),
        ("2026-11-23T00:00Z", "2030-11-22T00:00Z"),
    ],
)
def test_a_span_must_go_forward_and_not_too_far(stage: Stage, since: str, until: str) -> None:
    done = stage.run("preview", "--from", since, "--until", until)
    assert done.exit_code == 2
    assert "--until must be after --from, and by no more than three years" in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-11-23T14:05:00", "has no offset; write it as 2026-11-23T14:05:00-05:00 or with Z for UTC"),
        ("2026-11-23", "has no offset"),
        ("tomorrow", "is not an instant; write it as 2026-11-23T14:05:00-05:00"),
        ("0001-01-01T00:00+14:00", "is not in the years 1990 to 2200"),
        ("9999-12-31T23:59Z", "is not in the years 1990 to 2200"),
    ],
)
def test_an_instant_needs_an_offset_and_a_sensible_year(stage: Stage, text: str, said: str) -> None:
    for command in ("preview", "--from"), ("plan", "--at"), ("audit", "--since"):
        done = stage.run(*command, text)
        assert done.exit_code == 2
        assert said in done.stderr


def test_no_key_and_no_workspace_is_asked(stage: Stage) -> None:
    stage.env["STAGE_KEY"] = None
    assert stage.run("preview").exit_code == 0
    assert not (stage.folder / "var").exists()
