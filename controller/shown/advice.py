"""What each kind of finding is called, and what a person should do about it."""

from typing import NamedTuple

from controller.core.finding import FindingKind


class Advice(NamedTuple):
    """Words for one kind."""

    title: str
    what_to_do: str


ADVICE = {
    FindingKind.SCHEDULE_MISSING: Advice(
        "No provider schedule",
        "Give the job a weekly schedule in Vogent that is as its campaign's hours: as it is, nothing but this daemon "
        "keeps it from dialing outside of them.",
    ),
    FindingKind.SCHEDULE_WIDER: Advice(
        "Provider schedule allows too much",
        "Narrow the job's schedule in Vogent to the campaign's hours, or widen the hours in the rules if those are "
        "wrong. Until then only this daemon keeps it from dialing in the hours named.",
    ),
    FindingKind.SCHEDULE_NARROWER: Advice(
        "Provider schedule allows too little",
        "The job loses open time: widen its schedule in Vogent, or take the hours out of the rules if it should not "
        "dial then.",
    ),
    FindingKind.SCHEDULE_DISJOINT: Advice(
        "Job can never dial",
        "Schedule and rules have no minute in common, often for a wrong time zone: correct the job's schedule in "
        "Vogent, or the campaign's calendar.",
    ),
    FindingKind.SCHEDULE_UNREADABLE: Advice(
        "Provider schedule cannot be read",
        "Open the job's schedule in Vogent and save it anew; if it looks right there, report the text below.",
    ),
    FindingKind.VERIFY_FAILED: Advice(
        "A change did not take effect",
        "Look at the job in Vogent now: if it dials and must not, pause it there. Every pass goes on trying.",
    ),
    FindingKind.UNKNOWN_STATUS: Advice(
        "Unknown status",
        "Vogent tells a status that its reference does not list. Look at the job there; this daemon pauses it when it "
        "must not dial, and never resumes or starts it.",
    ),
    FindingKind.TUG_OF_WAR: Advice(
        "Somebody keeps resuming it",
        "Find out who or what resumes the job in closed hours, and agree: change the campaign's hours, or stop the "
        "other program. It is paused again each time.",
    ),
    FindingKind.ORPHANED_CLAIM: Advice(
        "Paused by us, and no rule speaks of it any more",
        "Let a campaign match it again, resume it in Vogent, or end our ownership: release --claim JOB --reason WHY.",
    ),
}
"""For every kind."""
