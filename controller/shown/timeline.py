"""A campaign's coming days as SVG: a strip a day on a shared ruler of 24 hours, the provider's schedules beneath it.

The strips are as wide as their place on the page, the letters keep their size: so it is read on a phone too. Colours
are the stylesheet's, by the classes `tl-…`. `week_lines` say the same in words.
"""

from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2s
from xml.etree.ElementTree import Element, SubElement, tostring

from controller.core.decision import Reason
from controller.core.forecast import Segment, State
from controller.core.interval import Interval, Intervals, clipped
from controller.shown.day_words import NAMED, clock_range, segment_words
from controller.shown.local_day import LocalDay, Place
from controller.shown.printable import printable
from controller.shown.week import (
    Week,
    day_name,
    incident_title,
    named_reason,
    partial_of,
    said,
    segments_of,
    week_lines,
)

_AXIS, _DAY = 22, 52
"""Heights, as all numbers here in pixels: of the ruler, and of a day with its words, strip, line and gap."""
_WORDS, _STRIP, _LINE = 13, 20, 39
"""Within a day: the baseline of its words, and the tops of strip and provider line."""
_STRIP_HEIGHT, _LINE_HEIGHT, _PARTIAL_HEIGHT = 16, 4, 5
_RULER = range(0, 25, 3)


def timeline(week: Week) -> str:
    """One `<svg>` element: well-formed XML that HTML takes as it is, whatever stands in names and reasons."""
    key = f"tl-{blake2s(week.campaign.encode(errors='surrogatepass'), digest_size=6).hexdigest()}"
    height = _AXIS + _DAY * len(week.days)
    root = Element(
        "svg",
        {"xmlns": "http://www.w3.org/2000/svg", "class": "tl", "width": "100%", "height": str(height), "role": "img"},
    )
    root.set("aria-labelledby", f"{key}-title {key}-desc")
    title = f"{week.campaign}: {len(week.days)} days from {day_name(week.days[0])}, {week.zone.key} time"
    _text(root, "title", title, id=f"{key}-title")
    _text(root, "desc", " \n".join(week_lines(week)), id=f"{key}-desc")
    _hatching(root, f"{key}-hatch")
    _ruler(root)
    for number, day in enumerate(week.days):
        _day(root, week, day, _AXIS + number * _DAY, f"url(#{key}-hatch)")
    return tostring(root, encoding="unicode")


def _hatching(root: Element, key: str) -> None:
    """So that what is closed by name is told from what is open without its colour."""
    pattern = SubElement(
        SubElement(root, "defs"),
        "pattern",
        {"id": key, "width": "6", "height": "6", "patternUnits": "userSpaceOnUse", "patternTransform": "rotate(45)"},
    )
    SubElement(pattern, "rect", {"class": "tl-hatch", "width": "2", "height": "6"})


def _ruler(root: Element) -> None:
    for hour in _RULER:
        anchor = "start" if hour == _RULER[0] else "end" if hour == _RULER[-1] else "middle"
        place = {"class": "tl-hour", "x": _percent(hour / 24), "y": "11", "text-anchor": anchor}
        _text(root, "text", f"{hour:02}", **place)


def _ticks(group: Element, top: int) -> None:
    for hour in _RULER:
        x, y = _percent(hour / 24), {"y1": str(top - 3), "y2": str(top + _LINE - _STRIP + _LINE_HEIGHT)}
        SubElement(group, "line", {"class": "tl-grid", "x1": x, "x2": x, **y})


def _day(root: Element, week: Week, day: LocalDay, y: int, hatching: str) -> None:
    today = day.start <= week.now < day.end
    group = SubElement(root, "g", {"class": "tl-day tl-today" if today else "tl-day"})
    _words(group, week, day, y + _WORDS, today=today)
    top, segments = y + _STRIP, segments_of(week, day)
    _ticks(group, top)
    for segment in segments:
        _segment(group, week, day, segment, top, hatching)
    for place in day.skipped():
        box = _box(group, "tl-skipped", place, top, _STRIP_HEIGHT)
        _text(box, "title", "the local clock skips this time")
    for incident in partial_of(week, day):
        span = Interval(max(incident.since, day.start), min(incident.until, day.end))
        for place in day.places(span):
            box = _box(group, "tl-partial", place, top, _PARTIAL_HEIGHT)
            _text(box, "title", f"{clock_range(span, week.zone)} {incident_title(incident)}: some of the jobs")
    if today:
        for place in day.places(Interval(day.start, week.now)):
            _box(group, "tl-past", place, top, _STRIP_HEIGHT)
    for segment in segments:
        if segment.reason in NAMED:
            _label(group, day, segment, top)
    _provider_line(group, week, day, y + _LINE)
    if today:
        _now(group, week, day, top)


def _words(group: Element, week: Week, day: LocalDay, y: int, *, today: bool) -> None:
    line = _text(group, "text", "", **{"class": "tl-words", "x": "0", "y": str(y)})
    _text(line, "tspan", day_name(day), **{"class": "tl-date"})
    if today:
        now = f"now {datetime.fromtimestamp(week.now, week.zone):%H:%M}"
        _text(line, "tspan", now, **{"class": "tl-now-text", "dx": "8"})
    _text(line, "tspan", said(week, day), **{"class": "tl-said", "dx": "8"})


def _segment(group: Element, week: Week, day: LocalDay, segment: Segment, top: int, hatching: str) -> None:
    span = Interval(max(segment.start, day.start), min(segment.end, day.end))
    words = "open" if segment.state is State.OPEN else segment_words(segment)
    for place in day.places(span):
        box = _box(group, f"tl-{_kind(segment)}", place, top, _STRIP_HEIGHT)
        _text(box, "title", f"{clock_range(span, week.zone)} {words}")
        if segment.reason in NAMED and segment.reason is not Reason.INCIDENT:
            _box(group, "tl-hatched", place, top, _STRIP_HEIGHT).set("fill", hatching)


def _kind(segment: Segment) -> str:
    if segment.state is State.OPEN:
        return "open"
    return segment.reason.value.replace("_", "-") if segment.reason in NAMED else "closed"


def _label(group: Element, day: LocalDay, segment: Segment, top: int) -> None:
    """Written on its widest place, cut off where that ends: the day's words and the tooltip have all of it."""
    places = list(day.places(Interval(segment.start, segment.end)))
    place = max(places, key=lambda each: each.width * each.height)
    if place.height < 1:
        return
    inner = SubElement(
        group,
        "svg",
        {
            "x": _percent(place.left),
            "y": str(top),
            "width": _percent(place.width),
            "height": str(_STRIP_HEIGHT),
            "class": "tl-label",
        },
    )
    _text(inner, "text", named_reason(segment), **{"class": f"tl-on-{_kind(segment)}", "x": "5", "y": "12"})


def _provider_line(group: Element, week: Week, day: LocalDay, top: int) -> None:
    """What both allow, then how they differ, so that a difference is never covered."""
    given = week.provided
    for kind, intervals, words in (
        ("agreed", given.agreed, "the provider allows it too"),
        ("narrower", given.narrower, "the provider does not allow it, the weekly hours do"),
        ("wider", given.wider, "the provider allows it, the weekly hours do not"),
    ):
        for span in _within(intervals, day):
            for place in day.places(span):
                box = _box(group, f"tl-{kind}", place, top, _LINE_HEIGHT)
                _text(box, "title", f"{clock_range(span, week.zone)} {words}")


def _now(group: Element, week: Week, day: LocalDay, top: int) -> None:
    (place,) = day.places(Interval(week.now, week.now + 1))
    x, first = _percent(place.left), top + place.top * _STRIP_HEIGHT
    bottom = str(top + _LINE - _STRIP + _LINE_HEIGHT + 2)
    SubElement(group, "line", {"class": "tl-now", "x1": x, "x2": x, "y1": f"{first - 3:g}", "y2": bottom})
    SubElement(group, "circle", {"class": "tl-now", "cx": x, "cy": f"{first - 3:g}", "r": "3"})


def _within(intervals: Intervals, day: LocalDay) -> Iterable[Interval]:
    return clipped(intervals, Interval(day.start, day.end))


def _box(group: Element, name: str, place: Place, top: int, height: int) -> Element:
    return SubElement(
        group,
        "rect",
        {
            "class": name,
            "x": _percent(place.left),
            "y": f"{top + place.top * height:g}",
            "width": _percent(place.width),
            "height": f"{place.height * height:g}",
        },
    )


def _text(parent: Element, tag: str, text: str, **attributes: str) -> Element:
    element = SubElement(parent, tag, attributes)
    element.text = printable(text)
    return element


def _percent(fraction: float) -> str:
    return f"{fraction * 100:.4f}".rstrip("0").rstrip(".") + "%"
