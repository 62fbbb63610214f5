"""Valid rules that may not mean what they say: warnings, never errors."""

from collections.abc import Iterator, Mapping

from controller.core.calendar import Calendar, open_intervals
from controller.core.campaign import Campaign, Resume, RuleSet
from controller.core.hours import AHEAD, CampaignHours
from controller.core.instant_text import local_text, rfc3339
from controller.core.interval import Instant, Interval
from controller.core.zone import DAY
from controller.rules.clock_text import window_text
from controller.rules.entries import Named
from controller.rules.lint_clock_changes import clock_changes
from controller.rules.problem import LintWarning
from controller.rules.schema import CalendarRule, CampaignRule, IncidentRule

_LONG_OVER = 30 * DAY
_MIDNIGHT = 1440


def lint(
    rules: RuleSet,
    calendars: Mapping[str, Named[CalendarRule]],
    campaigns: Mapping[str, Named[CampaignRule]],
    incidents: Mapping[str, Named[IncidentRule]],
    now: Instant,
) -> tuple[LintWarning, ...]:
    """Find what is doubtful about rules, seen from `now`; sorted by place."""
    found: set[LintWarning] = set()
    for name, calendar in rules.calendars.items():
        entry = calendars[name]
        if entry.rule is not None:
            found |= set(_calendar(entry, entry.rule, calendar, now))
    for campaign in rules.campaigns:
        found |= set(_campaign(campaigns[campaign.name], campaign, now))
    for incident in incidents.values():
        found |= set(_incident(incident, now))
    if not campaigns:
        found.add(
            LintWarning(
                min(rules.sources, default="rules"), 0, 0, "campaigns", "no file has one, so no job is controlled"
            )
        )
    return tuple(sorted(found))


def _calendar(
    entry: Named[CalendarRule],
    rule: CalendarRule,
    calendar: Calendar,
    now: Instant,
) -> Iterator[LintWarning]:
    if not open_intervals(calendar, Interval(now, now + AHEAD)):
        yield entry.warning(message="it never opens in the next 400 days, check hours, holidays and dates")
    for field, keys in (("hours", rule.hours), ("dates", rule.dates)):
        for key, windows in keys.items():
            for index, window in enumerate(windows):
                if window.end % _MIDNIGHT == _MIDNIGHT - 1:
                    message = f"{window_text(window)} leaves out the last minute of the day, write 24:00 if it is meant"
                    yield entry.warning(field, key.text, index, message=message)
    yield from _cut_tails(entry, rule)
    yield from clock_changes(entry, rule, calendar, now)


def _cut_tails(entry: Named[CalendarRule], rule: CalendarRule) -> Iterator[LintWarning]:
    """In a range of dates the date after has an entry too, so that what goes past midnight is cut."""
    for key, windows in rule.dates.items():
        for index, window in enumerate(windows):
            if window.end > _MIDNIGHT and key.first != key.last:
                rest = window_text(window)[-5:]
                message = (
                    f"{window_text(window)} is cut at midnight, since each next date of the range has its own entry; "
                    f'add "00:00-{rest}" if the night is meant, or write {window_text(window)[:5]}-24:00'
                )
                yield entry.warning("dates", key.text, index, message=message)


def _campaign(entry: Named[CampaignRule], campaign: Campaign, now: Instant) -> Iterator[LintWarning]:
    if campaign.start:
        yield entry.warning("start", message="every matching job in INIT is launched in open hours, write false if not")
    if campaign.resume is Resume.ANY:
        message = "pauses that people made are undone too, at every pass; write own if they are to stay"
        yield entry.warning("resume", message=message)
    hours = [interval for interval in CampaignHours(campaign).hours(now).intervals if interval.end > now]
    if all(interval.start >= now + AHEAD for interval in hours):
        alone = (open_intervals(calendar, Interval(now, now + AHEAD)) for calendar in campaign.calendars)
        if all(alone):
            message = "these calendars are never open together in the next 400 days, check zones, hours and holidays"
            yield entry.warning("calendars", message=message)
        return
    # The intervals at the end of what was compiled may go on.
    short = [each for each in hours if each.end < now + AHEAD and each.end - each.start <= campaign.close_early]
    if short:
        zone = campaign.calendars[0].zone
        first = f"{local_text(short[0].start, zone)} to {local_text(short[0].end, zone)}"
        message = (
            f"the interval {first} is no longer than close_early ({campaign.close_early} s), so that it never opens; "
            f"lengthen the window or shorten close_early (so it is with {len(short)} in the next 400 days)"
        )
        yield entry.warning("close_early", message=message)


def _incident(entry: Named[IncidentRule], now: Instant) -> Iterator[LintWarning]:
    until = entry.rule.until if entry.rule else None
    if until is not None and until < now - _LONG_OVER:
        yield entry.warning("until", message=f"it has been over since {rfc3339(until)}, remove the incident")
