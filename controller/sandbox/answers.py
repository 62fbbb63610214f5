"""What the sandbox answers, as JSON values in the reference's shapes. A field without a value is left out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.core.instant_text import rfc3339
from controller.sandbox.jobs import Call, SandboxJob


@dataclass(frozen=True, slots=True)
class CallCounts:
    """Calls of one job, or of all. `forbidden_calls` counts by reason the calls that should not have begun."""

    calls_begun: int
    calls_in_progress: int
    calls_finished: int
    forbidden_calls: Mapping[str, int]

    @property
    def forbidden_total(self) -> int:
        """All forbidden calls, whatever the reason."""
        return sum(self.forbidden_calls.values())

    def as_json(self) -> dict[str, Any]:
        """Name the fields as above."""
        return {
            "calls_begun": self.calls_begun,
            "calls_in_progress": self.calls_in_progress,
            "calls_finished": self.calls_finished,
            "forbidden_calls": dict(self.forbidden_calls),
            "forbidden_total": self.forbidden_total,
        }


@dataclass(frozen=True, slots=True)
class Stats:
    """The counts of the whole sandbox, and of each job by its id."""

    total: CallCounts
    jobs: Mapping[str, CallCounts]

    def as_json(self) -> dict[str, Any]:
        """Give the totals, and `jobs`."""
        return {**self.total.as_json(), "jobs": {job: counts.as_json() for job, counts in self.jobs.items()}}


def job_answer(job: SandboxJob) -> dict[str, Any]:
    """Show a BatchDialJob."""
    answer: dict[str, Any] = {
        "id": job.id,
        "name": job.name,
        "status": job.status.value,
        "callAgentId": job.agent_id,
        "maxConcurrentDials": job.shown.max_concurrent_dials,
        "createdAt": rfc3339(job.created),
    }
    if job.shown.from_phone_number_ids is not None:
        answer["fromPhoneNumberIds"] = list(job.shown.from_phone_number_ids)
    if job.shown.schedule is not None:
        answer["schedule"] = json.loads(job.shown.schedule)
    return answer


def row_answer(job: SandboxJob, index: int) -> dict[str, Any]:
    """Show a QueuedDial."""
    row = job.row(index)
    answer: dict[str, Any] = {
        "id": f"{job.id}-row-{index}",
        "toNumber": row.to_number,
        "batchDialJobId": job.id,
        "createdAt": rfc3339(job.created),
    }
    return {**answer, "inputs": dict(row.inputs)} if row.inputs else answer


def call_answer(call: Call) -> dict[str, Any]:
    """Show a call of the sandbox's own list, which the reference does not have."""
    return {
        "job": call.job,
        "to_number": call.to_number,
        "begun": rfc3339(call.begun),
        "ends": rfc3339(call.ends),
        "forbidden": call.forbidden,
    }
