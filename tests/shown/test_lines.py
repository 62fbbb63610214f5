import math
from typing import Any

import pytest

from controller.core.campaign import Hold, Incident, Resume
from controller.core.claim import Claim, ClaimState
from controller.core.decide import decide
from controller.core.finding import FindingKind
from controller.core.hours import CampaignHours
from controller.core.job import Job, JobKey, Status
from controller.core.situation import Situation
from controller.shown.lines import JobLine, JobState, job_line
from controller.shown.overview import overview
from tests.core.build import at, campaign

OPEN, SHUT = at("2026-11-23T16:50"), at("2026-11-23T17:10")
HOURS = CampaignHours(campaign())
STORM = Incident("storm", "agents sent home", OPEN - 60, author="ann")
QUIET = Hold(JobKey("main", "1"), "ben", "a complaint", OPEN - 60)
CLAIM = Claim("c", "main", "1", "US", ClaimState.HELD, "outside_hours", "", OPEN, OPEN, ("renewals",))
ADOPTED = Claim("c", "main", "1", "US", ClaimState.HELD, "adopted", "", OPEN, OPEN, ("renewals",), "cem")


def line(status: Status, now: float, found: tuple[FindingKind, ...] = (), **more: Any) -> JobLine:
    job = Job("main", "1", "US", status, "agent", None, status.value)
    situation = Situation(**{"campaigns": (HOURS,), **more})
    return job_line(decide(job, situation, now), situation, found)


@pytest.mark.parametrize(
    ("given", "state", "title", "who"),
    [
        (line(Status.ACTIVE, OPEN), JobState.DIALING, "Open", ""),
        (line(Status.PAUSED, SHUT, claim=CLAIM), JobState.RULES, "Outside hours", "the rules"),
        (line(Status.PAUSED, SHUT, claim=ADOPTED), JobState.RULES, "Outside hours", "cem (adopted)"),
        (line(Status.PAUSED, SHUT), JobState.PERSON, "Outside hours", "someone in Vogent"),
        (line(Status.PAUSED, OPEN), JobState.PERSON, "Paused by someone in Vogent, not by us", "someone in Vogent"),
        (
            line(Status.PAUSED, OPEN, campaigns=()),
            JobState.PERSON,
            "Paused by someone in Vogent, not by us",
            "someone in Vogent",
        ),
        (line(Status.PAUSED, OPEN, claim=CLAIM, incidents=(STORM,)), JobState.INCIDENT, "Incident", "ann"),
        (line(Status.PAUSED, OPEN, claim=CLAIM, holds=(QUIET,)), JobState.PERSON, "On hold", "ben (hold)"),
        (
            line(Status.PAUSED, OPEN, claim=CLAIM, campaigns=()),
            JobState.RULES,
            "Paused by us for a campaign that no longer matches",
            "the rules",
        ),
        (line(Status.INIT, OPEN), JobState.NOT_STARTED, "Not started in Vogent yet", ""),
        (line(Status.COMPLETE, OPEN), JobState.FINISHED, "Finished", ""),
        (line(Status.UNKNOWN, OPEN), JobState.UNKNOWN, "Its status is unknown to us", ""),
    ],
)
def test_a_line_says_the_state_why_and_who(given: JobLine, state: JobState, title: str, who: str) -> None:
    assert (given.state, given.title, given.who) == (state, title, who)


def test_a_job_that_dials_and_must_not_is_told_to_be_looked_at() -> None:
    given = line(Status.ACTIVE, SHUT)
    assert (given.state, given.look) == (JobState.DIALING, True)
    assert given.note == "it dials and must not; a pause is sent"


CLOSE = at("2026-11-23T17:00")
NEXT_OPEN = at("2026-11-24T09:00")
RULES_STORM = Incident("storm", "agents sent home", OPEN - 60)
SHORT_STORM = Incident("storm", "agents sent home", OPEN - 60, OPEN + 60, author="ann")
ANY = (CampaignHours(campaign(resume=Resume.ANY)),)
NEVER = (CampaignHours(campaign(resume=Resume.NEVER)),)
SOMEBODY = "somebody resumes it"


@pytest.mark.parametrize(
    ("given", "until", "words"),
    [
        (line(Status.ACTIVE, OPEN), CLOSE, ""),
        (line(Status.PAUSED, SHUT, claim=CLAIM), NEXT_OPEN, ""),
        (line(Status.PAUSED, SHUT), None, SOMEBODY),
        (line(Status.PAUSED, SHUT, campaigns=ANY), NEXT_OPEN, ""),
        (line(Status.PAUSED, OPEN), None, SOMEBODY),
        (line(Status.PAUSED, OPEN, campaigns=()), None, SOMEBODY),
        (line(Status.PAUSED, OPEN, incidents=(SHORT_STORM,)), None, SOMEBODY),
        (line(Status.PAUSED, OPEN, claim=CLAIM, campaigns=NEVER), None, SOMEBODY),
        (line(Status.PAUSED, OPEN, claim=CLAIM, incidents=(STORM,)), None, "somebody closes the incident"),
        (line(Status.PAUSED, OPEN, claim=CLAIM, incidents=(RULES_STORM,)), None, "the rules files end the incident"),
        (line(Status.PAUSED, OPEN, claim=CLAIM, incidents=(SHORT_STORM,)), OPEN + 60, ""),
        (line(Status.PAUSED, OPEN, claim=CLAIM, holds=(QUIET,)), None, "somebody releases it"),
        (line(Status.PAUSED, OPEN, claim=CLAIM, campaigns=()), None, "somebody decides about it"),
        (line(Status.INIT, OPEN), None, "somebody starts it"),
        (line(Status.COMPLETE, OPEN), None, "for good"),
        (line(Status.ACTIVE, OPEN, campaigns=()), None, ""),
    ],
)
def test_a_line_says_until_when_or_what_must_happen_first(given: JobLine, until: int | None, words: str) -> None:
    assert (given.until, given.until_words) == (until, words)


def test_a_line_names_what_was_found_in_the_order_of_the_findings_page() -> None:
    given = line(Status.ACTIVE, OPEN, (FindingKind.SCHEDULE_NARROWER, FindingKind.SCHEDULE_WIDER))
    assert given.found == ("Provider schedule allows too much", "Provider schedule allows too little")


def test_what_stands_behind_the_deciding_rule_is_told_in_plain_words() -> None:
    given = line(Status.PAUSED, SHUT, claim=CLAIM, incidents=(STORM,), holds=(QUIET,))
    assert "; also on hold (" in given.detail
    assert "; also outside hours (" in given.detail


def test_only_incidents_that_are_named_say_who() -> None:
    later = Incident("later", "a drill", OPEN + 3600, author="dee")
    over = Incident("over", "was one", OPEN - 60, math.inf, author="eve")
    assert line(Status.PAUSED, OPEN, claim=CLAIM, incidents=(STORM, later)).who == "ann"
    assert line(Status.PAUSED, OPEN, claim=CLAIM, incidents=(STORM, over)).who == "ann, eve"
    assert line(Status.PAUSED, OPEN, incidents=(Incident("x", "y", OPEN),)).who == "the rules files"


def test_an_overview_counts_each_state_and_what_to_look_at() -> None:
    lines = [
        *[line(Status.ACTIVE, OPEN)] * 14,
        *[line(Status.PAUSED, SHUT, claim=CLAIM)] * 5,
        line(Status.PAUSED, SHUT, (FindingKind.SCHEDULE_WIDER,), claim=CLAIM),
        line(Status.PAUSED, OPEN),
        line(Status.UNKNOWN, OPEN),
    ]
    found = overview(lines)
    assert found.text == "14 dialing, 6 paused by rules, 1 by a person, 1 of unknown status, 2 to look at"
    assert found.total == 22


def test_a_state_that_stands_alone_is_told_in_full() -> None:
    assert overview([line(Status.PAUSED, OPEN)]).text == "1 paused by a person"
    incident = line(Status.PAUSED, OPEN, claim=CLAIM, incidents=(STORM,))
    assert overview([incident, line(Status.PAUSED, OPEN)]).text == "1 paused by an incident, 1 by a person"
    assert overview([]).text == "no jobs"
