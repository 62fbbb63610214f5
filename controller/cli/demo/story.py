"""The play: who is on stage, what people do, and what should have been seen at the end."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from controller.clock import Clock
from controller.core.interval import Instant
from controller.core.job import Status
from controller.sandbox.sandbox import Sandbox
from controller.store.records import AuditRow

log = structlog.get_logger()

ZONE = ZoneInfo("America/New_York")
EAST, WEST, SURVEY = "us-east", "us-west", "uk-survey"
_MINUTE = 60.0


def _weekdays(zone: str, *slots: tuple[str, str]) -> dict[str, Any]:
    times = [{"startTime": start, "endTime": end} for start, end in slots]
    return {"timezone": zone, "days": [{"dayOfWeek": day, "timeSlots": times} for day in range(1, 6)]}


_FLOOR = _weekdays(ZONE.key, ("08:00", "09:05"), ("09:12", "17:00"))
_TOO_WIDE = _weekdays(ZONE.key, ("08:00", "21:00"))


def cast(box: Sandbox) -> None:
    """Three jobs that dial already, each with a provider schedule that agrees with the rules."""
    london = _weekdays("Europe/London", ("09:00", "14:09"))
    for job, name, schedule in (
        (EAST, "US renewals east", _FLOOR),
        (WEST, "US renewals west", _FLOOR),
        (SURVEY, "UK survey November", london),
    ):
        box.add_job(name, status=Status.ACTIVE, rows=5000, schedule=schedule, job_id=job)


async def act(box: Sandbox, clock: Clock, start: Instant) -> None:
    """What people do behind the daemon's back, at minutes after the start; ends with the play."""

    async def until(minute: float) -> None:
        await clock.sleep(max(0.0, start + minute * _MINUTE - clock.now()))

    await until(14)
    log.info("demo.person_pauses", job=WEST, name="US renewals west")
    box.set_paused(WEST, paused=True)
    await until(23)
    log.info("demo.person_widens_schedule", job=EAST, name="US renewals east", to="08:00-21:00")
    box.put_schedule(EAST, _TOO_WIDE)
    await until(26)


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing that should have happened: when it did (None: never), and the reason that was given."""

    what: str
    at: Instant | None
    reason: str


@dataclass(frozen=True, slots=True)
class _Expected:
    what: str
    event: str
    job: str | None
    also: Callable[[AuditRow], bool] = lambda _row: True


_EXPECTED = (
    _Expected(
        "US renewals east pauses a minute before 09:05", "job.paused", EAST, lambda row: row.reason == "outside_hours"
    ),
    _Expected("UK survey pauses a minute before 14:09 London", "job.paused", SURVEY),
    _Expected("US renewals east opens at 09:12", "job.resumed", EAST),
    _Expected("a person pauses US renewals west", "job.paused_by_others", WEST),
    _Expected("an incident pauses US renewals east", "job.paused", EAST, lambda row: row.reason == "incident"),
    _Expected("the incident begins at 09:18", "incident.opened", None),
    _Expected("the incident ends at 09:21", "incident.closed", None),
    _Expected("US renewals east dials again", "job.resumed", EAST),
    _Expected("its schedule is widened by a person", "schedule.drifted", EAST),
)


def review(rows: list[AuditRow]) -> list[Seen]:
    """Find each expected thing in the audit, in order for each job; and that the person's pause stayed."""
    rest = list(rows)
    seen: list[Seen] = []
    for expected in _EXPECTED:
        row = next((row for row in rest if _fits(row, expected)), None)
        if row is not None:
            rest.remove(row)
        seen.append(Seen(expected.what, row.at if row else None, _reason(row)))
    return [*seen, _stayed(rows)]


def _stayed(rows: list[AuditRow]) -> Seen:
    pause = next((row for row in rows if row.event == "job.paused_by_others" and row.job_id == WEST), None)
    resumed = pause and any(row.event == "job.resumed" and row.job_id == WEST and row.id > pause.id for row in rows)
    kept = pause is not None and not resumed
    return Seen(
        "US renewals west stays paused to the end", rows[-1].at if kept else None, "it is the person's to resume"
    )


def _fits(row: AuditRow, expected: _Expected) -> bool:
    return row.event == expected.event and row.job_id == expected.job and expected.also(row)


def _reason(row: AuditRow | None) -> str:
    return "" if row is None else ": ".join(part for part in (row.reason, row.detail) if part)
