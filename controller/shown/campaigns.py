"""A campaign as a whole: open or closed now, why, and when that changes; by the function that decides about jobs."""

from collections.abc import Iterable, Mapping

from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

from controller.core.campaign import Incident
from controller.core.decide import judge
from controller.core.decision import Desired, Judgement
from controller.core.forecast import State, covers_every_job
from controller.core.hours import CampaignHours
from controller.core.instant_text import rfc3339
from controller.core.interval import Instant
from controller.core.situation import Situation
from controller.shown.record_types import SelectorRecord
from controller.shown.records import instant, selector_record

TRANSITIONS = 3
"""How many are shown."""


class TransitionRecord(TypedDict):
    """What a campaign changes to, when, and why."""

    at: str
    state: str
    reason: str
    detail: str


class CampaignRecord(TypedDict):
    """A campaign now (`state` is open or closed), its next transitions, its rules, its jobs by status, and the
    incidents under way that cover only some of them.
    """

    campaign: str
    state: str
    reason: str
    detail: str
    until: str | None
    transitions: list[TransitionRecord]
    calendars: list[str]
    timezones: list[str]
    match: SelectorRecord | None
    close_early: int
    resume: str
    start: bool
    on_drift: str
    jobs: dict[str, int]
    partial_incidents: list[str]


def campaign_record(
    hours: CampaignHours, incidents: Iterable[Incident], now: Instant, jobs: Mapping[str, int]
) -> CampaignRecord:
    """The record of one campaign; `incidents` are all that there are, `jobs` its jobs by status."""
    campaign = hours.campaign
    known = [each for each in incidents if now < each.until]
    whole = tuple(each for each in known if covers_every_job(each, campaign))
    situation = Situation((hours,), whole)
    judgement = judge(situation, now)
    return {
        "campaign": campaign.name,
        "state": _state(judgement),
        "reason": judgement.reason.value,
        "detail": judgement.detail,
        "until": instant(judgement.until),
        "transitions": _transitions(situation, judgement),
        "calendars": [each.name for each in campaign.calendars],
        "timezones": list(dict.fromkeys(each.zone.key for each in campaign.calendars)),
        "match": selector_record(campaign.match),
        "close_early": campaign.close_early,
        "resume": campaign.resume.value,
        "start": campaign.start,
        "on_drift": campaign.on_drift.value,
        "jobs": dict(jobs),
        "partial_incidents": [each.name for each in known if each not in whole and each.since <= now],
    }


def _transitions(situation: Situation, judgement: Judgement) -> list[TransitionRecord]:
    found: list[TransitionRecord] = []
    while judgement.until is not None and len(found) < TRANSITIONS:
        at = judgement.until
        judgement = judge(situation, at)
        found.append(
            {
                "at": rfc3339(at),
                "state": _state(judgement),
                "reason": judgement.reason.value,
                "detail": judgement.detail,
            }
        )
    return found


def _state(judgement: Judgement) -> str:
    return (State.OPEN if judgement.desired is Desired.DIAL else State.CLOSED).value
