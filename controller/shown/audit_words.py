"""What a line of the audit says, for people who look: its event and its reason in plain words."""

from collections.abc import Mapping
from typing import Any

from controller.core.decision import Reason
from controller.core.finding import FindingKind
from controller.shown.advice import ADVICE
from controller.shown.words import plain_detail, reason_title

_EVENTS = {
    "job.dialed_forbidden": "Job dialed when it must not",
    "job.overridden": "Job resumed in closed hours",
    "job.contested": "Job resumed again and again",
    "job.verify_failed": "Change without effect",
    "schedule.drifted": "Provider schedule differs",
    "schedule.agreed": "Provider schedule agrees again",
    "finding.opened": "Something was found",
    "finding.closed": "No longer found",
    "rules.rejected": "Newer rules refused",
    "store.set_aside": "Damaged store set aside",
    "web.token_refused": "Wrong token refused",
    "webhook.accepted": "Webhook notice accepted",
}
"""Where the event's own words are not plain enough."""

_REASONS = {
    **{kind.value: ADVICE[kind].title for kind in FindingKind},
    **{reason.value: reason_title(reason) for reason in Reason},
}


def event_title(event: str) -> str:
    """`Job paused` of `job.paused`."""
    return _EVENTS.get(event) or event.replace(".", " ").replace("_", " ").capitalize()


def why_title(reason: str | None) -> str:
    """The reason of a decision, or the kind of a finding, in words."""
    return "" if reason is None else _REASONS.get(reason) or reason.replace("_", " ").capitalize()


def why_text(detail: str | None, facts: Mapping[str, Any]) -> str:
    """What more there is to say of it: the detail, for how long a job dialed, what was wrong with files."""
    seconds, problems = facts.get("seconds"), facts.get("problems")
    told = [plain_detail(detail or "")]
    if isinstance(seconds, (int, float)):
        told.append(f"for {seconds:.0f} s" if seconds >= 1 else "for less than a second")
    if isinstance(problems, list):
        told += map(str, problems)
    return "; ".join(filter(None, told))
