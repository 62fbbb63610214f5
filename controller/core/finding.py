"""Findings: facts that checking an answer brought up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from controller.core.job import JobKey


class FindingKind(StrEnum):
    """What was found. The schedule kinds compare the provider's weekly schedule with the campaigns' weekly hours."""

    SCHEDULE_MISSING = "schedule_missing"
    SCHEDULE_WIDER = "schedule_wider"
    SCHEDULE_NARROWER = "schedule_narrower"
    SCHEDULE_DISJOINT = "schedule_disjoint"
    SCHEDULE_UNREADABLE = "schedule_unreadable"
    VERIFY_FAILED = "verify_failed"
    UNKNOWN_STATUS = "unknown_status"
    TUG_OF_WAR = "tug_of_war"
    ORPHANED_CLAIM = "orphaned_claim"


#: The kinds on which `on_drift: pause` and `repair` act: those that let the provider dial when the rules forbid it.
DANGEROUS_DRIFT = frozenset(
    {FindingKind.SCHEDULE_MISSING, FindingKind.SCHEDULE_WIDER, FindingKind.SCHEDULE_UNREADABLE},
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact about one job: `detail` for people, `facts` (JSON values only) for machines.

    Two findings are the same finding while job and kind agree; the rest may change as it goes on.
    """

    job: JobKey
    kind: FindingKind
    detail: str
    facts: Mapping[str, Any] = field(default_factory=dict)
