"""A campaign's days as strips: one character for each half hour."""

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from controller.core.forecast import Segment, State
from controller.core.interval import Instant, Interval
from controller.shown.day_words import day_words
from controller.shown.moments import exact
from controller.shown.preview import Preview
from controller.shown.printable import printable

if TYPE_CHECKING:
    from rich.console import Group, RenderableType
    from rich.text import Text

_OPEN, _CLOSED, _PARTLY, _OUTSIDE = "█", "·", "▒", " "
_DAY, _HALF_HOUR, _QUARTER = 86_400, 1800, 900
"""Seconds. Clocks are ahead of UTC by whole quarters of an hour everywhere today."""
_RULER = "".join(f"{hour:<4}" for hour in range(0, 24, 2))


def draw(previews: Sequence[Preview], span: Interval) -> "Group":
    """Each campaign with its days, in the zone of its first calendar."""
    from rich.console import Group  # noqa: PLC0415 - rich is slow to import
    from rich.text import Text  # noqa: PLC0415 - rich is slow to import

    legend = Text(f"{_OPEN} open  {_CLOSED} closed  {_PARTLY} partly; one character is half an hour", style="dim")
    lines = [line for preview in previews for line in _campaign(preview, span)]
    return Group(*lines, legend) if lines else Group("The rules define no campaign.")


def _campaign(preview: Preview, span: Interval) -> "Iterator[RenderableType]":
    from rich.table import Table  # noqa: PLC0415 - rich is slow to import
    from rich.text import Text  # noqa: PLC0415 - rich is slow to import

    campaign = preview.hours.campaign
    zone = campaign.calendars[0].zone
    yield Text(f"{campaign.name} ({zone.key})", style="bold")
    days = Table.grid(padding=(0, 2, 0, 0))
    days.add_column(no_wrap=True)
    days.add_column(no_wrap=True, min_width=len(_RULER))
    days.add_row("", Text(_RULER, style="dim"), "")
    for day in _days(span, zone):
        days.add_row(*_day(day, preview.segments, zone))
    yield days
    for incident in preview.partial:
        ends = "on until removed" if math.isinf(incident.until) else f"until {exact(incident.until, zone)}"
        text = f"may cover some of its jobs: incident {incident.name}: {incident.reason}"
        yield Text(printable(f"{text}, from {exact(incident.since, zone)}, {ends}"), style="yellow")
    yield Text("")


def _days(span: Interval, zone: ZoneInfo) -> Iterator[datetime]:
    """The local midnights of the dates that the span touches, as wall-clock times."""
    first = datetime.fromtimestamp(span.start, zone)
    day = datetime(first.year, first.month, first.day, tzinfo=zone)
    while day.timestamp() < span.end:
        yield day
        day += timedelta(days=1)


def _day(day: datetime, segments: tuple[Segment, ...], zone: ZoneInfo) -> "tuple[str, Text, str]":
    from rich.text import Text  # noqa: PLC0415 - rich is slow to import

    start, end = day.timestamp(), (day + timedelta(days=1)).timestamp()
    today = [segment for segment in segments if segment.start < end and start < segment.end]
    strip = Text()
    for states in _by_local_half_hour(start, end, today, zone):
        cell = _cell(states)
        strip.append(cell, style="green" if cell == _OPEN else "yellow" if cell == _PARTLY else "dim")
    return f"{day:%a %Y-%m-%d}", strip, printable(day_words(today, zone, Interval(start, end)))


def _by_local_half_hour(start: Instant, end: Instant, segments: list[Segment], zone: ZoneInfo) -> list[set[State]]:
    """The states under each half hour of the local clock: none where the clock skips it, both readings where it is
    repeated. So a strip stays under its ruler on the days on which clocks change.
    """
    found: list[set[State]] = [set() for _ in range(_DAY // _HALF_HOUR)]
    instant = start
    while instant < end:
        local = datetime.fromtimestamp(instant, zone)
        following = min(instant + _QUARTER, end)
        cell = found[(local.hour * 3600 + local.minute * 60) // _HALF_HOUR]
        cell.update(each.state for each in segments if each.start < following and instant < each.end)
        instant = following
    return found


def _cell(states: set[State]) -> str:
    if not states:
        return _OUTSIDE
    if len(states) > 1:
        return _PARTLY
    return _OPEN if states == {State.OPEN} else _CLOSED
