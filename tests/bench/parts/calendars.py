"""What a calendar is asked: open now, when next, and a whole year of transitions."""

from collections.abc import Callable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from controller.core import calendar as calendars
from controller.core import hours as compiled
from controller.core import zone as zones
from controller.core.calendar import Calendar, open_intervals
from controller.core.hours import CampaignHours
from controller.core.interval import Interval
from tests.bench.contestants import NOW, ZONE, Missing, custodian, kube_downscaler, opening_hours
from tests.bench.micro import by_turns
from tests.bench.ours import floor
from tests.bench.table import Bar, Row, compared, missing
from tests.core.build import DAY, campaign

PART = "calendar"


def measure() -> Iterator[Row]:
    """Every row of this part."""
    ours = CampaignHours(campaign(floor(), name="us-renewals"))
    yield from _open_now(lambda: ours.is_dialing(NOW))
    yield from _next_change(lambda: ours.next_change(NOW))
    yield from _year(floor())


def _open_now(ours: Callable[[], object]) -> Iterator[Row]:
    utc, zone = ZoneInfo("UTC"), ZoneInfo(ZONE)
    moment = datetime.fromtimestamp(NOW, utc)
    yield _row("open now", "µs", ours, "a bare astimezone", lambda: moment.astimezone(zone), Bar.at_most(1))

    def asked() -> Callable[[], object]:
        theirs = opening_hours()
        return lambda: theirs.is_open(moment)

    for name, find in (("opening-hours-py", asked), ("c7n off-hours", custodian), ("kube-downscaler", kube_downscaler)):
        yield _against("open now", ours, name, find, Bar.at_most(1 / 15))


def _next_change(ours: Callable[[], object]) -> Iterator[Row]:
    moment = datetime.fromtimestamp(NOW, ZoneInfo("UTC"))

    def asked() -> Callable[[], object]:
        theirs = opening_hours()
        return lambda: theirs.next_change(moment)

    yield _against("next change", ours, "opening-hours-py", asked, Bar.at_most(1 / 10))
    yield _against("next change", ours, "a set of CronTriggers", _crons, Bar.at_most(1 / 400))


def _crons() -> Callable[[], object]:
    zone = ZoneInfo(ZONE)
    times = [
        ("mon-fri", 9, 0),
        ("mon-fri", 12, 30),
        ("mon-fri", 13, 30),
        ("mon-fri", 17, 0),
        ("sat", 10, 0),
        ("sat", 14, 0),
    ]
    triggers = [CronTrigger(day_of_week=days, hour=hour, minute=minute, timezone=zone) for days, hour, minute in times]
    moment = datetime.fromtimestamp(NOW, zone)
    return lambda: min(trigger.get_next_fire_time(None, moment) for trigger in triggers)


def _year(calendar: Calendar) -> Iterator[Row]:
    span = Interval(NOW, NOW + 365 * DAY)

    def ours() -> object:
        for cache in (zones._chunk, calendars._plan, calendars._minutes, compiled._open_intervals):
            cache.cache_clear()
        return open_intervals(calendar, span)

    def asked() -> Callable[[], object]:
        zone = ZoneInfo(ZONE)
        begin, end = datetime.fromtimestamp(span.start, zone), datetime.fromtimestamp(span.end, zone)
        theirs = opening_hours()
        return lambda: list(theirs.intervals(begin, end))

    yield _against("a year of transitions, cold", ours, "opening-hours-py", asked, Bar.at_most(1))


def _against(
    what: str, ours: Callable[[], object], against: str, find: Callable[[], Callable[[], object]], bar: Bar
) -> Row:
    try:
        theirs = find()
    except Missing as why:
        return missing(PART, what, against, bar, str(why))
    return _row(what, "µs", ours, against, theirs, bar)


def _row(what: str, unit: str, ours: Callable[[], object], against: str, theirs: Callable[[], object], bar: Bar) -> Row:
    mine, other = by_turns(ours, theirs)
    return compared(PART, what, unit, mine, against, other, bar)
