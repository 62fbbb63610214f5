from controller.core.job import Job, Status
from controller.shown.hours_text import provider_hours


def of(schedule: str | None) -> Job:
    return Job("main", "1", "US", Status.ACTIVE, "agent", schedule, "ACTIVE")


def test_windows_are_written_in_their_order_and_a_days_end_as_24() -> None:
    slots = '[{"startTime": "13:30", "endTime": "24:00"}, {"startTime": "09:00", "endTime": "12:30"}]'
    found = provider_hours(of(f'{{"timezone": "UTC", "days": [{{"dayOfWeek": 0, "timeSlots": {slots}}}]}}'))
    assert found.zone == "UTC"
    assert found.days == (*["closed"] * 6, "09:00\u201312:30, 13:30\u201324:00")


def test_a_schedule_that_is_none_or_cannot_be_read_says_so() -> None:
    assert provider_hours(of(None)).problem == "none: the provider limits nothing"
    assert provider_hours(of('{"timezone": "Mars"}')).problem.startswith("it cannot be read: schedule.timezone")
