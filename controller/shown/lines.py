"""A job in one line, for people who look: its state, why in plain words, until when, and who decided."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from controller.core.campaign import Hold, Incident, Resume
from controller.core.decision import Action, Because, Decision, Desired, Reason
from controller.core.finding import FindingKind
from controller.core.interval import Instant
from controller.core.job import JobKey, Status
from controller.core.situation import Situation, least_resume
from controller.shown.advice import ADVICE
from controller.shown.words import because_text, plain_detail, reason_title


class JobState(StrEnum):
    """What a job does, and if nothing, by whom that is."""

    DIALING = "dialing"
    RULES = "rules"
    INCIDENT = "incident"
    PERSON = "person"
    NOT_STARTED = "not_started"
    FINISHED = "finished"
    UNKNOWN = "unknown"


STATE_WORDS = {
    JobState.DIALING: "dialing",
    JobState.RULES: "paused by rules",
    JobState.INCIDENT: "paused by an incident",
    JobState.PERSON: "paused by a person",
    JobState.NOT_STARTED: "not started",
    JobState.FINISHED: "finished",
    JobState.UNKNOWN: "of unknown status",
}

_WANTS_A_LOOK = frozenset(
    {
        Because.OVERRIDDEN,
        Because.RUNNING,
        Because.ORPHANED,
        Because.UNREAD,
        Because.CLOCK_UNTRUSTED,
        Because.UNKNOWN_STATUS,
    }
)
_OF_ITS_OWN = _WANTS_A_LOOK | {Because.PAUSED_BY_OTHERS, Because.RESUME_NEVER, Because.NOT_STARTED}
"""What says more of why a job does not dial than that its rules are open."""

_UNTIL = {
    Because.PAUSED_BY_OTHERS: "somebody resumes it",
    Because.RESUME_NEVER: "somebody resumes it",
    Because.NOT_STARTED: "somebody starts it",
    Because.ORPHANED: "somebody decides about it",
    Because.UNREAD: "it can be read again",
    Because.CLOCK_UNTRUSTED: "the clock is trusted again",
    Because.FINISHED: "for good",
}
"""What ends it where the rules do not: their next change would only seem to be an end."""


@dataclass(frozen=True, slots=True)
class JobLine:
    """`title`, `detail` and `note` say why; `until` is when that next changes, or `until_words` say what must happen
    for it; with neither nothing changes within 400 days. `zone` is its campaign's, UTC where it has none. `look`:
    somebody should; `found` are the titles of the findings that stand on it.
    """

    key: JobKey
    name: str
    status: str
    state: JobState
    title: str
    detail: str
    note: str
    until: Instant | None
    until_words: str
    zone: ZoneInfo
    who: str
    campaigns: tuple[str, ...]
    look: bool
    found: tuple[str, ...]

    @property
    def state_words(self) -> str:
        """The state for people."""
        return STATE_WORDS[self.state]


def job_line(decision: Decision, situation: Situation, found: Collection[FindingKind]) -> JobLine:
    """The line of one decision; `found` are the findings that stand on the job."""
    job = decision.job
    state = _state(decision, situation)
    title, detail, note = _why(decision)
    until_words = _until_words(decision, situation)
    return JobLine(
        key=job.key,
        name=job.name,
        status=job.status_text,
        state=state,
        title=title,
        detail=plain_detail(detail),
        note=note,
        until=None if until_words else decision.until,
        until_words=until_words,
        zone=zone_of(situation),
        who=_who(decision, situation, state),
        campaigns=situation.campaign_names,
        look=bool(found) or decision.because in _WANTS_A_LOOK,
        found=tuple(ADVICE[kind].title for kind in FindingKind if kind in found) if found else (),
    )


def zone_of(situation: Situation) -> ZoneInfo:
    """In which times are told: of the first campaign's first calendar, UTC where no campaign matches."""
    zones = (hours.campaign.calendars[0].zone for hours in situation.campaigns)
    return next(zones, ZoneInfo("UTC"))


def _state(decision: Decision, situation: Situation) -> JobState:
    status = decision.job.status
    if status is not Status.PAUSED:
        return _BY_STATUS[status]
    if decision.desired is Desired.PAUSE and decision.reason is Reason.INCIDENT:
        return JobState.INCIDENT
    if decision.desired is Desired.PAUSE and decision.reason is Reason.HOLD:
        return JobState.PERSON
    return JobState.PERSON if situation.claim is None else JobState.RULES


_BY_STATUS = {
    Status.ACTIVE: JobState.DIALING,
    Status.INIT: JobState.NOT_STARTED,
    Status.COMPLETE: JobState.FINISHED,
    Status.CANCELLED: JobState.FINISHED,
    Status.UNKNOWN: JobState.UNKNOWN,
}


def _why(decision: Decision) -> tuple[str, str, str]:
    """Title, detail and note."""
    title, because = reason_title(decision.reason), because_text(decision)
    if decision.desired is Desired.PAUSE:
        told = because if decision.because is not Because.ALREADY else ""
        sent = f"{because}; a pause is sent" if decision.action is Action.PAUSE else told
        return title, decision.detail, sent
    if decision.because in _OF_ITS_OWN:
        return _capital(because), "", f"by the rules: {title}"
    if decision.action in (Action.RESUME, Action.START):
        return title, decision.detail, f"{because}; it is about to dial"
    if decision.reason is Reason.UNMATCHED and decision.job.status is Status.PAUSED:
        return "Paused by someone in Vogent, not by us", "", title
    return title, "" if decision.reason is Reason.UNMATCHED else decision.detail, ""


def _until_words(decision: Decision, situation: Situation) -> str:
    """Empty where the rules' next change ends it, or nothing does."""
    if decision.job.status is Status.PAUSED and _stays(situation):
        return _UNTIL[Because.PAUSED_BY_OTHERS]
    if decision.desired is not Desired.PAUSE:
        return _UNTIL.get(decision.because, "")
    if decision.until is not None:
        return ""
    if decision.reason is Reason.HOLD:
        return "somebody releases it"
    if decision.reason is Reason.INCIDENT:
        by_hand = any(each.author for each in _covering(decision, situation))
        return "somebody closes the incident" if by_hand else "the rules files end the incident"
    return ""


def _stays(situation: Situation) -> bool:
    """Whether a pause is somebody else's to undo, also where an incident or a hold came on top of it."""
    policy = least_resume(tuple(hours.campaign for hours in situation.campaigns))
    return situation.claim is None and policy is not Resume.ANY


def _who(decision: Decision, situation: Situation, state: JobState) -> str:
    if decision.desired is Desired.PAUSE and decision.reason is Reason.HOLD:
        return ", ".join(dict.fromkeys(hold.author for hold in situation.holds)) + " (hold)"
    if decision.desired is Desired.PAUSE and decision.reason is Reason.INCIDENT:
        return ", ".join(dict.fromkeys(map(_opened_by, _covering(decision, situation))))
    if state is JobState.PERSON:
        return "someone in Vogent"
    if state is JobState.RULES and situation.claim is not None:
        ours = situation.claim.author == "controller"
        return "the rules" if ours else f"{situation.claim.author} (adopted)"
    return ""


def _covering(decision: Decision, situation: Situation) -> list[Incident]:
    """Those that the decision names."""
    named = [each for each in situation.incidents if f"{each.name}: {each.reason}" in decision.detail]
    return named or list(situation.incidents)


def _opened_by(stop: Incident | Hold) -> str:
    return stop.author or "the rules files"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
